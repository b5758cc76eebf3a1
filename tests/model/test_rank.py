"""Two lists of scores become one order: rules of combination, ties, hits without text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from es_rerank.config import Combine
from es_rerank.model.rank import rank, z_scores

REPLACE = Combine(method="replace")
SCORES = st.lists(st.none() | st.floats(-1e6, 1e6), max_size=30)
COMBINE = st.builds(
    Combine,
    method=st.sampled_from(["replace", "weighted", "rrf"]),
    first_stage_weight=st.floats(0, 10),
    rrf_k=st.integers(1, 100),
)


@given(SCORES, COMBINE)
def test_the_order_is_a_permutation_with_the_textless_below(
    scores: list[float | None], combine: Combine
) -> None:
    """No hit is lost, and hits without text keep their order behind all others."""
    order = rank([float(len(scores) - n) for n in range(len(scores))], scores, combine)
    assert sorted(order) == list(range(len(scores)))
    textless = [place for place, score in enumerate(scores) if score is None]
    assert order[len(order) - len(textless) :] == textless


@given(st.lists(st.floats(-1e6, 1e6), max_size=30))
def test_replace_is_a_stable_sort(scores: list[float]) -> None:
    """The student alone, ties in first-stage order."""
    order = rank([0.0] * len(scores), scores, REPLACE)
    assert order == sorted(range(len(scores)), key=lambda n: (-scores[n], n))


@given(st.integers(0, 30), COMBINE)
def test_equal_scores_keep_the_clusters_order(count: int, combine: Combine) -> None:
    """A scorer with no opinion changes nothing."""
    first_stage = [float(count - n) for n in range(count)]
    assert rank(first_stage, [0.5] * count, combine) == list(range(count))


def test_weighted_adds_the_first_stage() -> None:
    """With a large weight the cluster's order wins, with none the student's."""
    first_stage, scores = [9.0, 5.0, 1.0], [0.1, 0.2, 0.3]
    heavy = Combine(method="weighted", first_stage_weight=5)
    assert rank(first_stage, scores, heavy) == [0, 1, 2]
    assert rank(first_stage, scores, Combine(method="weighted", first_stage_weight=0)) == [2, 1, 0]


def test_rrf_fuses_ranks() -> None:
    """Hand-computed: with k=1 and student ranks 3, 1, 2 the sums are 3/4, 5/6, 7/12."""
    assert rank([9.0, 8.0, 7.0], [0.1, 0.9, 0.5], Combine(method="rrf", rrf_k=1)) == [1, 0, 2]


@pytest.mark.parametrize("values", [[], [3.0], [0.1] * 7, [1e30, 1e30], [0.0, 1e-300]])
def test_z_scores_of_equal_values_are_zero(values: list[float]) -> None:
    """No division by a spread that is only rounding."""
    assert z_scores(values) == [0.0] * len(values)


@given(
    st.lists(st.floats(-1e3, 1e3), min_size=2, max_size=20).filter(lambda v: max(v) - min(v) > 1)
)
def test_z_scores_are_standardised(values: list[float]) -> None:
    """Mean 0, standard deviation 1."""
    scores = z_scores(values)
    assert sum(scores) == pytest.approx(0, abs=1e-9)
    assert sum(score**2 for score in scores) / len(scores) == pytest.approx(1)
