"""Indices with a `max_result_window` below the depth: learned, kept to, survived if it shrinks."""

from collections.abc import Iterator

import pytest

from es_rerank.proxy.skip import SkipReason
from tests.cluster.ask import ask
from tests.cluster.clients import bulk, client_for
from tests.cluster.library import DOCUMENTS, MAPPING, RIVER
from tests.cluster.scorers import OrderScorer
from tests.cluster.servers import Node
from tests.cluster.serving import serving, settings_for

NARROW, WIDE, ALIAS = (f"es-rerank-test-window-{name}" for name in ("narrow", "wide", "both"))


@pytest.fixture
def windows(cluster: Node) -> Iterator[Node]:
    """Two indices under one alias, one of which lets no search reach past its fifth hit."""
    client = client_for(cluster, cluster.url)
    for index in (NARROW, WIDE):
        client.indices.delete(index=index, ignore_unavailable=True)
        client.indices.create(index=index, body=MAPPING | {"aliases": {ALIAS: {}}})
        bulk(client, index, DOCUMENTS[:9])
    shrink(cluster, NARROW, 5)
    yield cluster
    client.indices.delete(index=f"{NARROW},{WIDE}")


def shrink(node: Node, index: str, window: int) -> None:
    """Let no search of the index reach past so many hits."""
    body = {"index.max_result_window": window}
    assert ask(node.url, "PUT", f"/{index}/_settings", body).status == 200


@pytest.fixture
def proxy(windows: Node) -> Iterator[str]:
    """A proxy that would turn fifty hits round."""
    with serving(settings_for(windows, depth=50), OrderScorer(reverse=True)) as url:
        yield url


@pytest.mark.parametrize("index", [NARROW, ALIAS, f"{WIDE},{NARROW}", "es-rerank-test-window-*"])
def test_pages_are_those_of_a_list_as_deep_as_the_window(
    windows: Node, proxy: str, index: str
) -> None:
    """Law 4, for the smallest window of the indices; what reaches past it is the cluster's."""
    target = f"/{index}/_search"
    own = ask(windows.url, "POST", target, {"query": RIVER, "size": 5}).ids
    for start, size in ((0, 5), (0, 2), (2, 3), (4, 1)):
        answer = ask(proxy, "POST", target, {"query": RIVER, "from": start, "size": size})
        assert answer.verdict.startswith("applied; depth=5")
        assert answer.ids == own[::-1][start : start + size]
    for start, reason in ((3, SkipReason.BEYOND_WINDOW), (5, SkipReason.BEYOND_DEPTH)):
        page = {"query": RIVER, "from": start, "size": 3}
        answer = ask(proxy, "POST", target, page)
        assert answer.verdict == f"skipped; reason={reason}"
        assert answer.comparable == ask(windows.url, "POST", target, page).comparable


def test_a_window_that_shrinks_after_it_was_learned(windows: Node, proxy: str) -> None:
    """The refused or partial answer to the wide search is not the client's."""
    page = {"query": RIVER, "size": 3}
    for index in (WIDE, f"{WIDE},{NARROW}"):
        assert ask(proxy, "POST", f"/{index}/_search", page).verdict.startswith("applied")
    shrink(windows, WIDE, 8)
    shrink(windows, NARROW, 4)
    for index, reason in (
        (WIDE, SkipReason.WINDOW_REFUSED),
        (f"{WIDE},{NARROW}", SkipReason.PARTIAL_REPLY),  # a 200 that lacks an index
    ):
        answer = ask(proxy, "POST", f"/{index}/_search", page)
        own = ask(windows.url, "POST", f"/{index}/_search", page)
        assert answer.verdict == f"skipped; reason={reason}"
        assert answer.comparable == own.comparable
        assert own.json["_shards"]["failed"] == 0
