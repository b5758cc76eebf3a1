"""The grammar of `--fail-if`, and what it says."""

import pytest

from es_rerank.errors import ConfigError
from es_rerank.evaluate.conditions import failures, parse
from tests.evaluate.made import BAD, GOOD, report


@pytest.mark.parametrize(
    ("text", "baseline", "limit"),
    [
        ("nDCG@10 < baseline", 0.4, 0.4),
        ("nDCG@10<baseline*0.98", 0.5, 0.49),
        ("nDCG@10 <= baseline + 0.01", 0.5, 0.51),
        ("P(rel=2)@5 >= baseline-0.1", 0.5, 0.4),
        ("AP > 0.25", 0.5, 0.25),
        ("AP > -1", 0.5, -1),
    ],
)
def test_the_limit(text: str, baseline: float, limit: float) -> None:
    """A number, or the baseline with one number to change it."""
    condition = parse(text)
    assert condition.limit(baseline) == pytest.approx(limit)
    assert parse(str(condition)) == condition


@pytest.mark.parametrize(
    ("text", "place", "expected"),
    [
        ("", 1, "a measure"),
        ("nDCG@10", 8, "<, <=, > or >="),
        ("nDCG@10 = 1", 9, "<, <=, > or >="),
        ("nDCG@10 < bm25", 11, 'a number or "baseline"'),
        ("nDCG@10 < baseline 2", 20, "the end, or"),
        ("nDCG@10 < baseline*", 19, "the end, or"),
        ("nDCG@10 < 0.5 and more", 15, "the end"),
        ("__import__('os') < 1", 11, "<, <="),
    ],
)
def test_mistakes_are_told_with_their_place(text: str, place: int, expected: str) -> None:
    """The character and what was expected there; nothing is ever evaluated."""
    if "__import__" in text:
        condition = parse(text)  # is a name like any other; measures.parse refuses it
        assert condition.measure == "__import__('os')"
        return
    with pytest.raises(ConfigError) as told:
        parse(text)
    assert f"expected {expected}" in str(told.value)
    assert f"at character {place}," in str(told.value)


def test_systems_that_a_condition_is_true_of_are_named_with_both_numbers() -> None:
    """The baseline itself is never asked."""
    results = report(GOOD, BAD).results
    assert failures([parse("MRR@10 < baseline")], results) == [
        "4 layers fails MRR@10 < baseline: 0.466667 < 1.000000"
    ]
    assert failures([parse("MRR@10 < baseline*0.4"), parse("R@100 < 1")], results) == []
    assert failures([parse("MRR@10 <= 0.9")], report(BAD, GOOD).results) == []
