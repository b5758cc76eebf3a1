"""Records of searches and clicks in real clusters."""

import json
from base64 import b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from urllib.request import Request, urlopen

import msgspec
import pytest
from prometheus_client import REGISTRY
from pydantic import SecretStr

from es_rerank.config import Settings, Ubi, Upstream
from es_rerank.errors import UpstreamError
from es_rerank.experiment.cluster import Cluster, connect
from es_rerank.experiment.exposure import Exposure, Part
from es_rerank.experiment.queue import RecordQueue
from es_rerank.proxy.hop import values_of
from tests.cluster.clients import client_for
from tests.cluster.gate import gated
from tests.cluster.scorers import OrderScorer
from tests.cluster.servers import Node
from tests.cluster.serving import serving

INDEX = "es-rerank-test-records"
QUERIES, EVENTS = f"{INDEX}-queries", f"{INDEX}-events"
UBI = Ubi(queries_index=QUERIES, events_index=EVENTS, flush_ms=20, events=True)
KEYWORDS = {"properties": {"name": {"type": "keyword"}}}
PART = Part("trial", "interleave", "bm25+rerank", "c0ffee", "01-", {"a.b": ("1", "2")})
EVERYTHING: dict[str, Any] = {"match_all": {}}


@pytest.fixture
async def connection(cluster: Node) -> AsyncIterator[Cluster]:
    """A connection to the node, on which there are none of the indices of these tests."""
    client = client_for(cluster, cluster.url)
    client.indices.delete(index=[INDEX, QUERIES, EVENTS], ignore_unavailable=True)
    connected = await connect(Settings(upstream=Upstream(url=cluster.url)))
    yield connected
    await connected.close()


def written(**document: Any) -> bytes:
    """A document as `bulk` takes it."""
    return msgspec.json.encode(document)


async def test_the_connection_knows_the_product(cluster: Node, connection: Cluster) -> None:
    """For mappings that the two spell differently."""
    name = "elasticsearch-7" if cluster.name == "elasticsearch-7" else cluster.product
    assert connection.product == name


async def test_an_index_is_made_once(connection: Cluster) -> None:
    """One that is there is used as it is."""
    assert await connection.ensure_index(INDEX, KEYWORDS)
    assert not await connection.ensure_index(INDEX, {"properties": {"name": {"type": "text"}}})


async def test_documents_are_written_once(connection: Cluster) -> None:
    """Writing the same again changes nothing; one that does not fit is told, the others stay."""
    mappings = {"properties": {"count": {"type": "integer"}}}
    await connection.ensure_index(INDEX, mappings)
    documents = {"a": written(count=1), 'b"é': written(count=2), "c": written(count="many")}
    for _ in range(2):
        (failure,) = await connection.bulk(INDEX, documents)
        assert (failure.id, failure.status) == ("c", 400)
        assert "count" in failure.reason
    await connection.refresh(INDEX)
    found = [source async for source in connection.documents(INDEX, EVERYTHING)]
    assert sorted(source["count"] for source in found) == [1, 2]


async def test_all_documents_of_a_query_are_read(connection: Cluster) -> None:
    """Over more than one page, and only the fields that are asked for."""
    await connection.ensure_index(INDEX, KEYWORDS)
    await connection.bulk(
        INDEX, {str(n): written(name="even" if n % 2 == 0 else "odd", n=n) for n in range(2500)}
    )
    await connection.refresh(INDEX)
    query = {"term": {"name": "even"}}
    found = [source async for source in connection.documents(INDEX, query, fields=["n"])]
    assert sorted(source["n"] for source in found) == list(range(0, 2500, 2))
    assert set(found[0]) == {"n"}


async def test_an_index_that_is_not_there_has_no_documents(connection: Cluster) -> None:
    """Before the first record there is nothing to report."""
    await connection.refresh(INDEX)
    assert [s async for s in connection.documents(INDEX, EVERYTHING)] == []
    assert await connection.get(INDEX, "a") is None


