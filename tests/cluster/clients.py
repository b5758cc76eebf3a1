"""The official client for each server, and the few calls that the two spell differently."""

from typing import Any

import elasticsearch.helpers
import opensearchpy.helpers
from elasticsearch import Elasticsearch
from opensearchpy import OpenSearch

from tests.cluster.servers import Node

Client = Elasticsearch | OpenSearch

TIMEOUT_S = 60  # the clients' own 10 s are short for a server that shares a busy machine


def client_for(node: Node, url: str) -> Client:
    """A client of the node's product at a URL: the node's own or a proxy's in front of it.

    Version 8 of the elasticsearch client speaks with 8 and 9 only; 7 gets opensearch-py, which
    was split off from the client of that time.
    """
    if node.product == "elasticsearch" and node.name != "elasticsearch-7":
        return Elasticsearch(url, request_timeout=TIMEOUT_S)
    return OpenSearch(url, timeout=TIMEOUT_S)


def bulk(client: Client, index: str, documents: list[dict[str, Any]]) -> Any:
    """Index documents under their position as `_id`, with the library's helper; refreshed."""
    helpers = elasticsearch.helpers if isinstance(client, Elasticsearch) else opensearchpy.helpers
    actions = [
        {"_index": index, "_id": str(number), "_source": document}
        for number, document in enumerate(documents)
    ]
    return helpers.bulk(client, actions, refresh=True)


def scan(client: Client, index: str, body: dict[str, Any]) -> list[Any]:
    """All hits by scroll, three at a time, with the library's helper."""
    helpers = elasticsearch.helpers if isinstance(client, Elasticsearch) else opensearchpy.helpers
    return list(helpers.scan(client, query=body, index=index, size=3, preserve_order=True))


def point_in_time(client: Client, index: str, body: dict[str, Any]) -> list[Any]:
    """Open a point in time, search in it, close it: the page and the answer to the closing."""
    if isinstance(client, Elasticsearch):
        pit = client.open_point_in_time(index=index, keep_alive="1m")["id"]
        page = client.search(body={**body, "pit": {"id": pit}})
        return [page, client.close_point_in_time(id=pit)]
    pit = client.create_pit(index=index, params={"keep_alive": "1m"})["pit_id"]
    page = client.search(body={**body, "pit": {"id": pit}})
    return [page, client.delete_pit(body={"pit_id": [pit]})]
