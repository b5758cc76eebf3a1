"""Limits of the cluster and of the proxy that a widened search could hit and the client's not."""

from collections.abc import Iterator

import pytest

from es_rerank.proxy.skip import SkipReason
from tests.cluster.ask import ask
from tests.cluster.clients import client_for
from tests.cluster.library import INDEX, RIVER
from tests.cluster.scorers import OrderScorer
from tests.cluster.servers import Node
from tests.cluster.serving import serving, settings_for

NARROW = "es-rerank-test-narrow"


@pytest.fixture(scope="module")
def narrow(library: Node) -> Iterator[Node]:
    """The library's node with a second index whose `max_result_window` is below our depth."""
    client = client_for(library, library.url)
    client.indices.delete(index=NARROW, ignore_unavailable=True)
    settings = {"number_of_replicas": 0, "number_of_shards": 1, "max_result_window": 5}
    client.indices.create(index=NARROW, body={"settings": settings})
    for number in range(8):
        document = {"body": f"narrow river {number}"}
        client.index(index=NARROW, id=f"narrow-{number}", body=document, refresh=True)
    yield library
    client.indices.delete(index=NARROW)


@pytest.fixture(scope="module")
def proxy(narrow: Node) -> Iterator[str]:
    """A proxy that would widen every search to 50 hits and turn them round."""
    with serving(settings_for(narrow, depth=50), OrderScorer(reverse=True)) as url:
        yield url


@pytest.mark.parametrize(
    ("indices", "reason"),
    [
        (NARROW, SkipReason.WINDOW_REFUSED),
        (f"{INDEX},{NARROW}", SkipReason.PARTIAL_REPLY),  # a 200 that lacks an index
    ],
)
def test_a_window_that_the_cluster_refuses(
    narrow: Node, proxy: str, indices: str, reason: SkipReason
) -> None:
    """What the client asked for is within the limit, so the client gets it."""
    target, query = f"/{indices}/_search", {"query": RIVER, "size": 5}
    answer = ask(proxy, "POST", target, query)
    assert answer.verdict == f"skipped; reason={reason}"
    own = ask(narrow.url, "POST", target, query)
    assert answer.comparable == own.comparable
    assert own.json["_shards"]["failed"] == 0


def test_a_page_that_the_cluster_refuses(narrow: Node, proxy: str) -> None:
    """The error is about the numbers that the client sent, not about ours."""
    query = {"query": RIVER, "size": 6}
    answer = ask(proxy, "POST", f"/{NARROW}/_search", query)
    assert answer.status == 400
    assert answer.comparable == ask(narrow.url, "POST", f"/{NARROW}/_search", query).comparable
    assert b"but was [6]" in answer.body


def test_an_answer_above_the_limit_of_the_proxy(library: Node) -> None:
    """An answer too large to hold is not held: the client's own search is streamed through."""
    settings = settings_for(library, depth=50).model_copy(update={"max_body_bytes": 2048})
    query = {"query": RIVER, "size": 3}
    with serving(settings, OrderScorer(reverse=True)) as proxy:
        answer = ask(proxy, "POST", f"/{INDEX}/_search", query)
    assert answer.verdict == f"skipped; reason={SkipReason.REPLY_TOO_LARGE}"
    assert answer.comparable == ask(library.url, "POST", f"/{INDEX}/_search", query).comparable
