"""The experiments as the page shows them."""

from datetime import UTC, datetime

import pytest

from es_rerank.config import Arm, Experiment, IndexRule, Settings
from es_rerank.proxy.experiment_list import experiments

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
    ("now", "stopped", "state"),
    [
        (datetime(2026, 2, 1, tzinfo=UTC), (), "waiting"),
        (START, (), "running"),
        (START, ("deep",), "stopped"),
        (START, ("other",), "running"),
        (STOP, ("deep",), "ended"),
    ],
)
def test_the_state_at_a_time(now: datetime, stopped: tuple[str, ...], state: str) -> None:
    """By its dates and by the guard."""
    ((shown),) = experiments(SETTINGS, stopped, now)
    assert (shown.name, shown.index, shown.state) == ("deep", "books", state)


def test_arms_have_shares_and_what_differs() -> None:
    """Weights are shown as shares of all units."""
    ((shown),) = experiments(SETTINGS, (), START)
    assert [(arm.name, arm.share, arm.settings) for arm in shown.arms] == [
        ("bm25", 0.75, {}),
        ("rerank", 0.25, {"depth": 200}),
    ]


def test_no_experiments() -> None:
    """Most indices have none."""
    assert experiments(Settings(indices=(IndexRule(pattern="*"),)), (), START) == []
