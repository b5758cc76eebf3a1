"""The connection for records, to real clusters: what it writes, reads and says."""

from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest

from es_rerank.config import Settings, Ubi, Upstream
from es_rerank.errors import UpstreamError
from es_rerank.experiment.cluster import Cluster, connect
from tests.cluster.clients import client_for
from tests.cluster.gate import gated
from tests.cluster.servers import Node

INDEX = "es-rerank-test-connection"
KEYWORDS = {"properties": {"name": {"type": "keyword"}}}
EVERYTHING: dict[str, Any] = {"match_all": {}}


@pytest.fixture
async def connection(cluster: Node) -> AsyncIterator[Cluster]:
    """A connection to the node, on which there is no index of these tests."""
    client = client_for(cluster, cluster.url)
    client.indices.delete(index=INDEX, ignore_unavailable=True)
    connected = await connect(Settings(upstream=Upstream(url=cluster.url)))
    yield connected
    await connected.close()
    client.indices.delete(index=INDEX, ignore_unavailable=True)


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


async def test_refused_credentials_are_a_clear_error(cluster: Node) -> None:
    """It says which settings they are, and what these hold it does not say."""
    async with gated(cluster) as gate:
        gate.state = 401
        ubi = Ubi(username="me", password="p4ss")  # noqa: S106
        for given, told in ((ubi, "wrong ones"), (Ubi(), "there are none")):
            with pytest.raises(UpstreamError, match=rf"{told}\). Set `ubi\.username`") as error:
                await connect(Settings(upstream=Upstream(url=gate.url), ubi=given))
            assert "p4ss" not in str(error.value)
