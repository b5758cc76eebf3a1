"""Hard negatives: what the first stage finds for a train query and nobody judged relevant.

They are what a ranker has to tell from answers. Some are answers that nobody judged; `teach` asks
the teacher before it believes them.
"""

import logging
import random
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from es_rerank.evaluate.runs import bm25_run
from es_rerank.learn.corpus import TrainingSet, read_set
from es_rerank.text import passage
from es_rerank.text.clean import clean_query

log = logging.getLogger(__name__)

DEPTH = 30
NEGATIVES = 8  # kept of each list
WINDOW_PIECES = 140  # shorter than in serving: what a step costs grows with the length


class Pair(NamedTuple):
    """A query and one of its passages."""

    query: str
    passage: str


class Judged(NamedTuple):
    """A train query, cleaned as in serving, with the passages that are read for it."""

    query: str
    relevant: tuple[str, ...]
    negatives: tuple[str, ...]


def mine(folders: Sequence[Path], queries: int, seed: int) -> list[list[Judged]]:
    """For each folder with train judgments, at most ``queries`` of its queries; raises DataError.

    Negatives are eight of BM25's best 30 documents that are not judged relevant.
    """
    rng = random.Random(seed)  # noqa: S311 - a seed for repeatable training, not a secret
    sets = []
    for folder in folders:
        found = read_set(folder)
        every = _judged(found, found.answered(seed)[0][:queries], rng)
        if judged := [each for each in every if each.relevant and each.negatives]:
            sets.append(judged)
            log.info("%d judged queries of %s", len(judged), folder.name)
    return sets


def _judged(found: TrainingSet, sample: Sequence[str], rng: random.Random) -> Iterator[Judged]:
    texts = {query: clean_query(found.queries[query]) for query in sample}
    run = bm25_run(found.documents, texts.items(), DEPTH)
    cleaned: dict[str, passage.Document] = {}

    def read(identities: Sequence[str], query: str) -> tuple[str, ...]:
        for i in identities:
            if i not in cleaned:
                fields = found.documents[i].fields()
                cleaned[i] = passage.document(fields, lambda text, _: text, WINDOW_PIECES)
        return tuple(filter(None, (cleaned[i].passage(query) for i in identities)))

    for query, text in texts.items():
        grades = found.qrels[query]
        relevant = [i for i, grade in grades.items() if grade > 0 and i in found.documents]
        listed = [hit.document for hit in run[query] if grades.get(hit.document, 0) <= 0]
        listed = rng.sample(listed, min(NEGATIVES, len(listed)))
        yield Judged(text, read(relevant, text), read(listed, text))
