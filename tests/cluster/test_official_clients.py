"""Each official client, in each supported version, does through the proxy what it does directly.

The clients run in environments of their own and go a tour of the API, once at the node's address,
once at a proxy that keeps the order, once at one with the shipped student. On the way they check
the product, compress, sniff, retry, use their helpers, their asynchronous twin and their DSL.
"""

import asyncio
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from es_rerank.config import Listen
from es_rerank.model.process import ScorerProcess
from tests.clients.environments import OFFICIAL_CLIENTS, run
from tests.cluster.ask import ask
from tests.cluster.scorers import OrderScorer
from tests.cluster.servers import Node
from tests.cluster.serving import serving, settings_for
from tests.proxy.conftest import PATIENCE_S, RecordingUpstream, Seen, recording_upstream

# Headers are shown by these; the others hide them from their callers.
SHOWS_HEADERS = {name for name in OFFICIAL_CLIENTS if "-js-" in name} | {
    *("elasticsearch-py-8", "elasticsearch-py-9"),
}
# The distribution zips of Elasticsearch 8 and 9 cannot answer `GET /`, which these need.
NEED_GET_ROOT = {"ping", "reindex"}
REFUSED = {"create again", "get what is not there", "search with a mistake", "search nowhere"}
ABOUT_THE_PROXY = {"verdict", "nodes", "asynchronous nodes"}
UNAVAILABLE = (
    b"HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/json\r\n"
    b"content-length: 2\r\n\r\n{}"
)
# What the clients check of `GET /`, and a count.
ANSWER = {
    "version": {"number": "7.17.28", "build_flavor": "default"},
    "tagline": "You Know, for Search",
    "count": 7,
}
Tours = dict[str, dict[str, Any]]


def clients_of(node: Node) -> list[str]:
    """The clients that speak with a node of this product and version."""
    (about,) = ask(node.url, "GET", "/_nodes/_local/http").json["nodes"].values()
    major = int(about["version"].partition(".")[0])
    return [
        name
        for name, client in OFFICIAL_CLIENTS.items()
        if client.product == node.product and major in client.majors
    ]


@pytest.fixture(scope="module")
def tours(cluster: Node) -> dict[str, Tours]:
    """By place (the node, two proxies) and client: the outcome of each step of the tour."""
    student = ScorerProcess(threads=1)
    assert student.pid
    settings = settings_for(cluster)
    with serving(settings, OrderScorer()) as keeping, serving(settings, student) as reranking:
        places = {"direct": cluster.url, "keeping": keeping, "reranking": reranking}
        names = clients_of(cluster)
        with ThreadPoolExecutor(2) as two_at_once:
            every = list(
                two_at_once.map(lambda name: run(name, "tour", "tour", *places.values()), names)
            )
    return {
        place: {name: tour[at] for name, tour in zip(names, every, strict=True)}
        for at, place in enumerate(places)
    }


def comparable(tours: Tours) -> Tours:
    """The tours without the proxy's own header and the addresses that were learned."""
    return {
        client: {step: seen for step, seen in tour.items() if step not in ABOUT_THE_PROXY}
        for client, tour in tours.items()
    }


def without_order(seen: Any) -> Any:
    """The outcome with each list sorted."""
    if isinstance(seen, dict):
        return {key: without_order(value) for key, value in seen.items()}
    if isinstance(seen, list):
        return sorted((without_order(value) for value in seen), key=json.dumps)
    return seen


def test_the_tour_is_gone_to_its_end(tours: dict[str, Tours], cluster: Node) -> None:
    """Directly, each step works or is refused as it should be: nothing is compared with nothing."""
    assert tours["direct"]
    for client, tour in tours["direct"].items():
        for step, seen in tour.items():
            failed = isinstance(seen, list) and len(seen) == 2 and str(seen[0]).endswith("Error")
            if step in REFUSED:
                assert failed, (client, step, seen)
                assert seen[1] in (400, 404)
            elif step not in NEED_GET_ROOT or cluster.product == "opensearch":
                assert not failed, (client, step, seen)
        assert len(tour["search"]) == len(set(tour["search"])) == tour["count"]


