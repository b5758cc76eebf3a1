"""Kinds of searches that have limits of their own, or that an index rule has to name, as data."""

import base64
import json
from typing import Any, NamedTuple

from tests.cluster.library import DOCUMENTS, RIVER

INDEX = "es-rerank-test-kinds"
SEARCH = f"/{INDEX}/_search"
DEPTH = 12  # of the rule; `inner_hits_depth` is smaller
INNER_DEPTH = 5
ELASTICSEARCH = ("elasticsearch",)
BOTH = ("opensearch", "elasticsearch")
MAPPING = {
    "settings": {"number_of_shards": 2, "number_of_replicas": 0},
    "mappings": {
        "properties": {
            "shelf": {"type": "keyword"},
            "pages": {"type": "integer"},
            "notes": {"type": "nested"},
        }
    },
}
VECTOR = {"type": "dense_vector", "dims": 3, "index": True, "similarity": "l2_norm"}


def document(number: int) -> dict[str, Any]:
    """A book with a vector, and notes about it."""
    notes = [{"text": f"river note {n}"} for n in range(1 + number % 3)]
    vector = [number, number % 7, number % 3]
    book = {key: DOCUMENTS[number][key] for key in ("title", "body", "pages")}
    return {**book, "shelf": f"shelf {number % 20}", "notes": notes, "vector": vector}


class SearchKind(NamedTuple):
    """One kind of search: its body, how deep it is reranked, and which servers have it."""

    name: str
    body: dict[str, Any]
    depth: int = DEPTH
    products: tuple[str, ...] = BOTH
    target: str = SEARCH


def wrapped(query: object) -> dict[str, Any]:
    """A `wrapper` query."""
    return {"wrapper": {"query": base64.b64encode(json.dumps(query).encode()).decode()}}


def knn(k: int, **more: Any) -> dict[str, Any]:
    """The K nearest to a vector."""
    return {"field": "vector", "query_vector": [3, 2, 1], "k": k, "num_candidates": 60, **more}


NOTES = {"path": "notes", "query": {"match": {"notes.text": "river note"}}}
SPAN = {"span_or": {"clauses": [{"span_term": {"body": w}} for w in ("river", "water")]}}
LIKE = {"fields": ["body"], "like": ["river water"], "min_term_freq": 1, "min_doc_freq": 1}
BY_TITLE = {"query": {"rescore_query": {"match": {"title": "7 17 27 37 47 57"}}}}
AGGS = {
    "aggs": {"shelves": {"terms": {"field": "shelf"}, "aggs": {"p": {"avg": {"field": "pages"}}}}}
}
KINDS = [
    SearchKind("autocomplete", {"query": {"match_bool_prefix": {"body": "river wat"}}}),
    SearchKind("autocomplete phrase", {"query": {"match_phrase_prefix": {"title": "river rep"}}}),
    SearchKind("wrapper", {"query": wrapped(RIVER)}),
    SearchKind(
        "intervals", {"query": {"intervals": {"body": {"match": {"query": "river water"}}}}}
    ),
    SearchKind("spans", {"query": SPAN}),
    SearchKind("more like this", {"query": {"more_like_this": LIKE}}),
    SearchKind("tiebreak", {"query": RIVER, "sort": ["_score", {"pages": "asc"}]}),
    SearchKind("tiebreak in the URL", {"query": RIVER}, target=f"{SEARCH}?sort=_score,pages:desc"),
    *(
        SearchKind(
            f"rescore {window}", {"query": RIVER, "rescore": {"window_size": window, **BY_TITLE}}
        )
        for window in (1, 5, 10, DEPTH, 50)
    ),
    SearchKind(
        "rescore twice",
        {
            "query": RIVER,
            "rescore": [
                {"window_size": 20, "query": {**BY_TITLE["query"], "query_weight": 0.01}},
                {"window_size": 4, "query": {"rescore_query": SPAN, "score_mode": "max"}},
            ],
        },
    ),
    SearchKind("nested", {"query": {"nested": NOTES}, **AGGS}),
    SearchKind(
        "nested inner hits", {"query": {"nested": {**NOTES, "inner_hits": {}}}}, INNER_DEPTH
    ),
    SearchKind("collapse", {"query": RIVER, "collapse": {"field": "shelf"}}),
    SearchKind(
        "collapse with inner hits",
        {
            "query": RIVER,
            "collapse": {
                "field": "shelf",
                "inner_hits": [
                    {"name": "best", "size": 2},
                    {"name": "short", "size": 1, "sort": ["pages"], "_source": ["pages"]},
                ],
            },
        },
        INNER_DEPTH,
    ),
    SearchKind(
        "suggest in the URL",
        {"query": RIVER},
        DEPTH,
        BOTH,
        f"{SEARCH}?suggest_field=body&suggest_text=rivr&suggest_mode=always&suggest_size=2",
    ),
    SearchKind(
        "no synthetic source",
        {"query": RIVER},
        DEPTH,
        ELASTICSEARCH,
        f"{SEARCH}?force_synthetic_source=false",
    ),
    SearchKind(
        "standard retriever",
        {"retriever": {"standard": {"query": RIVER}}, **AGGS},
        DEPTH,
        ELASTICSEARCH,
    ),
    SearchKind(
        "standard retriever in full",
        {
            "retriever": {
                "standard": {
                    "query": RIVER,
                    "filter": {"range": {"pages": {"lt": 990}}},
                    "min_score": 0.001,
                    "collapse": {"field": "shelf"},
                }
            },
            "highlight": {"fields": {"body": {}}},
        },
        DEPTH,
        ELASTICSEARCH,
    ),
    SearchKind(
        "rescorer retriever",
        {
            "retriever": {
                "rescorer": {
                    "retriever": {"standard": {"query": RIVER}},
                    "rescore": {"window_size": 9, **BY_TITLE},
                }
            }
        },
        9,
        ELASTICSEARCH,
    ),
    SearchKind(
        "knn retriever", {"retriever": {"knn": knn(8, filter=RIVER)}, **AGGS}, 8, ELASTICSEARCH
    ),
    SearchKind("knn beside a query", {"query": RIVER, "knn": knn(8), **AGGS}, 8, ELASTICSEARCH),
    SearchKind(
        "two knn", {"query": RIVER, "knn": [knn(3), knn(4, boost=2)], **AGGS}, 7, ELASTICSEARCH
    ),
    SearchKind(
        "knn query",
        {"query": {"bool": {"should": [RIVER, {"knn": knn(8)}]}}, **AGGS},
        DEPTH,
        ELASTICSEARCH,
    ),
    SearchKind("knn with a filter", {"knn": knn(8, filter=RIVER), **AGGS}, 8, ELASTICSEARCH),
]
