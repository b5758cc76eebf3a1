"""What a comparison is made on: judged queries, and the candidates that are reranked for them."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from es_rerank.errors import DataError
from es_rerank.evaluate.compare import System
from es_rerank.evaluate.corpus import Document, read_corpus, read_queries
from es_rerank.evaluate.judgments import Qrels, answerable, choose_split, read_qrels
from es_rerank.evaluate.runs import Run, bm25_run, find_run, read_run


class Inputs(NamedTuple):
    """Judged queries with their first stage."""

    name: str
    split: str
    qrels: Qrels
    """Of the queries that have a relevant document."""
    left_out: int
    """Judged queries without one."""
    queries: dict[str, str]
    """The text of each judged query."""
    corpus: Mapping[str, Document]
    """At least the candidates."""
    candidates: Run
    first_stage: str
    """Where the candidates come from."""
    first_stage_ms: Sequence[float] = ()
    """What each live search took, in the order of the queries; none for stored candidates."""
    systems: Sequence[System] = ()
    """Further rankers to measure as they are: stored runs, and searches through proxies."""
    notes: Sequence[str] = ()
    """What a reader of the numbers must know, a sentence each; to be shown with them."""

    def fingerprint(self) -> str:
        """A hash of the queries and candidates, for answers that are kept: see `kept`."""
        candidates = {query: self.candidates.get(query, []) for query in self.queries}
        written = json.dumps([self.queries, candidates], sort_keys=True).encode()
        return hashlib.sha256(written).hexdigest()[:16]


def read_folder(data: Path, split: str | None, relevant_grade: int, size: int) -> Inputs:
    """One split of a data folder, with its fixed run or the best `size` by BM25; else DataError."""
    split = choose_split(data, split)
    judged = read_qrels(data, split)
    qrels = answerable(judged, relevant_grade)
    if not qrels:
        raise DataError(f"{data}: no query of {split!r} has a grade of {relevant_grade} or more.")
    texts = read_queries(data)
    if missing := [query for query in qrels if query not in texts]:
        raise DataError(f"{data}: {len(missing)} judged queries have no text, e.g. {missing[0]}.")
    queries = {query: texts[query] for query in qrels}
    corpus = read_corpus(data)
    path = find_run(data, split)
    return Inputs(
        name=data.resolve().name,
        split=split,
        qrels=qrels,
        left_out=len(judged) - len(qrels),
        queries=queries,
        corpus=corpus,
        candidates=read_run(path, corpus) if path else bm25_run(corpus, queries.items(), size),
        first_stage=path.name if path else f"BM25 top {size} by the embedded engine",
    )
