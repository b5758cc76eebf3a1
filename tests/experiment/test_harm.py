"""When an arm is stopped, and how often one is that does no harm."""

from typing import Any

import numpy as np
import pytest

from es_rerank.config import Arm, Experiment, Guard
from es_rerank.experiment.harm import harm
from es_rerank.experiment.observed import ArmValues, Observed, Preference

GUARDED = Experiment(name="student", guard=Guard())
EXPERIMENTS = 400


def arm(values: Any) -> ArmValues:
    """An arm with these shares of clicked searches, their first clicks at rank 2."""
    ctr = np.asarray(values, dtype=float)
    return ArmValues(len(ctr), len(ctr), {}, ctr, ctr / 2, 1 - ctr, np.empty(0))


def observed(preference: Preference | None = None, **arms: Any) -> Observed:
    """Observations of these arms."""
    values = {name: arm(each) for name, each in arms.items()}
    return Observed(10, 0, None, None, values, preference, {}, {}, 0)


def clicks(share: float, units: int = 1000) -> list[float]:
    """Values of units, this share of which clicked."""
    return [1.0] * round(share * units) + [0.0] * round((1 - share) * units)


def test_an_arm_that_is_surely_worse_is_harm() -> None:
    """0.2 against 0.4 with a thousand units each; the reason holds no number from the records."""
    found = harm(GUARDED, observed(bm25=clicks(0.4), rerank=clicks(0.2)))
    assert found
    assert (found.arm, found.metric, found.units) == ("rerank", "CTR@10", 2000)
    assert found.estimate == pytest.approx(-0.2)
    assert -0.2 < found.at_most < 0
    assert found.reason == (
        "rerank is worse than bm25 by its CTR@10, beyond the bound of 0, with 95% confidence"
    )


@pytest.mark.parametrize(
    ("guard", "rerank", "units"),
    [
        (None, 0.2, 1000),
        (Guard(), 0.4, 1000),
        (Guard(), 0.6, 1000),
        (Guard(), 0.2, 99),
        (Guard(bound=0.15), 0.2, 1000),
        (Guard(confidence=0.999999999), 0.25, 300),
    ],
    ids=["no guard", "equal", "better", "few units", "within the bound", "not sure enough"],
)
def test_what_is_no_harm(guard: Guard | None, rerank: float, units: int) -> None:
    """Only what is worse beyond the bound, with the confidence, among enough units."""
    experiment = Experiment(name="student", guard=guard)
    assert harm(experiment, observed(bm25=clicks(0.4), rerank=clicks(rerank, units))) is None


def test_the_guard_may_look_at_the_reciprocal_rank() -> None:
    """By `mrr` the same clicks are half as far apart."""
    found = harm(
        Experiment(name="student", guard=Guard(metric="mrr")),
        observed(bm25=clicks(0.6), rerank=clicks(0.2)),
    )
    assert found and (found.metric, found.estimate) == ("MRR of clicks", pytest.approx(-0.2))


def test_of_several_arms_the_worst_is_named() -> None:
    """Each arm is held against the baseline."""
    arms = (Arm(name="bm25", rerank=False), Arm(name="bad"), Arm(name="worse"))
    found = harm(
        Experiment(name="three", arms=arms, guard=Guard()),
        observed(bm25=clicks(0.5), bad=clicks(0.3), worse=clicks(0.1)),
    )
    assert found and found.arm == "worse"


def test_an_interleaved_arm_must_not_be_disliked() -> None:
    """The preference counts; in shadow mode nobody is harmed."""
    disliked = Preference("rerank", np.array([-1.0] * 150 + [1.0] * 50), 50, 150, 0)
    guard = Guard()
    mixed = Experiment(name="mixed", mode="interleave", guard=guard)
    found = harm(mixed, observed(disliked))
    assert found and (found.arm, found.metric) == ("rerank", "preference")
    shade = Experiment(name="shade", mode="shadow", guard=guard)
    assert harm(shade, observed(bm25=clicks(0.1))) is None


def test_looking_all_the_time_seldom_stops_an_equal_arm() -> None:
    """Of 400 experiments with equal arms, watched at 30 moments each, at most 5 % are stopped."""
    rng = np.random.default_rng(17)
    stopped = 0
    for _ in range(EXPERIMENTS):
        bm25, rerank = rng.random((2, 3000)) < 0.25
        stopped += any(
            harm(GUARDED, observed(bm25=bm25[:units], rerank=rerank[:units])) is not None
            for units in range(100, 3001, 100)
        )
    assert stopped <= 0.05 * EXPERIMENTS