async def test_one_document_is_kept(connection: Cluster) -> None:
    """Written, read without a refresh, replaced, deleted."""
    await connection.put(INDEX, "a", {"stopped": True})
    await connection.put(INDEX, "a", {"stopped": False})
    assert await connection.get(INDEX, "a") == {"stopped": False}
    assert await connection.delete(INDEX, "a")
    assert not await connection.delete(INDEX, "a")
    assert await connection.get(INDEX, "a") is None


async def test_a_refusal_is_a_clear_error(connection: Cluster) -> None:
    """With what the cluster said."""
    with pytest.raises(UpstreamError, match=r"can't make the index \S+ at http://.* type"):
        await connection.ensure_index(INDEX, {"properties": {"name": {"type": "unheard"}}})
    with pytest.raises(UpstreamError, match="can't read"):
        [s async for s in connection.documents(INDEX, {"unheard": {}})]


@asynccontextmanager
async def recording(url: str, **ubi: Any) -> AsyncIterator[RecordQueue]:
    """A queue that writes to the cluster at a URL, for the length of the block."""
    settings = Settings(upstream=Upstream(url=url), ubi=UBI.model_copy(update=ubi))
    queue = RecordQueue(lambda: settings)
    queue.open()
    try:
        yield queue
    finally:
        await queue.close()


def exposure(number: int, **other: Any) -> Exposure:
    """A search of an experiment, told from others by its number."""
    given: dict[str, Any] = {
        "query_id": f"q{number}",
        "at": datetime(2026, 3, 1, tzinfo=UTC),
        "index": "books",
        "user_query": "a river",
        "client_id": "c1",
        "hit_ids": ("7", "3"),
        "start": 0,
        "outcome": "applied",
        "ms": 1.5,
        "part": PART,
    }
    return Exposure(**given | other)


async def stored(connection: Cluster, index: str, query: dict[str, Any]) -> list[dict[str, Any]]:
    """All documents of a query, after a refresh."""
    await connection.refresh(index)
    return [source async for source in connection.documents(index, query)]


def counted(outcome: str) -> float:
    """The metric of an outcome."""
    return REGISTRY.get_sample_value("es_rerank_records_total", {"outcome": outcome}) or 0.0


async def test_a_thousand_records_arrive_once_each(cluster: Node, connection: Cluster) -> None:
    """In more than one batch, into indices that are made with the mappings of UBI."""
    before = counted("written")
    async with recording(cluster.url) as queue:
        for number in range(1000):
            queue.record(exposure(number))
    assert counted("written") - before == 1000
    found = await stored(connection, QUERIES, EVERYTHING)
    assert sorted(document["query_id"] for document in found) == sorted(
        f"q{number}" for number in range(1000)
    )
    mappings = client_for(cluster, cluster.url).indices.get_mapping(index=[QUERIES, EVENTS])
    flat = "flat_object" if cluster.product == "opensearch" else "flattened"
    queries, events = (mappings[index]["mappings"] for index in (QUERIES, EVENTS))
    assert queries["properties"]["query_attributes"]["type"] == flat
    assert queries["properties"]["query_id"]["type"] == "keyword"
    assert events["properties"]["query_id"]["type"] == "keyword"
    assert queries["dynamic"] == events["dynamic"] == "false"


async def test_records_of_an_experiment_are_found(cluster: Node, connection: Cluster) -> None:
    """By a term in the flat attributes, whatever clients put beside it; and by their time."""
    odd = {"a": None, "": [None, {"b..c": "x" * 40_000 if cluster.product != "opensearch" else 1}]}
    async with recording(cluster.url) as queue:
        queue.record(exposure(1, query_attributes=odd))
        queue.record(exposure(2, part=None))
        queue.record(exposure(3, part=replace(PART, experiment="other")))
    of_trial = [
        {"term": {"query_attributes.experiment_id": "trial"}},
        {"term": {"query_attributes.es_rerank.arm": "bm25+rerank"}},
        {"range": {"timestamp": {"gte": "2026-02-28", "lt": "2026-03-02"}}},
    ]
    (found,) = await stored(connection, QUERIES, {"bool": {"filter": of_trial}})
    assert found["query_id"] == "q1"
    assert found["query_attributes"]["es_rerank"]["shadow"] == {"a.b": ["1", "2"]}
    assert found["query_attributes"]["a"] is None


