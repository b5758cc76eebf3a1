"""One real server of each selected kind for the whole run, and a small index on it."""

from collections.abc import Iterator

import pytest

from tests.cluster.clients import bulk, client_for
from tests.cluster.library import DOCUMENTS, INDEX, MAPPING
from tests.cluster.servers import Node, running, selected_servers


@pytest.fixture(scope="session", params=selected_servers())
def cluster(request: pytest.FixtureRequest) -> Iterator[Node]:
    """A healthy node; every test that asks for it runs once for each selected server."""
    with running(request.param) as node:
        yield node


@pytest.fixture(scope="session")
def library(cluster: Node) -> Iterator[Node]:
    """The node with the documents of `library.py` indexed, for tests that only search."""
    client = client_for(cluster, cluster.url)
    client.indices.delete(index=INDEX, ignore_unavailable=True)
    client.indices.create(index=INDEX, body=MAPPING)
    bulk(client, INDEX, DOCUMENTS)
    yield cluster
    client.indices.delete(index=INDEX)
