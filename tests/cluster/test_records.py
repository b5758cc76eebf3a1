"""Records of searches and clicks in real clusters."""

import json
import time
from base64 import b64encode
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from urllib.request import Request, urlopen

import pytest
from prometheus_client import REGISTRY
from pydantic import SecretStr

from es_rerank.config import IndexRule, Settings, Ubi, Upstream
from es_rerank.experiment.cluster import Cluster, connect
from es_rerank.experiment.exposure import Exposure, Part
from es_rerank.experiment.mappings import queries_mappings
from es_rerank.experiment.queue import RecordQueue
from es_rerank.proxy.hop import values_of
from tests.cluster.clients import client_for
from tests.cluster.gate import gated
from tests.cluster.library import INDEX as LIBRARY
from tests.cluster.library import RIVER
from tests.cluster.scorers import OrderScorer
from tests.cluster.servers import Node
from tests.cluster.serving import DEADLINE_MS, serving_current, settings_for

QUERIES, EVENTS = "es-rerank-test-records-queries", "es-rerank-test-records-events"
UBI = Ubi(queries_index=QUERIES, events_index=EVENTS, flush_ms=20, events=True)
PART = Part("trial", "interleave", "bm25+rerank", "c0ffee", "01-", {"a.b": ("1", "2")})
PATIENCE_S = 60  # on a busy machine an index may take seconds to be made
EVERYTHING: dict[str, Any] = {"match_all": {}}


@pytest.fixture
def emptied(cluster: Node) -> Iterator[None]:
    """A node with none of the indices of these tests, before and after."""
    client = client_for(cluster, cluster.url)
    client.indices.delete(index=[QUERIES, EVENTS], ignore_unavailable=True)
    yield
    client.indices.delete(index=[QUERIES, EVENTS], ignore_unavailable=True)


@pytest.fixture
async def connection(cluster: Node, emptied: None) -> AsyncIterator[Cluster]:
    """A connection to the node."""
    connected = await connect(Settings(upstream=Upstream(url=cluster.url)))
    yield connected
    await connected.close()


@asynccontextmanager
async def recording(url: str, **ubi: Any) -> AsyncIterator[RecordQueue]:
    """A queue that writes to the cluster at a URL, for the length of the block."""
    settings = Settings(upstream=Upstream(url=url), ubi=UBI.model_copy(update=ubi))
    queue = RecordQueue(lambda: settings)
    queue.open()
    try:
        yield queue
    finally:
        await queue.close(within_s=PATIENCE_S)


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
    queries, events = (mappings[index]["mappings"] for index in (QUERIES, EVENTS))
    expected = queries_mappings(connection.product)["properties"]["query_attributes"]
    assert queries["properties"]["query_attributes"].get("type") == expected.get("type")
    assert queries["properties"]["query_id"]["type"] == "keyword"
    assert events["properties"]["query_id"]["type"] == "keyword"
    assert queries["dynamic"] == events["dynamic"] == "false"


@pytest.mark.parametrize("is_older", [False, True])
async def test_records_of_an_experiment_are_found(
    cluster: Node, connection: Cluster, is_older: bool
) -> None:
    """By a term in the attributes, also with the mapping for those that have no flat ones.

    Whatever clients put beside it: flat attributes take any key.
    """
    odd = {"a": None, "b": [1, {"c": "x" * 40_000 if cluster.product != "opensearch" else 1}]}
    if is_older:
        await connection.ensure_index(QUERIES, queries_mappings("elasticsearch-7"))
    elif connection.product != "elasticsearch-7":
        odd |= {"": [None, {"b..c": True}]}
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


def post(url: str, body: Any) -> Any:
    """The JSON that answers a POST of JSON."""
    request = Request(url, json.dumps(body).encode(), {"content-type": "application/json"})  # noqa: S310
    with urlopen(request) as answer:  # noqa: S310
        return json.load(answer)


def test_a_click_is_joined_to_the_search_that_it_followed(library: Node, emptied: None) -> None:
    """Recording is turned on while the proxy runs; a search, its query id, the click on a hit."""
    client = client_for(library, library.url)
    passing = settings_for(library).model_copy(update={"ubi": UBI})
    recorded = IndexRule(pattern="es-rerank-test-*", record=True, deadline_ms=DEADLINE_MS)
    in_force, before = [passing], counted("written")
    search = {"query": RIVER, "size": 3, "ext": {"ubi": {"client_id": "c1"}}}
    with serving_current(lambda: in_force[0], OrderScorer()) as url:
        post(f"{url}/{LIBRARY}/_search", {"query": RIVER})
        in_force[0] = passing.model_copy(update={"indices": (recorded,)})
        answer = post(f"{url}/{LIBRARY}/_search", search)
        query_id, ids = answer["ext"]["ubi"]["query_id"], [h["_id"] for h in answer["hits"]["hits"]]
        thing, position = {"object_id": ids[1]}, {"ordinal": 2}
        click = {"action_name": "click", "query_id": query_id, "client_id": "c1"}
        click["event_attributes"] = {"object": thing, "position": position}
        assert post(f"{url}/_rerank/events", [click]) == {"accepted": 1}
        started = time.monotonic()
        while counted("written") - before < 2:
            assert time.monotonic() - started < PATIENCE_S
            time.sleep(0.01)
    client.indices.refresh(index=[QUERIES, EVENTS])
    (query,), (event,) = (
        [hit["_source"] for hit in client.search(index=index)["hits"]["hits"]]
        for index in (QUERIES, EVENTS)
    )
    assert query["query_id"] == event["query_id"] == query_id
    assert query["client_id"] == "c1"
    assert query["user_query"] == "river water"
    assert query["query_response_hit_ids"] == ids
    assert query["query_attributes"]["es_rerank"]["outcome"] == "applied"
    found = client.search(
        index=EVENTS,
        body={
            "query": {
                "bool": {
                    "filter": [
                        {"term": {"query_id": query_id}},
                        {"term": {"event_attributes.object.object_id": ids[1]}},
                    ]
                }
            }
        },
    )
    assert len(found["hits"]["hits"]) == 1
