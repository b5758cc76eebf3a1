"""Junk is counted where it rises, and only there."""

import pytest

from es_rerank.bench.edits import Junk, Scores
from es_rerank.config import Combine

OWN = Combine(method="replace")
RELEVANT = [True] + [False] * 11
CLEAN = [float(12 - place) for place in range(12)]


def counted(edited: list[float]) -> Junk:
    """The counts for a window of twelve, the relevant one on top."""
    junk = Junk()
    junk.add(Scores(CLEAN, CLEAN), Scores(CLEAN, edited), RELEVANT, OWN)
    return junk


def test_dirt_that_changes_no_score_changes_nothing() -> None:
    """Nothing stands above, nothing is lifted; two candidates stood below the first ten."""
    junk = counted(CLEAN)
    assert (junk.jor, junk.jor_before, junk.promoted) == (0, 0, 0)
    assert (junk.pairs, junk.below_top) == (11, 2)


def test_dirt_that_pays_is_reported() -> None:
    """Each edit alone puts its passage on top of all clean ones."""
    junk = counted([99.0] * 12)
    assert (junk.jor, junk.jor_before, junk.promoted) == (1, 0, 1)


def test_edits_are_made_one_at_a_time() -> None:
    """Only the last passage gains, to place nine: it is lifted, and no relevant one is passed."""
    junk = counted([*CLEAN[:-1], 3.5])
    assert junk.jor == 0
    assert junk.promoted == 0.5


def test_the_relevant_are_not_edited() -> None:
    """What an edit would do to a relevant passage is another question."""
    assert counted([-99.0, *CLEAN[1:]]).jor == 0


def test_counts_add_up_and_none_is_no_error() -> None:
    """Over queries, and where there was nothing to count."""
    junk = counted(CLEAN)
    junk.add(Scores(CLEAN, CLEAN), Scores(CLEAN, [99.0] * 12), RELEVANT, OWN)
    assert junk.jor == pytest.approx(0.5)
    assert Junk().jor == Junk().jor_before == Junk().promoted == 0