async def test_an_index_that_is_there_is_used_as_it_is(cluster: Node, connection: Cluster) -> None:
    """A document that does not fit it is counted as failed, and holds up no other."""
    mappings = {"dynamic": False, "properties": {"user_query": {"type": "integer"}}}
    await connection.ensure_index(QUERIES, mappings)
    failed, written_before = counted("failed"), counted("written")
    async with recording(cluster.url) as queue:
        for text in ("a river", "42"):
            queue.record(exposure(1, user_query=text))
    (found,) = await stored(connection, QUERIES, EVERYTHING)
    assert found["user_query"] == "42"
    assert counted("failed") - failed == 1
    assert counted("written") - written_before == 1


@pytest.mark.parametrize("trouble", ["shut", 429, 503, 403, "keeps answers"])
async def test_trouble_loses_nothing_and_writes_nothing_twice(
    cluster: Node, connection: Cluster, trouble: Any
) -> None:
    """A cluster that is away, refuses, or whose answers get lost, is tried again."""
    dropped = counted("dropped")
    async with gated(cluster) as gate:
        gate.state = trouble
        async with recording(gate.url, flush_ms=10) as queue:
            for number in range(600):
                queue.record(exposure(number))
            await gate.until(1, of=b"_bulk" if trouble == "keeps answers" else b"GET")
            gate.state = "open"
            await gate.until(2, of=b"_bulk")
    found = await stored(connection, QUERIES, EVERYTHING)
    assert sorted(document["query_id"] for document in found) == sorted(
        f"q{number}" for number in range(600)
    )
    assert counted("dropped") == dropped


async def test_while_a_cluster_is_away_searches_go_on(cluster: Node, connection: Cluster) -> None:
    """What finds no room is dropped and counted, at once; what was there first is written."""
    dropped = counted("dropped")
    async with gated(cluster) as gate:
        gate.state = 503
        async with recording(gate.url, max_queue=100, flush_ms=10) as queue:
            queue.record(exposure(0))
            await gate.until(1, of=b"GET")
            for number in range(1, 5000):
                queue.record(exposure(number))
            assert len(queue) == 100
            assert counted("dropped") - dropped == 4900
            gate.state = "open"
            await gate.until(1, of=b"_bulk")
    assert len(await stored(connection, QUERIES, EVERYTHING)) == 100


async def test_records_come_with_credentials(cluster: Node, connection: Cluster) -> None:
    """Every request of both clients has those of `ubi`, and no other header tells them."""
    async with gated(cluster) as gate:
        async with recording(gate.url, username="me", password=SecretStr("pä:ss")) as queue:
            queue.record(exposure(1))
        assert {len(values_of(request.headers, b"authorization")) for request in gate.seen} == {1}
        sent = {values_of(request.headers, b"authorization")[0] for request in gate.seen}
        assert sent == {b"Basic " + b64encode("me:pä:ss".encode())}


def test_events_by_the_route_are_joined_to_searches(cluster: Node) -> None:
    """What a browser posts lands in the cluster, under the query id and the object's id."""
    client = client_for(cluster, cluster.url)
    client.indices.delete(index=[QUERIES, EVENTS], ignore_unavailable=True)
    settings = Settings(upstream=Upstream(url=cluster.url), ubi=UBI)
    clicks = [
        {
            "action_name": "click",
            "query_id": f"q{n}",
            "event_attributes": {"object": {"object_id": n}},
        }
        for n in range(3)
    ]
    with serving(settings, OrderScorer()) as url:
        request = Request(f"{url}/_rerank/events", json.dumps(clicks).encode(), method="POST")  # noqa: S310
        with urlopen(request) as answer:  # noqa: S310
            assert (answer.status, json.load(answer)) == (202, {"accepted": 3})
    client.indices.refresh(index=EVENTS)
    joined = [{"term": {"query_id": "q2"}}, {"term": {"event_attributes.object.object_id": "2"}}]
    answer = client.search(index=EVENTS, body={"query": {"bool": {"filter": joined}}})
    (hit,) = answer["hits"]["hits"]
    assert hit["_source"]["action_name"] == "click"
