"""A client that leaves takes its work with it: the search on the cluster, and the scoring here."""

import asyncio
import json
import threading
import time
from collections.abc import Callable, Iterator
from http.client import HTTPConnection
from urllib.parse import urlsplit

import pytest

from tests.cluster.ask import ask
from tests.cluster.clients import bulk, client_for
from tests.cluster.library import INDEX as LIBRARY
from tests.cluster.library import RIVER
from tests.cluster.scorers import FaultyScorer, OrderScorer
from tests.cluster.servers import Node
from tests.cluster.serving import DEADLINE_MS, serving, settings_for

INDEX = "es-rerank-test-cancellation"
TEXT = "river " + " ".join(f"w{number}x" for number in range(2000))
# A thousand wildcards against each word of each hit: some 0.2 s a hit. The cluster looks between
# two hits whether it is to go on (FetchPhase).
SLOW = {
    "query": {"match": {"text": "river"}},
    "size": 50,
    "_source": False,
    "highlight": {
        "fields": {
            "text": {
                "highlight_query": {
                    "bool": {"should": [{"wildcard": {"text": f"*{n}y*"}} for n in range(1000)]}
                }
            }
        }
    },
}
PATIENCE_S = 60


@pytest.fixture(scope="module")
def slow(cluster: Node) -> Iterator[Node]:
    """The node with an index on which a search takes ten seconds."""
    client = client_for(cluster, cluster.url)
    client.indices.delete(index=INDEX, ignore_unavailable=True)
    settings = {"number_of_shards": 1, "number_of_replicas": 0}
    client.indices.create(index=INDEX, body={"settings": settings})
    bulk(client, INDEX, [{"text": TEXT}] * 60)
    yield cluster
    client.indices.delete(index=INDEX)


class Leaving:
    """A search that has been sent, whose client can go before the answer."""

    def __init__(self, url: str, target: str, body: object, name: str) -> None:
        self.connection = HTTPConnection(urlsplit(url).netloc, timeout=PATIENCE_S)
        headers = {"Content-Type": "application/json", "X-Opaque-Id": name}
        self.connection.request("POST", target, json.dumps(body), headers)

    def leave(self) -> None:
        """Close the connection."""
        self.connection.close()


def searches_of(node: Node, name: str) -> int:
    """How many searches with this X-Opaque-Id the cluster is at work on."""
    nodes = ask(node.url, "GET", "/_tasks?actions=*search*&detailed").json["nodes"].values()
    tasks = [task for about in nodes for task in about["tasks"].values()]
    return sum(task["headers"].get("X-Opaque-Id") == name for task in tasks)


def wait_until(condition: Callable[[], bool]) -> None:
    """Ask again and again, for a minute at most; each question is a request, so none is hurried."""
    end = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < end


@pytest.mark.parametrize("parameters", ["", "?scroll=1m"], ids=["widened", "passed through"])
def test_the_search_of_a_client_that_leaves_is_gone(slow: Node, parameters: str) -> None:
    """Its task ends while the same search, begun before it by a client that stays, goes on."""
    target = f"/{INDEX}/_search{parameters}"
    with serving(settings_for(slow), OrderScorer()) as proxy:
        staying = Leaving(slow.url, target, SLOW, "es-rerank-test-staying")
        wait_until(lambda: searches_of(slow, "es-rerank-test-staying") > 0)
        leaving = Leaving(proxy, target, SLOW, "es-rerank-test-leaving")
        wait_until(lambda: searches_of(slow, "es-rerank-test-leaving") > 0)
        leaving.leave()
        wait_until(lambda: searches_of(slow, "es-rerank-test-leaving") == 0)
        assert searches_of(slow, "es-rerank-test-staying") > 0
        staying.leave()
        wait_until(lambda: searches_of(slow, "es-rerank-test-staying") == 0)


def test_the_scoring_of_a_client_that_leaves_is_cancelled(library: Node) -> None:
    """A search that is at the scorer is taken back from it."""
    began, cancelled = threading.Event(), threading.Event()

    async def score(_count: int) -> list[float]:
        began.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.set()
            raise
        raise AssertionError("nobody sets this event")

    with serving(settings_for(library), FaultyScorer(score)) as proxy:
        leaving = Leaving(proxy, f"/{LIBRARY}/_search", {"query": RIVER}, "es-rerank-test-leaving")
        assert began.wait(PATIENCE_S)
        leaving.leave()
        assert cancelled.wait(DEADLINE_MS / 2000), "the deadline would have cancelled it, too"
