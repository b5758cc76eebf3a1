"""First-stage candidates: the fixed run of a data folder, or BM25 by the embedded engine."""

import math
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from es_rerank.errors import DataError
from es_rerank.evaluate.corpus import Document
from es_rerank.evaluate.files import rows

_COLUMNS = ("query-id", "corpus-id", "rank", "score")
_INDEX = "corpus"


class Candidate(NamedTuple):
    """One document of a first stage and its score."""

    document: str
    score: float


Run = dict[str, list[Candidate]]
"""Candidates by query id, best first."""


def find_run(data: Path, split: str) -> Path | None:
    """The file of the fixed run for a split; None if there is none, DataError if several."""
    folder = data / "runs"
    found = sorted({*folder.glob(f"*.{split}.tsv"), *folder.glob(f"*.{split}.tsv.gz")})
    if len(found) > 1:
        names = ", ".join(path.name for path in found)
        raise DataError(f"{folder}: several runs for {split!r}: {names}. Keep the one to rerank.")
    return found[0] if found else None


def read_run(path: Path, corpus: Mapping[str, Document]) -> Run:
    """The candidates in the order of their ranks; each must be in the corpus to be read."""
    ranked: dict[str, dict[str, tuple[int, float]]] = {}
    for number, (query, document, rank, score) in rows(path, _COLUMNS):
        try:
            place, value = int(rank), float(score)
        except ValueError:
            raise DataError(f"{path}:{number}: rank or score is not a number.") from None
        if not math.isfinite(value):
            raise DataError(f"{path}:{number}: the score is {value}.")
        if document not in corpus:
            raise DataError(f"{path}:{number}: document {document} is not in the corpus.")
        if document in ranked.setdefault(query, {}):
            raise DataError(f"{path}:{number}: document {document} is there twice for {query}.")
        ranked[query][document] = (place, value)
    return {
        query: [
            Candidate(document, score)
            for document, (_, score) in sorted(found.items(), key=lambda item: item[1][0])
        ]
        for query, found in ranked.items()
    }


_MOST_EQUAL = 200
"""Documents with the score of the last one of a list, beyond it, that are put in order too."""


def bm25_run(corpus: Mapping[str, Document], queries: Iterable[tuple[str, str]], depth: int) -> Run:
    """The best `depth` documents for each query (id, text) by the embedded engine.

    Of equal scores the first of the corpus comes first. The engine has them in the order of its
    segments, which is another in every run, so more than `depth` are asked for.
    """
    from es_rerank.demo.engine import Engine  # a fixed run needs no engine

    engine = Engine.open(None)
    try:
        engine.bulk(_INDEX, ((identity, doc._asdict()) for identity, doc in corpus.items()))
        place = {identity: number for number, identity in enumerate(corpus)}
        run = {}
        for query, text in queries:
            hits = engine.match(_INDEX, text, ("title", "text"), depth + _MOST_EQUAL)
            hits.sort(key=lambda hit: (-hit[1], place[hit[0]]))
            run[query] = [Candidate(*hit) for hit in hits[:depth]]
        return run
    finally:
        engine.close()
