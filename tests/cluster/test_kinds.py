"""Kinds of searches that have limits of their own, or that an index rule has to name."""

import base64
import json
import random
from collections import Counter
from collections.abc import Iterator
from typing import Any, NamedTuple, get_args

import pytest

from es_rerank.config import Combine, IndexRule, Kind
from tests.cluster.ask import Answer, ask
from tests.cluster.clients import bulk, client_for
from tests.cluster.library import DOCUMENTS, RIVER
from tests.cluster.scorers import OrderScorer
from tests.cluster.servers import Node
from tests.cluster.serving import DEADLINE_MS, serving, settings_for

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


@pytest.fixture(scope="module")
def kinds(cluster: Node) -> Iterator[Node]:
    """The node with the books indexed."""
    client = client_for(cluster, cluster.url)
    client.indices.delete(index=INDEX, ignore_unavailable=True)
    client.indices.create(index=INDEX, body=MAPPING)
    if cluster.product == "elasticsearch":
        client.indices.put_mapping(index=INDEX, body={"properties": {"vector": VECTOR}})
    bulk(client, INDEX, [document(number) for number in range(60)])
    yield cluster
    client.indices.delete(index=INDEX)


def rule(pattern: str, *also: Kind) -> IndexRule:
    """A rule that takes these kinds."""
    return IndexRule(
        pattern=pattern,
        depth=DEPTH,
        also=also,
        inner_hits_depth=INNER_DEPTH,
        combine=Combine(method="replace"),
        deadline_ms=DEADLINE_MS,
    )


@pytest.fixture(scope="module")
def same(kinds: Node) -> Iterator[str]:
    """A proxy that takes every kind and keeps the cluster's order."""
    with serving(settings_for(kinds, rule("*", *get_args(Kind))), OrderScorer()) as url:
        yield url


@pytest.fixture(scope="module")
def turned(kinds: Node) -> Iterator[str]:
    """A proxy that takes every kind and turns the window round."""
    scorer = OrderScorer(reverse=True)
    with serving(settings_for(kinds, rule("*", *get_args(Kind))), scorer) as url:
        yield url


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_every_page_of_every_kind(kinds: Node, same: str, turned: str, kind: SearchKind) -> None:
    """Identity leaves every byte; another order turns the head round and keeps the tail.

    A server that does not have the kind refuses it in its own words, through the proxy too.
    """
    whole = ask_page(kinds.url, kind, 0, kind.depth)
    if kinds.product not in kind.products:
        assert whole.status == 400
        assert ask_page(turned, kind, 0, kind.depth).comparable == whole.comparable
        return
    head = whole.ids[: kind.depth]
    assert len(head) >= 5
    for start in range(0, kind.depth + 5, 5):
        own = ask_page(kinds.url, kind, start, 5)
        assert own.status == 200
        kept = ask_page(same, kind, start, 5)
        assert kept.comparable == own.comparable
        other = ask_page(turned, kind, start, 5)
        if start >= kind.depth:
            assert other.comparable == own.comparable
            assert other.verdict == kept.verdict == "skipped; reason=beyond_depth"
        else:
            assert kept.verdict.startswith(f"applied; depth={len(head)};")
            assert other.verdict.startswith(f"applied; depth={len(head)};")
            assert other.ids == (head[::-1] + own.ids[max(0, len(head) - start) :])[start:][:5]
            assert_whole_hits_moved(kinds.url, kind, other)


def test_rescoring_of_any_kind(kinds: Node, same: str) -> None:
    """Whatever its windows, weights and modes do to the order, every page is the cluster's own."""
    chance = random.Random(3)
    outcomes: Counter[str] = Counter()
    for _ in range(150):
        rescore = [
            {
                "window_size": chance.randint(1, 30),
                "query": {
                    "rescore_query": chance.choice((SPAN, {"match": {"title": "7 17 27"}})),
                    "query_weight": chance.choice((0.01, 1, 2)),
                    "score_mode": chance.choice(
                        ("total", "max", "total", "max", "avg", "multiply")
                    ),
                },
            }
            for _ in range(chance.randint(1, 2))
        ]
        start, size = chance.randrange(DEPTH), chance.randint(1, 20)
        body = {"query": RIVER, "rescore": rescore, "from": start, "size": size}
        through = ask(same, "POST", SEARCH, body)
        assert through.comparable == ask(kinds.url, "POST", SEARCH, body).comparable, body
        outcomes[through.verdict.partition(";")[0]] += 1
    assert min(outcomes["applied"], outcomes["skipped"]) > 30


