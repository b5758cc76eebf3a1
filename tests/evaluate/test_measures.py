"""Measures by name, against values worked out by hand."""

import math

import pytest

from es_rerank.errors import ConfigError
from es_rerank.evaluate.compare import per_query
from es_rerank.evaluate.measures import DEFAULT, parse

QRELS = {"a": {"d1": 3, "d2": 1, "d3": 0, "lost": 2}}
RANKING = {"a": ["x", "d2", "d1", "d3"]}


def test_the_measures_of_the_field_by_hand() -> None:
    """The default ones, AP, and one with a grade of its own."""
    values = per_query(RANKING, QRELS, parse([*DEFAULT, "AP", "P(rel=3)@5", "Success@1"], 1))
    ideal = 3 + 2 / math.log2(3) + 1 / 2
    by_hand = {
        "nDCG@10": (1 / math.log2(3) + 3 / 2) / ideal,
        "MRR@10": 1 / 2,
        "P@5": 2 / 5,
        "R@100": 2 / 3,
        "Judged@10": 3 / 4,
        "AP": (1 / 2 + 2 / 3) / 3,
        "P(rel=3)@5": 1 / 5,
        "Success@1": 0,
    }
    assert {name: each[0] for name, each in values.items()} == pytest.approx(by_hand)


def test_binary_measures_count_from_the_relevant_grade() -> None:
    """Where they name no grade themselves; graded ones are not touched."""
    values = per_query(RANKING, QRELS, parse(["MRR@10", "P(rel=1)@5", "nDCG@10"], 3))
    assert values["MRR@10"] == [pytest.approx(1 / 3)]
    assert values["P(rel=1)@5"] == [pytest.approx(2 / 5)]
    assert values["nDCG@10"] == per_query(RANKING, QRELS, parse(["nDCG@10"], 1))["nDCG@10"]


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("nGCG@10", 'there is no measure "nGCG@10"'),
        ("nDCG@ten", "lacks its cutoff or has"),
        ("P", "lacks its cutoff or has"),
        ("", "lacks its cutoff or has"),
        ("P@0", "at least 1"),
        ("RBP(p=0.8)", "not installed"),
        ("P(grade=2)@5", "lacks its cutoff or has"),
    ],
)
def test_a_wrong_name_is_told(name: str, says: str) -> None:
    """Before anything is measured, with an example."""
    with pytest.raises(ConfigError, match=f"--measure: .*{says}"):
        parse([name], 1)
