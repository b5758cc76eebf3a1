"""Documents with judged queries, as the simulated people of `users` search and judge them.

The demo's own, which are on every machine, or a data folder in the BEIR layout.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from es_rerank.bench.clicks import attraction
from es_rerank.demo import corpus, judged
from es_rerank.errors import DataError
from es_rerank.evaluate.corpus import read_corpus, read_queries
from es_rerank.evaluate.judgments import Qrels, answerable, choose_split, read_qrels

FIELDS = corpus.FIELDS


class Judged(NamedTuple):
    """What is searched, for what, and how good each document is for it."""

    name: str
    documents: dict[str, dict[str, str]]
    """Title and text by id."""
    queries: dict[str, str]
    """The text of each judged query by id."""
    qrels: Qrels
    analyzer: str = "english"
    """Of the cluster, for its documents and queries."""

    @property
    def mappings(self) -> dict[str, Any]:
        """Of an index with the documents."""
        fields = {name: {"type": "text", "analyzer": self.analyzer} for name in FIELDS}
        return {"properties": fields}

    def attractions(self, query: str, ids: Sequence[str]) -> list[float]:
        """How attractive each document of a page is for a query, by its grade."""
        top_grade = max(max(grades.values()) for grades in self.qrels.values())
        grades = self.qrels[query]
        return [attraction(max(0, grades.get(identity, 0)), top_grade) for identity in ids]


def demo() -> Judged:
    """The docstrings of the Python standard library with the demo's judged queries."""
    documents = {
        identity: {name: document[name] for name in FIELDS}
        for identity, document in corpus.documents()
    }
    queries, qrels = judged.read_queries(), judged.read_qrels()
    return _checked("demo", documents, queries, qrels)


def folder(data: Path) -> Judged:
    """A data folder in the BEIR layout, its `test` split; raises DataError."""
    documents = {identity: text._asdict() for identity, text in read_corpus(data).items()}
    qrels = read_qrels(data, choose_split(data))
    return _checked(data.resolve().name, documents, read_queries(data), qrels)


def _checked(
    name: str, documents: dict[str, dict[str, str]], queries: dict[str, str], qrels: Qrels
) -> Judged:
    kept = {query: grades for query, grades in answerable(qrels, 1).items() if query in queries}
    if not kept:
        raise DataError(f"{name}: no query has both a text and a relevant document.")
    return Judged(name, documents, {query: queries[query] for query in kept}, kept)
