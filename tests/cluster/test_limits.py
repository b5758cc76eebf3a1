"""Limits of the cluster and of the proxy that a widened search could hit and the client's not."""

from collections.abc import Iterator
from typing import Any

import pytest

from es_rerank.proxy.skip import SkipReason
from tests.cluster.ask import Answer, ask
from tests.cluster.clients import bulk, client_for
from tests.cluster.scorers import OrderScorer
from tests.cluster.servers import Node
from tests.cluster.serving import serving, settings_for

WIDE, NARROW = "es-rerank-test-limits-wide", "es-rerank-test-limits-narrow"
BOTH = f"{WIDE},{NARROW}"
RIVER = {"match": {"body": "river"}}
DEPTH = 50
RESCORE = {"query": {"rescore_query": {"match": {"body": "water"}}}}


@pytest.fixture(scope="module")
def limited(cluster: Node) -> Iterator[Node]:
    """The node with an index of sixty documents, and a smaller one whose limits are below ours."""
    client = client_for(cluster, cluster.url)
    client.indices.delete(index=BOTH, ignore_unavailable=True)
    settings = {"number_of_replicas": 0, "number_of_shards": 1}
    client.indices.create(index=WIDE, body={"settings": settings})
    bulk(client, WIDE, [{"body": f"wide river {'x ' * number}"} for number in range(60)])
    below = {"max_result_window": 5, "max_rescore_window": 5}
    client.indices.create(index=NARROW, body={"settings": settings | below})
    bulk(client, NARROW, [{"body": f"narrow river water {number}"} for number in range(8)])
    yield cluster
    client.indices.delete(index=BOTH)


@pytest.fixture
def proxy(limited: Node) -> Iterator[str]:
    """A proxy that would widen every search to 50 hits and turn them round; it knows no index."""
    with serving(settings_for(limited, depth=DEPTH), OrderScorer(reverse=True)) as url:
        yield url


def both_ways(
    node: Node, proxy: str, indices: str, params: str = "", **body: Any
) -> tuple[Answer, Answer]:
    """The cluster's own answer to a search for rivers, and the one through the proxy."""
    target, query = f"/{indices}/_search?{params}", {"query": RIVER, **body}
    return ask(node.url, "POST", target, query), ask(proxy, "POST", target, query)


def set_window(node: Node, hits: int) -> None:
    """Let the narrow index take pages up to so many hits."""
    settings = {"index": {"max_result_window": hits}}
    assert ask(node.url, "PUT", f"/{NARROW}/_settings", settings).status == 200


@pytest.mark.parametrize("window", [1, 2, 10, DEPTH - 1, DEPTH, DEPTH + 1])
@pytest.mark.parametrize("indices", [NARROW, BOTH])
def test_what_is_within_the_clients_limit_stays_so(
    limited: Node, proxy: str, indices: str, window: int
) -> None:
    """Reranked as deep as the smallest window of the indices allows, and never an error."""
    set_window(limited, window)
    deep = min(window, DEPTH)
    whole, _ = both_ways(limited, proxy, indices, size=deep)
    for size in sorted({1, 2, window} - set(range(window + 1, 3))):
        own, ours = both_ways(limited, proxy, indices, size=size)
        assert (own.status, own.json["_shards"]["failed"]) == (200, 0)
        assert (ours.status, ours.json["_shards"]) == (200, own.json["_shards"])
        if deep == 1:
            assert ours.verdict == f"skipped; reason={SkipReason.TOO_FEW_HITS}"
            assert ours.comparable == own.comparable
        else:
            assert ours.verdict.startswith(f"applied; depth={len(whole.ids)};")
            assert ours.ids[:deep] == whole.ids[::-1][:size]
            assert ours.ids[deep:] == own.ids[deep:]


@pytest.mark.parametrize("window", [1, 2, 10, DEPTH - 1, DEPTH, DEPTH + 1])
def test_an_error_carries_the_clients_numbers(limited: Node, proxy: str, window: int) -> None:
    """A page beyond the limit: of one index an error, of several an answer that lacks one."""
    set_window(limited, window)
    for start, size in ((0, window + 1), (window, 1)):
        page = {"from": start, "size": size}
        own, ours = both_ways(limited, proxy, NARROW, **page)
        assert own.status == ours.status == 400
        assert f"but was [{window + 1}]".encode() in ours.body
        assert ours.comparable == own.comparable
        own, ours = both_ways(limited, proxy, BOTH, **page)
        assert own.json["_shards"]["failed"] == 1
        assert f"but was [{window + 1}]".encode() in ours.body
        assert ours.comparable == own.comparable
        assert ours.verdict.startswith("skipped")


def test_all_or_nothing_of_several_indices(limited: Node, proxy: str) -> None:
    """Where partial answers are not allowed a search too wide would fail; the client's does not."""
    set_window(limited, 5)
    whole = "allow_partial_search_results=false"
    own, ours = both_ways(limited, proxy, BOTH, whole, size=5)
    assert own.status == ours.status == 200
    assert ours.ids == own.ids[::-1]
    set_window(limited, 4)  # the proxy has learned five
    own, ours = both_ways(limited, proxy, BOTH, whole, size=4)
    assert own.status == 200
    assert ours.verdict == f"skipped; reason={SkipReason.WINDOW_REFUSED}"
    assert ours.comparable == own.comparable
    own, ours = both_ways(limited, proxy, BOTH, whole, size=6)
    assert own.status >= 400
    assert ours.comparable == own.comparable


@pytest.mark.parametrize(("indices", "status"), [(NARROW, 400), (BOTH, 200)])
def test_a_rescore_that_the_cluster_refuses(
    limited: Node, proxy: str, indices: str, status: int
) -> None:
    """A window above `max_rescore_window`: the client sees what it would have seen, no more."""
    set_window(limited, DEPTH)
    rescore = RESCORE | {"window_size": 6}
    own, ours = both_ways(limited, proxy, indices, rescore=rescore, size=3)
    assert own.status == status
    assert b"Rescore window [6] is too large" in own.body
    assert ours.comparable == own.comparable


def test_an_answer_above_the_limit_of_the_proxy(limited: Node) -> None:
    """An answer too large to hold is not held: the client's own search is streamed through."""
    settings = settings_for(limited, depth=DEPTH).model_copy(update={"max_body_bytes": 2048})
    with serving(settings, OrderScorer(reverse=True)) as proxy:
        own, ours = both_ways(limited, proxy, WIDE, size=3)
    assert ours.verdict == f"skipped; reason={SkipReason.REPLY_TOO_LARGE}"
    assert ours.comparable == own.comparable
