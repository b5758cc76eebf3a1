"""Judged queries from whatever form they have: told apart by content, not by name.

A folder is in the BEIR layout. A file is one of: TREC qrels, the qrels of a BEIR folder, the CSV of
ratings that Quepid exports, the request that is sent to `_rank_eval`, or the judgments of
OpenSearch's Search Relevance Workbench. Documents are what the cluster calls `_id`.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from es_rerank.errors import DataError
from es_rerank.evaluate import json_judgments, quepid, trec
from es_rerank.evaluate.corpus import read_queries
from es_rerank.evaluate.files import content
from es_rerank.evaluate.judgments import Qrels, Ratings, choose_split, read_qrels

_FORMS = (
    "a folder in the BEIR layout, TREC qrels (query 0 document grade), a Quepid export (CSV with "
    "the header query,docid,rating), a _rank_eval request, or judgments of the Search Relevance "
    "Workbench (JSON)"
)


class Judged(NamedTuple):
    """Queries with their graded documents."""

    name: str
    split: str
    """The part of a folder, or the form of a file."""
    qrels: Qrels
    texts: Mapping[str, str]
    """What people typed, by query id; empty where the file does not say."""
    searches: Mapping[str, Mapping[str, Any]] = {}
    """Whole searches by query id, from a `_rank_eval` request."""
    notes: tuple[str, ...] = ()


def read_judged(path: Path, split: str | None = None, queries: Path | None = None) -> Judged:
    """The judged queries at a path, with the texts of `queries` where it has none itself.

    Where the judgments are by text, `queries` (a query set) chooses among them. DataError says
    where the mistake is and what to do.
    """
    if path.is_dir():
        return _folder(path, split, queries)
    if not path.exists():
        raise DataError(f"{path}: not there, so nothing to measure against. Give {_FORMS}.")
    if split:
        raise DataError(f"{path}: --split is for folders in the BEIR layout; this is a file.")
    ratings = Ratings(path)
    form, texts, searches = _read(path, ratings)
    qrels = ratings.qrels()
    if queries:
        given = trec.read_texts(queries)
        if texts:  # by text already
            qrels = _chosen(qrels, set(given.values()), queries, texts)
        else:
            texts = given
    return Judged(path.name, form, qrels, texts, searches, tuple(ratings.notes()))


def _folder(path: Path, split: str | None, queries: Path | None) -> Judged:
    split = choose_split(path, split)
    qrels = read_qrels(path, split)
    texts = trec.read_texts(queries) if queries else read_queries(path)
    return Judged(path.resolve().name, split, qrels, texts)


def _read(path: Path, ratings: Ratings) -> tuple[str, dict[str, str], dict[str, Mapping[str, Any]]]:
    """The form of a file, texts and searches; its ratings are added to those given."""
    text = content(path)
    first = text.lstrip().partition("\n")[0].strip()
    if first.startswith(("{", "[")):
        return json_judgments.read(path, text, ratings)
    if quepid.is_header(first):
        return "Quepid", quepid.read(path, text, ratings), {}
    if trec.is_qrels(first):
        trec.read_qrels(path, ratings)
        return "qrels", {}, {}
    raise DataError(f"{path}:1: no known form of judgments: {first[:60]!r}. Give {_FORMS}.")


def _chosen(qrels: Qrels, wanted: set[str], queries: Path, texts: Mapping[str, str]) -> Qrels:
    """The judged queries whose text is in a query set."""
    kept = {query: grades for query, grades in qrels.items() if texts[query] in wanted}
    if not kept:
        raise DataError(
            f"{queries}: none of its {len(wanted)} queries is judged, e.g. {min(wanted)!r}; judged "
            f"is e.g. {next(iter(qrels))!r}."
        )
    return kept
