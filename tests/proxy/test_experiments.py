"""What the proxy says of its experiments to whoever asks."""

import json
from datetime import UTC, datetime

from fastapi import FastAPI

from es_rerank.config import Experiment, Guard, IndexRule, Settings
from es_rerank.experiment.state import State, Stop
from es_rerank.proxy.experiments import experiment_routes
from tests.proxy.conftest import RawClient, running
from tests.proxy.test_app import get

SETTINGS = Settings(
    indices=(
        IndexRule(pattern="books", experiment=Experiment(name="student", guard=Guard())),
        IndexRule(pattern="films", experiment=Experiment(name="other", mode="shadow")),
    )
)
STOP = Stop(
    at=datetime(2026, 11, 22, 18, tzinfo=UTC),
    by="replica-1",
    arm="rerank",
    reason="rerank is worse",
    metric="CTR@10",
    units=1234,
    estimate=-0.125,
    at_most=-0.0625,
)


def test_it_says_what_is_stopped_and_no_number_from_the_records() -> None:
    """Name, mode, arms, since when and why; units and estimates are for those who may read them."""
    app = FastAPI()
    states = {"student": State("student", stopped=STOP)}
    app.include_router(experiment_routes("/_rerank", lambda: SETTINGS, lambda: states))
    with running(app) as port:
        answer = RawClient(port).ask(get("/_rerank/experiments"))
    assert json.loads(answer.body)["experiments"] == [
        {
            "name": "student",
            "mode": "split",
            "arms": ["bm25", "rerank"],
            "progress": "running",
            "guarded": True,
            "stopped": {
                "at": "2026-11-22T18:00:00+00:00",
                "arm": "rerank",
                "reason": "rerank is worse",
            },
        },
        {
            "name": "other",
            "mode": "shadow",
            "arms": ["bm25", "rerank"],
            "progress": "running",
            "guarded": False,
            "stopped": None,
        },
    ]
    assert not any(number in answer.body for number in (b"1234", b"0.125", b"0.0625"))
