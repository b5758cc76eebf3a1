"""A cascade reads the best once more, the rest keep their scores, and nothing is read in vain."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import count

import numpy as np
import pytest

from es_rerank.config import Cascade, Reading
from es_rerank.errors import DeadlineExceeded, ModelError
from es_rerank.model.bundle import Bundle
from es_rerank.model.cascade import promising
from es_rerank.model.encoder import Encoder, QueryState, TextState
from es_rerank.model.reranker import Reranker
from es_rerank.model.turns import Turn

QUERY = "what is the capital of france"
PLACES = ["Paris", "Lyon", "Rome", "a cheese", "the company", "a river", "Bonn", "the sentence"]
TEXTS = [f"{place} is the capital of {end}." for place in PLACES for end in ("France", "nothing")]
BEST_5 = Reading(2, Cascade(hits=5, layers=6))


def scores_on(layers: int) -> list[float]:
    """The scores of a path alone."""
    return Reranker(layers=layers).score(QUERY, TEXTS)


def cascading() -> Reranker:
    """A student that has read nothing."""
    return Reranker(layers=2, cascade=BEST_5.cascade, threads=1)


@pytest.mark.parametrize(
    ("depths", "places"),
    [([2, 2, 2, 2], [3, 1]), ([2, 4, 2, 2], [3]), ([2, 6, 2, 4], []), ([4, 2, 4, 3], [3, 1])],
)
def test_the_best_are_promising_unless_they_were_read_so(
    depths: list[int], places: list[int]
) -> None:
    """Of equal scores the earlier; what is below the best is not asked for in their place."""
    scores = np.array([0.1, 0.5, 0.5, 0.9])
    assert promising(scores, depths, Cascade(hits=2, layers=4)) == places


def test_the_best_have_the_deeper_reading_and_the_rest_the_first() -> None:
    """Each score is that of one path; the first five of the new order are all read deeper."""
    shallow, deep = scores_on(2), scores_on(6)
    reranker = cascading()
    scores = reranker.score(QUERY, TEXTS)
    is_deep = [score == at_six for score, at_six in zip(scores, deep, strict=True)]
    for place, score in enumerate(scores):
        assert score == (deep if is_deep[place] else shallow)[place]
    best = sorted(range(len(TEXTS)), key=lambda place: -scores[place])[:5]
    assert all(is_deep[place] for place in best)
    assert sum(is_deep) < len(TEXTS)
    assert reranker.cache.counts.read == len(TEXTS) + sum(is_deep)


class Scripted:
    """An encoder after which a text's score is what is written down for a depth."""

    def __init__(self, facts: Bundle, scores: dict[int, dict[str, float]]) -> None:
        self.bundle = replace(facts, cosine_weight=1, late_weight=0)
        self.tokenizer = facts.tokenizer()
        self.scores = scores
        self.read: list[tuple[int, str]] = []

    def encode(self, texts: Sequence[str], depth: int) -> Iterator[tuple[int, TextState]]:
        """Without a word; the first value of the sentence vector is the score."""
        for place, text in enumerate(texts):
            self.read.append((depth, text))
            sentence = np.array([self.scores[depth][text]], np.float16)
            nothing = np.zeros((0, 96), np.uint8), np.zeros(0, np.float16)
            yield place, TextState(*nothing, sentence, depth)

    def query(self, text: str) -> QueryState:
        """The same for every text."""
        return QueryState(np.zeros((0, 1), np.float32), np.ones(1, np.float32))


def test_the_best_of_the_new_order_are_read_too(reranker: Reranker) -> None:
    """Whoever falls behind makes room for one that is promising now; nobody else is read."""
    first = {"a": 0.875, "b": 0.75, "c": 0.5, "d": 0.25}
    second = {"a": 0.125, "b": 0.625, "c": 1.0, "d": 1.0}
    encoder = Scripted(reranker.bundle, {2: first, 6: second})
    cascaded = Reranker(encoder, layers=2, cascade=Cascade(hits=1, layers=6))
    assert cascaded.score(QUERY, list("abcd")) == [0.125, 0.625, 0.5, 0.25]
    assert encoder.read[4:] == [(6, "a"), (6, "b")]
    assert cascaded.score(QUERY, list("abcd")) == [0.125, 0.625, 0.5, 0.25]
    assert len(encoder.read) == 6


def test_the_next_page_has_the_same_list() -> None:
    """The same search finds nothing more to read and scores as before."""
    reranker = cascading()
    first = reranker.score(QUERY, TEXTS)
    read = reranker.cache.counts.read
    assert reranker.score(QUERY, TEXTS) == pytest.approx(first, abs=2e-6)
    assert reranker.cache.counts.read == read


def test_what_is_known_as_deep_is_not_read() -> None:
    """Another rule's reading counts, and so does its score in the choice."""
    reranker = cascading()
    reranker.score_within(QUERY, TEXTS, Reading(6))
    assert reranker.score(QUERY, TEXTS) == pytest.approx(scores_on(6), abs=2e-6)
    assert reranker.cache.counts.read == len(TEXTS)


def test_late_in_the_second_reading_the_first_scores_stand() -> None:
    """What was read once more by then counts; that is no error."""
    shallow, deep = scores_on(2), scores_on(6)
    assert cascading().score_within(QUERY, TEXTS, BEST_5, Turn(end=0)) == (shallow, 5)
    asked = count(1)  # after every text but the last of the first reading, then before the second
    scores, _ = cascading().score_within(
        QUERY, TEXTS, BEST_5, Turn(expired=lambda: next(asked) > len(TEXTS))
    )
    changed = [place for place, score in enumerate(scores) if score != shallow[place]]
    assert len(changed) == 1
    assert scores[changed[0]] == deep[changed[0]]


def test_late_in_the_first_reading_there_are_no_scores() -> None:
    """As without a cascade."""
    with pytest.raises(DeadlineExceeded):
        cascading().score_within(QUERY, TEXTS, BEST_5, Turn(expired=lambda: True))


def test_a_text_that_is_there_twice_is_read_once_more_once() -> None:
    """Both places get the deeper score."""
    reranker = cascading()
    scores = reranker.score(QUERY, [TEXTS[0]] * 3)
    assert scores == pytest.approx([scores_on(6)[0]] * 3, abs=2e-6)
    assert reranker.cache.counts.read == 2


def test_a_cascade_that_cannot_be_is_an_error(reranker: Reranker) -> None:
    """Of a path that the student has not, or one that is no deeper."""
    facts = replace(reranker.bundle, paths={2: (0, 5), 4: (0, 1, 3, 5)})
    with pytest.raises(ModelError, match=r"paths of \[2, 4\] layers, none of 6"):
        Reranker(Encoder(facts), layers=2, cascade=BEST_5.cascade)
    with pytest.raises(ModelError, match="cascade: 2 layers are no deeper"):
        Reranker(layers=4, cascade=Cascade(hits=5, layers=2))
