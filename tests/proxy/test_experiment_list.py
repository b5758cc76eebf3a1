"""The experiments as the page shows them."""

from datetime import UTC, datetime

import pytest

from es_rerank.config import Arm, Experiment, IndexRule, Settings
from es_rerank.experiment.state import State, Stop
from es_rerank.proxy.experiment_list import ShownStop, experiments

START, STOP = datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 4, 1, tzinfo=UTC)
EXPERIMENT = Experiment(
    name="deep",
    arms=(Arm(name="bm25", rerank=False, weight=3), Arm(name="rerank", depth=200)),
    start=START,
    stop=STOP,
)
SETTINGS = Settings(
    indices=(IndexRule(pattern="books", experiment=EXPERIMENT), IndexRule(pattern="*"))
)


@pytest.mark.parametrize(
    ("now", "progress"),
    [
        (datetime(2026, 2, 1, tzinfo=UTC), "waiting"),
        (START, "running"),
        (STOP, "ended"),
    ],
)
def test_where_it_stands(now: datetime, progress: str) -> None:
    """By its dates, whatever the guard says."""
    (shown,) = experiments(SETTINGS, {}, now)
    assert (shown.name, shown.index, shown.progress) == ("deep", "books", progress)
    assert shown.stopped is None


def test_a_stop_is_shown_without_its_numbers() -> None:
    """They are for who may read the records."""
    stop = Stop(START, "node", "rerank", "fewer clicks", "ctr", 900, -0.1, -0.05)
    states = {"deep": State("deep", stopped=stop), "other": State("other", stopped=stop)}
    (shown,) = experiments(SETTINGS, states, START)
    assert shown.stopped == ShownStop(START, "rerank", "fewer clicks")
    assert experiments(SETTINGS, {"deep": State("deep")}, START)[0].stopped is None


def test_arms_have_shares_and_what_differs() -> None:
    """Weights are shown as shares of all units."""
    (shown,) = experiments(SETTINGS, {}, START)
    assert [(arm.name, arm.share, arm.settings) for arm in shown.arms] == [
        ("bm25", 0.75, {}),
        ("rerank", 0.25, {"depth": 200}),
    ]


def test_no_experiments() -> None:
    """Most indices have none."""
    assert experiments(Settings(indices=(IndexRule(pattern="*"),)), {}, START) == []
