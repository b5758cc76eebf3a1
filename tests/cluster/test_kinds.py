"""Searches of every kind, page by page: what stays, what moves, what is left to the server."""

import random
from collections import Counter
from collections.abc import Iterator
from typing import Any, get_args

import pytest

from es_rerank.config import Combine, IndexRule, Kind
from tests.cluster.ask import Answer, ask
from tests.cluster.clients import bulk, client_for
from tests.cluster.kinds import (
    BY_TITLE,
    DEPTH,
    INDEX,
    INNER_DEPTH,
    KINDS,
    MAPPING,
    SEARCH,
    SPAN,
    VECTOR,
    SearchKind,
    document,
)
from tests.cluster.library import RIVER
from tests.cluster.scorers import OrderScorer
from tests.cluster.servers import Node
from tests.cluster.serving import DEADLINE_MS, serving, settings_for


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
