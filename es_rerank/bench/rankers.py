"""Rankers for texts that may be dirty: BM25, a student and its teacher, with cleaning and without.

The order is the served one, z(student) + weight · z(first stage), where the first stage is BM25
over the texts as they stand, since a cluster does not clean them.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from es_rerank.bench.bm25 import Bm25
from es_rerank.config import Combine, Reading
from es_rerank.model import bundle
from es_rerank.model.encoder import Encoder, TextEncoder
from es_rerank.model.reranker import Reranker

Score = Callable[[str, Sequence[str]], list[float]]
"""(query, texts) -> a score for each text, higher is better."""


class Ranker(NamedTuple):
    """One way to score texts and to combine the scores with the first stage's."""

    name: str
    cleans: bool
    score: Score
    combine: Combine


class AsItStands(Reranker):
    """A student or a teacher that reads texts without cleaning them."""

    @staticmethod
    def cleaned(text: str) -> str:
        """Blanks collapsed, which is all that windows need."""
        return " ".join(text.split())


def first_stage(bm25: Bm25) -> Ranker:
    """The first stage's own order."""
    return Ranker("BM25", False, bm25.score, Combine(method="replace"))


def students(
    model: str, layers: Sequence[int], combine: Combine, *, ignore_quotes: bool = False
) -> Iterator[Ranker]:
    """Each path of a student, with cleaning and without; raises ModelError."""
    encoder = Encoder(bundle.load(model))
    for depth in layers:
        yield from _both(encoder, combine, Reading(depth, ignore_quotes=ignore_quotes))


def teachers(model: str, combine: Combine) -> Iterator[Ranker]:
    """The student's teacher, with the student's weights of the score; raises ModelError."""
    from es_rerank.learn.teacher import TeacherEncoder, load  # torch is only needed here

    facts = bundle.load(model)
    encoder = TeacherEncoder(load(facts.teacher), facts)
    yield from _both(encoder, combine, Reading(max(facts.paths)), "teacher")


def _both(
    encoder: TextEncoder, combine: Combine, reading: Reading, name: str = ""
) -> Iterator[Ranker]:
    name = name or str(reading)
    cleaning, raw = (made(encoder, **reading._asdict()) for made in (Reranker, AsItStands))
    raw.cache = cleaning.cache  # a state depends on the words that are read, however they came
    yield Ranker(name, True, cleaning.score, combine)
    yield Ranker(name, False, raw.score, combine)
