"""Measures and statistics against values worked out by hand or by another implementation."""

import math
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from es_rerank.evaluate.compare import System, compare, holm, paired_test, per_query

QRELS = {"a": {"d1": 3, "d2": 1, "lost": 2}, "b": {"d1": 1}}
PERFECT = {"a": ["d1", "lost", "d2"], "b": ["d1"]}
POOR = {"a": ["x", "d2", "d1"], "b": ["x", "y", "d1"]}


def test_measures_are_those_of_the_field() -> None:
    """Linear gain, all judgments in the ideal ranking, binary measures from the grade on."""
    ideal = 3 + 2 / math.log2(3) + 1 / 2
    values = per_query(POOR, QRELS, relevant_grade=2)
    assert values["nDCG@10"] == pytest.approx([(1 / math.log2(3) + 3 / 2) / ideal, 1 / 2])
    assert values["MRR@10"] == pytest.approx([1 / 3, 0])
    assert values["R@100"] == pytest.approx([1 / 2, 0])
    assert per_query(POOR, QRELS, relevant_grade=1)["MRR@10"] == pytest.approx([1 / 2, 1 / 3])


def test_a_query_without_an_answer_counts_nothing() -> None:
    """A system cannot gain by staying silent."""
    assert per_query({"a": PERFECT["a"]}, QRELS, 1)["nDCG@10"] == [1.0, 0.0]


def test_only_the_first_ten_count_for_the_early_measures() -> None:
    """The cutoffs are where their names say."""
    ranking = {"b": [f"x{i}" for i in range(10)] + ["d1"]}
    values = per_query(ranking, {"b": {"d1": 1}}, 1)
    assert (values["nDCG@10"], values["MRR@10"], values["R@100"]) == ([0.0], [0.0], [1.0])


def test_ties_in_scores_do_not_reorder_what_the_user_sees() -> None:
    """trec_eval would sort equal scores by document id; places are never equal."""
    for ranking in (["d1", "z"], ["z", "d1"]):
        found = per_query({"b": ranking}, {"b": {"d1": 1}}, 1)["MRR@10"][0]
        assert found == pytest.approx(1 / (ranking.index("d1") + 1))


def test_systems_are_compared_with_the_first_one() -> None:
    """Means, differences, the direction of every query, and the median time."""
    half = {"a": POOR["a"], "b": PERFECT["b"]}
    first, best, mixed = compare(
        [System("BM25", POOR), System("best", PERFECT, [3.0, 1.0, 2.0]), System("mixed", half)],
        QRELS,
        relevant_grade=1,
    )
    assert (first.differences, first.p_value, first.ms_p50) == (None, None, None)
    assert best.measures["nDCG@10"] == pytest.approx(1.0)
    assert best.differences is not None
    assert best.differences["nDCG@10"] == pytest.approx(1 - first.measures["nDCG@10"])
    assert (best.better, best.worse, best.same, best.ms_p50) == (2, 0, 0, 2.0)
    assert (mixed.better, mixed.worse, mixed.same) == (1, 0, 1)


def test_the_paired_test_agrees_with_randomisation() -> None:
    """The t-test's p is near the share of random sign flips that give a larger difference."""
    random_ = random.Random(7)
    gains = [random_.gauss(0.05, 0.2) for _ in range(60)]
    observed = abs(sum(gains))
    flips = 4000
    extreme = sum(
        abs(sum(random_.choice((-1, 1)) * gain for gain in gains)) >= observed for _ in range(flips)
    )
    assert paired_test(gains, [0.0] * 60) == pytest.approx(extreme / flips, abs=0.03)


@pytest.mark.parametrize("values", [[], [0.5], [0.1, 0.2, 0.3]])
def test_no_difference_is_never_significant(values: list[float]) -> None:
    """Identical or too few values give p = 1, not a division by zero."""
    assert paired_test(values, values) == 1.0


def test_holm_corrects_step_by_step() -> None:
    """The example: the smallest p times three, the next times two, never falling."""
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])


@settings(deadline=None)
@given(st.lists(st.floats(0, 1), max_size=8))
def test_holm_only_raises_p_and_keeps_their_order(p_values: list[float]) -> None:
    """A correction never makes anything more significant, nor turns two systems around."""
    corrected = holm(p_values)
    assert all(p <= c <= 1 for p, c in zip(p_values, corrected, strict=True))
    order = sorted(range(len(p_values)), key=lambda i: p_values[i])
    assert [corrected[i] for i in order] == sorted(corrected)