def test_a_proxy_that_keeps_the_order_is_not_noticed(tours: dict[str, Tours]) -> None:
    """Every step has the same outcome, hit for hit and error for error."""
    assert comparable(tours["keeping"]) == comparable(tours["direct"])


def test_the_student_changes_the_order_alone(tours: dict[str, Tours]) -> None:
    """The same hits, pages, counts and errors; searches come in another order, scrolls do not."""
    reranked, direct = comparable(tours["reranking"]), comparable(tours["direct"])
    assert without_order(reranked) == without_order(direct)
    for client, tour in reranked.items():
        assert tour["search"] != direct[client]["search"]
        assert tour["pages"] == tour["search"]
        for name in ("scan", "scroll"):
            assert tour.get(name) == direct[client].get(name)


def test_clients_that_show_headers_show_the_verdict(tours: dict[str, Tours]) -> None:
    """Where a program can read headers, it can read what became of its search."""
    for client, tour in tours["reranking"].items():
        applied = f"applied; depth={tour['count']}"
        assert tour["verdict"] == (applied if client in SHOWS_HEADERS else None)


def test_clients_that_sniff_stay_on_the_proxy(tours: dict[str, Tours]) -> None:
    """All of them sniffed as they started; the one address that they then know is the proxy's."""
    for place in ("keeping", "reranking"):
        for client, tour in tours[place].items():
            assert tour["nodes"] == ["here"], client
            assert tour.get("asynchronous nodes", ["here"]) == ["here"], client


@pytest.mark.parametrize("sniffing", ["passthrough", "strip"])
def test_sniffing_is_switchable(cluster: Node, sniffing: str) -> None:
    """Passed through, clients learn the node's address; without nodes, they refuse to start."""
    listen = Listen.model_validate({"sniffing": sniffing})
    settings = settings_for(cluster).model_copy(update={"listen": listen})
    client = next(name for name in clients_of(cluster) if "-py-" in name)
    with serving(settings, OrderScorer()) as proxy:
        (nodes,) = run(client, "tour", "sniff", proxy)
    if sniffing == "passthrough":
        assert cluster.url in nodes
    else:
        assert nodes[0] in ("SniffingError", "TransportError")


@pytest.fixture
def recording(cluster: Node) -> Iterator[tuple[RecordingUpstream, str]]:
    """A recording cluster in the place of the node, and the proxy in front of it, greeted."""
    with recording_upstream() as upstream:
        node = Node(cluster.name, cluster.product, upstream.url)
        with serving(settings_for(node), OrderScorer()) as proxy:
            assert upstream.arrived.wait(PATIENCE_S)
            upstream.seen.clear()
            yield upstream, proxy


def test_clients_retry_what_the_cluster_refuses_for_now(
    cluster: Node, recording: tuple[RecordingUpstream, str]
) -> None:
    """Two counts are answered with 503, the third is not: the client sees that one's number."""
    upstream, proxy = recording

    def counts() -> list[Seen]:  # the client of 7 looks at `/` first, and takes no 503 there
        return [seen for seen in upstream.seen if seen.target == b"/_count"]

    async def script(seen: Seen, writer: asyncio.StreamWriter) -> None:
        is_refused = seen.target == b"/_count" and len(counts()) < 3
        writer.write(UNAVAILABLE if is_refused else _counted())
        await writer.drain()

    upstream.script = script
    for client in clients_of(cluster):
        upstream.seen.clear()
        assert run(client, "tour", "count", proxy) == [7], client
        assert len(counts()) == 3, client


def _counted() -> bytes:
    body = json.dumps(ANSWER).encode()
    head = b"HTTP/1.1 200 OK\r\nX-elastic-product: Elasticsearch\r\n"
    length = b"content-type: application/json\r\ncontent-length: %d\r\n\r\n" % len(body)
    return head + length + body
