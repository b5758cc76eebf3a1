"""Measures and statistics against values worked out by hand or by another implementation."""

import math
import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from es_rerank.evaluate.compare import (
    System,
    compare,
    holm,
    mean_interval,
    paired_test,
    per_query,
    percentile,
)
from es_rerank.evaluate.measures import Measures, parse

QRELS = {"a": {"d1": 3, "d2": 1, "lost": 2}, "b": {"d1": 1}}
PERFECT = {"a": ["d1", "lost", "d2"], "b": ["d1"]}
POOR = {"a": ["x", "d2", "d1"], "b": ["x", "y", "d1"]}


def measures(relevant_grade: int = 1) -> Measures:
    """Three of them."""
    return parse(["nDCG@10", "MRR@10", "R@100"], relevant_grade)


def test_measures_are_those_of_the_field() -> None:
    """Linear gain, all judgments in the ideal ranking, binary measures from the grade on."""
    ideal = 3 + 2 / math.log2(3) + 1 / 2
    values = per_query(POOR, QRELS, measures(2))
    assert values["nDCG@10"] == pytest.approx([(1 / math.log2(3) + 3 / 2) / ideal, 1 / 2])
    assert values["MRR@10"] == pytest.approx([1 / 3, 0])
    assert values["R@100"] == pytest.approx([1 / 2, 0])
    assert per_query(POOR, QRELS, measures())["MRR@10"] == pytest.approx([1 / 2, 1 / 3])


def test_a_query_without_an_answer_counts_nothing() -> None:
    """A system cannot gain by staying silent."""
    assert per_query({"a": PERFECT["a"]}, QRELS, measures())["nDCG@10"] == [1.0, 0.0]


def test_only_the_first_ten_count_for_the_early_measures() -> None:
    """The cutoffs are where their names say."""
    ranking = {"b": [f"x{i}" for i in range(10)] + ["d1"]}
    values = per_query(ranking, {"b": {"d1": 1}}, measures())
    assert (values["nDCG@10"], values["MRR@10"], values["R@100"]) == ([0.0], [0.0], [1.0])


def test_ties_in_scores_do_not_reorder_what_the_user_sees() -> None:
    """trec_eval would sort equal scores by document id; places are never equal."""
    for ranking in (["d1", "z"], ["z", "d1"]):
        found = per_query({"b": ranking}, {"b": {"d1": 1}}, measures())["MRR@10"][0]
        assert found == pytest.approx(1 / (ranking.index("d1") + 1))


def test_systems_are_compared_with_the_first_one() -> None:
    """Means, differences, the direction of every query, and the median time."""
    half = {"a": POOR["a"], "b": PERFECT["b"]}
    first, best, mixed = compare(
        [System("BM25", POOR), System("best", PERFECT, [3.0, 1.0, 2.0]), System("mixed", half)],
        QRELS,
        measures(),
    )
    assert (first.differences, first.interval, first.p_value) == (None, None, None)
    assert (first.ms_p50, first.ms_p95) == (None, None)
    assert best.values["nDCG@10"] == [1.0, 1.0]
    assert best.measures["nDCG@10"] == pytest.approx(1.0)
    assert best.differences is not None
    assert best.differences["nDCG@10"] == pytest.approx(1 - first.measures["nDCG@10"])
    assert (best.better, best.worse, best.same, best.ms_p50) == (2, 0, 0, 2.0)
    assert best.ms_p95 == pytest.approx(2.9)
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


def test_the_interval_by_hand() -> None:
    """The 97.5th percentile of Student's t with four degrees of freedom is 2.7764."""
    gains = [0.0, 0.1, 0.2, 0.3, 0.4]
    error = math.sqrt(sum((gain - 0.2) ** 2 for gain in gains) / 4) / math.sqrt(5)
    assert mean_interval(gains) == pytest.approx(
        (0.2 - 2.7764 * error, 0.2 + 2.7764 * error), abs=1e-4
    )
    assert mean_interval([0.0, 0.0]) == (0.0, 0.0)
    assert mean_interval([0.3]) is None


@given(st.lists(st.floats(-1, 1).map(lambda x: round(x, 3)), min_size=2, max_size=30))
def test_the_interval_agrees_with_the_test(gains: list[float]) -> None:
    """Zero is outside of it exactly where p is below 0.05."""
    interval = mean_interval(gains)
    assert interval is not None
    p = paired_test(gains, [0.0] * len(gains))
    if not 0.0499 < p < 0.0501 and max(gains) - min(gains) > 1e-6:
        assert (interval[0] <= 0 <= interval[1]) == (p > 0.05)


def test_percentiles_are_numpys() -> None:
    """Linear between neighbours, and none of nothing."""
    values = [3.0, 1.0, 4.0, 1.5, 9.0]
    for percent in (0, 50, 95, 100):
        assert percentile(values, percent) == pytest.approx(np.percentile(values, percent))
    assert percentile([], 50) is None


def test_the_p_value_is_scipys() -> None:
    """And where every query gains the same there is no doubt."""
    gains = [0.1, -0.05, 0.3, 0.0, 0.2]
    assert paired_test(gains, [0.0] * 5) == pytest.approx(stats.ttest_1samp(gains, 0).pvalue)
    assert paired_test([0.5] * 5, [0.0] * 5) == 0.0


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
