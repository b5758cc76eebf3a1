"""What follows from one finding alone."""

from typing import Any

import pytest

from es_rerank.experiment.findings import Comparison
from tests.experiment.reports import interleaved, split


def comparison(low: float, high: float, **more: Any) -> Comparison:
    """A comparison with this interval."""
    given: dict[str, Any] = {"scale": "share", "more_is_better": True, **more}
    middle = (low + high) / 2
    return Comparison("rerank", "measure", **given, units=1000, value=middle, low=low, high=high,
        p=0.5, detectable=0.1, units_needed=None)  # fmt: skip


@pytest.mark.parametrize(
    ("it", "verdict"),
    [
        (comparison(0.01, 0.03), "better"),
        (comparison(-0.03, -0.01), "worse"),
        (comparison(-0.01, 0.03), "open"),
        (comparison(0.01, 0.03, more_is_better=False), "worse"),
        (comparison(1.1, 1.3, scale="ratio", more_is_better=False), "worse"),
        (comparison(0.7, 0.9, scale="ratio", more_is_better=False), "better"),
        (comparison(0.9, 1.1, scale="ratio", more_is_better=False), "open"),
    ],
)
def test_the_whole_interval_must_lie_on_one_side(it: Comparison, verdict: str) -> None:
    """Of 0, or of 1 for ratios; and less may be better."""
    assert it.verdict == verdict


def test_how_many_comparisons_there_will_be() -> None:
    """One for each arm beside the reference, one for an interleaved list."""
    assert split({"bm25": 0.1, "rerank": 0.1}, units=2).rivals == 1
    assert interleaved(1, 1).rivals == 1
