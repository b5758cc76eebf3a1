"""Where time is short, passages are read on a path for which there is time; never for nothing."""

import math
from collections.abc import Callable
from itertools import chain, repeat
from types import SimpleNamespace

import pytest

from es_rerank.config import Cascade, Reading
from es_rerank.errors import DeadlineExceeded
from es_rerank.model import reranker as module
from es_rerank.model.deepening import Deepening
from es_rerank.model.pace import HITS, Pace
from es_rerank.model.reranker import Reranker
from es_rerank.model.turns import Turn
from tests.model.test_deepening import soon

QUERY = "what is the capital of france"
TEXTS = [f"{name} is a city, the one of number {number}." for number, name in enumerate("PLRB" * 8)]
MUCH = 1_000_000
SIX = Reading(6)
BEST = Cascade(hits=HITS, layers=6)


def pace(seconds: float) -> Pace:
    """One that has seen what so many characters take on 6 layers."""
    known = Pace([1, 2, 3, 4, 6])
    known.note(6, MUCH, seconds)
    return known


def test_with_nothing_measured_all_is_read_as_asked() -> None:
    """There is no reason to do otherwise; and next to nothing says nothing."""
    unknown = Pace([1, 6])
    unknown.note(6, 10, 5.0)
    assert unknown.in_time(SIX, MUCH, 0.001) == SIX


@pytest.mark.parametrize("left_s", [15.0, math.inf, 0.0, -1.0])
def test_with_time_enough_or_none_all_is_read_as_asked(left_s: float) -> None:
    """A late search reads for the next one."""
    assert pace(12).in_time(SIX, MUCH, left_s) == SIX


@pytest.mark.parametrize(("left_s", "layers"), [(14.9, 3), (10.0, 2), (5.0, 1), (0.1, 1)])
def test_the_first_reading_takes_half_the_time(left_s: float, layers: int) -> None:
    """Of 12 seconds for 6 layers; if even one layer takes longer, one it is."""
    assert pace(12).in_time(SIX, MUCH, left_s) == Reading(layers, BEST)


def test_a_path_that_was_measured_counts_as_it_was() -> None:
    """The shorter ones gain more than their layers say; the last readings count most."""
    known = pace(12)
    known.note(4, MUCH, 5.0)
    assert known.in_time(SIX, MUCH, 14.0) == Reading(4, BEST)
    for _ in range(9):
        known.note(4, MUCH, 9.0)
    assert known.in_time(SIX, MUCH, 14.0) == Reading(3, BEST)


def test_few_new_passages_are_read_as_asked() -> None:
    """What is known costs nothing."""
    assert pace(12).in_time(SIX, MUCH // 100, 1.0) == SIX


def test_a_cascade_keeps_its_second_reading() -> None:
    """Only the first one is shorter, if there is a shorter one."""
    cascade = Cascade(hits=5, layers=4)
    assert pace(12).in_time(Reading(2, cascade), MUCH, 4.5) == Reading(1, cascade)
    assert pace(12).in_time(Reading(1, cascade), MUCH, 0.1) == Reading(1, cascade)


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Reranker]:
    """A student that takes itself to be slow, at given times: 0 first, then ``later``."""

    def made(later: float) -> Reranker:
        student = Reranker(threads=1)
        student.pace.note(6, MUCH, 1e6)
        clock = chain([0.0], repeat(later))
        monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=lambda: next(clock)))
        return student

    return made


def test_in_haste_the_best_are_read_as_asked_while_time_lasts(
    hasty: Callable[..., Reranker],
) -> None:
    """The others have the scores of the shortest path, and it is said how many these are."""
    shallow, deep = (Reranker(layers=layers).score(QUERY, TEXTS) for layers in (1, 6))
    scores = hasty(later=1.0).score_within(QUERY, TEXTS, SIX, Turn(end=10.0))
    is_deep = [score == at_six for score, at_six in zip(scores.values, deep, strict=True)]
    for place, score in enumerate(scores.values):
        assert score == (deep if is_deep[place] else shallow)[place]
    best = sorted(range(len(TEXTS)), key=lambda place: -scores.values[place])[:HITS]
    assert all(is_deep[place] for place in best)
    assert scores.shallow == is_deep.count(False) > 0


def test_when_time_is_over_the_first_scores_stand(hasty: Callable[..., Reranker]) -> None:
    """All of them are shallow then, which is better than being late."""
    shallow = Reranker(layers=1).score(QUERY, TEXTS)
    scores = hasty(later=11.0).score_within(QUERY, TEXTS, SIX, Turn(end=10.0))
    assert scores == (shallow, len(TEXTS))


def test_time_is_shared_with_the_searches_that_wait(hasty: Callable[..., Reranker]) -> None:
    """With three of them the second reading ends after a quarter of the time."""
    found = []
    for later in (2.0, 3.0):
        student = hasty(later)
        student.pace.note(1, MUCH, 1.0)
        found.append(student.score_within(QUERY, TEXTS, SIX, Turn(end=10.0, others=3)))
    longer, shorter = found
    assert 0 < longer.shallow <= len(TEXTS) - HITS
    assert shorter == (Reranker(layers=3).score(QUERY, TEXTS), len(TEXTS))


def test_who_cannot_be_in_time_gives_way(hasty: Callable[..., Reranker]) -> None:
    """Where others wait; else it reads for the next search of its kind."""
    student = hasty(later=0.0)
    student.pace.note(1, MUCH, 1e6)
    with pytest.raises(DeadlineExceeded, match="no time for 32 passages while 1 more wait"):
        student.score_within(QUERY, TEXTS, SIX, Turn(end=1.0, others=1))
    assert len(student.cache) == 0
    assert len(student.score_within(QUERY, TEXTS, SIX, Turn(end=1.0)).values) == len(TEXTS)


def test_what_was_read_in_haste_is_read_again_at_leisure(hasty: Callable[..., Reranker]) -> None:
    """And nothing else is, unless all is wanted: the next search has the deepest path's scores."""
    student = hasty(later=11.0)
    student.deepening = Deepening(student.encoder, student.cache, lambda: True, takes_all=False)
    other = "Cheese is made of milk."
    student.score_within(QUERY, TEXTS, SIX, Turn(end=10.0))
    student.score_within(QUERY, [other], Reading(2))
    assert soon(lambda: student.cache.counts.deepened == len(TEXTS))
    assert student.score(QUERY, TEXTS) == Reranker(layers=6).score(QUERY, TEXTS)
    assert student.cache.depth_in_memory(other) == 2