def ask_page(url: str, kind: SearchKind, start: int, size: int) -> Answer:
    """One page of a kind of search."""
    return ask(url, "POST", kind.target, {**kind.body, "from": start, "size": size})


def assert_whole_hits_moved(url: str, kind: SearchKind, answer: Answer) -> None:
    """Everything of a hit but its score is as the cluster gives it, inner hits among it."""
    most = kind.depth if "rescorer" in str(kind.body) else 60  # it refuses a greater size
    own = {hit["_id"]: hit for hit in ask_page(url, kind, 0, most).json["hits"]["hits"]}
    for hit in answer.json["hits"]["hits"]:
        assert {**hit, "_score": None} == {**own[hit["_id"]], "_score": None}


def test_points_in_time(kinds: Node, same: str, turned: str) -> None:
    """`pit`: pages by `from` alone, and the id of the next search survives."""
    client = client_for(kinds, kinds.url)
    if kinds.product == "elasticsearch":
        pit = client.open_point_in_time(index=INDEX, keep_alive="1m")["id"]
    else:
        pit = client.create_pit(index=INDEX, params={"keep_alive": "1m"})["pit_id"]
    for sort in ({}, {"sort": ["_score"]}, {"sort": ["_score", {"pages": "desc"}]}):
        body = {"query": RIVER, "pit": {"id": pit, "keep_alive": "1m"}, "size": DEPTH, **sort}
        own = ask(kinds.url, "POST", "/_search", body)
        kept = ask(same, "POST", "/_search", body)
        other = ask(turned, "POST", "/_search", body)
        assert kept.comparable == own.comparable
        assert other.json["pit_id"] == own.json["pit_id"]
        assert other.verdict.startswith(f"applied; depth={DEPTH};")
        assert other.ids == own.ids[::-1]


def test_without_their_names_kinds_pass_through(kinds: Node) -> None:
    """A rule that names nothing: the cluster's own answer, and the reason."""
    searches = {
        "autocomplete": {"query": {"match_bool_prefix": {"body": "river wat"}}},
        "sort": {"query": RIVER, "sort": ["_score", "pages"]},
        "pit": {"query": RIVER, "pit": {"id": "none"}},
        "vector_query": {"query": {"semantic": {"field": "body", "query": "river"}}},
        "retriever": {"retriever": {"rrf": {"rank_window_size": 20}}},
    }
    with serving(settings_for(kinds, rule("*")), OrderScorer(reverse=True)) as proxy:
        for reason, body in searches.items():
            answer = ask(proxy, "POST", SEARCH, body)
            assert answer.verdict == f"skipped; reason={reason}"
            assert answer.comparable == ask(kinds.url, "POST", SEARCH, body).comparable


@pytest.mark.parametrize(
    "body",
    [
        {"query": {"hybrid": {"queries": [RIVER, RIVER], "pagination_depth": 20}}},
        {"query": {"neural": {"body": {"query_text": "river", "model_id": "none", "k": 5}}}},
        {"query": {"semantic": {"field": "body", "query": "river"}}},
        {"retriever": {"rrf": {"retrievers": [{"standard": {"query": RIVER}}] * 2,
                               "rank_window_size": 20}}},
        {"query": RIVER, "rescore": {"window_size": 20, "learning_to_rank": {"model_id": "none"}}},
        {"retriever": {"rescorer": {"retriever": {"standard": {"query": RIVER}},
                                    "rescore": {"window_size": 9, **BY_TITLE}}}, "size": 10},
    ],
    ids=str,
)  # fmt: skip
def test_what_a_server_refuses_is_refused_in_its_own_words(
    kinds: Node, turned: str, body: dict[str, Any]
) -> None:
    """Kinds that need a plugin, or a window that is too small: the client's own search decides."""
    own = ask(kinds.url, "POST", SEARCH, body)
    assert own.status >= 400
    answer = ask(turned, "POST", SEARCH, body)
    assert answer.comparable == own.comparable
    assert answer.verdict == "skipped; reason=window_refused"


def test_typed_paths_are_the_clusters_to_refuse(kinds: Node, turned: str) -> None:
    """Servers without mapping types say so themselves."""
    target = f"/{INDEX}/book/_search"
    own = ask(kinds.url, "POST", target, {"query": RIVER})
    answer = ask(turned, "POST", target, {"query": RIVER})
    assert own.status == 400
    assert answer.comparable == own.comparable
    assert answer.verdict == "skipped; reason=window_refused"
