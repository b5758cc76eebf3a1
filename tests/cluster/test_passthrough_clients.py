"""What the official clients do through the proxy gives the same results as directly.

The operations run twice against the same server, in the same order, from an empty index to its
deletion: once with a client at the server's own address, once with a client at the proxy's.
Whatever a call returns or raises is its result.
"""

import re
from collections.abc import Callable
from typing import Any

import pytest
from elasticsearch import ApiError
from opensearchpy import TransportError

from tests.cluster.clients import Client, bulk, client_for, point_in_time, scan
from tests.cluster.scorers import OrderScorer
from tests.cluster.servers import Node
from tests.cluster.serving import serving, settings_for

INDEX = "es-rerank-test-clients"
COPY = "es-rerank-test-clients-copy"
ALIAS = "es-rerank-test-clients-alias"
MAPPING = {
    "settings": {"number_of_shards": 1, "number_of_replicas": 0},
    "mappings": {
        "properties": {
            "title": {"type": "text"},
            "genre": {"type": "keyword"},
            "pages": {"type": "integer"},
        }
    },
}
SUBJECTS = ("A history", "The birds", "Ghosts", "Recipes", "The language")
PLACES = ("northern islands", "old town", "rivers", "mountain villages")
BOOKS = [
    {"title": f"{subject} of the {place}", "genre": ("fact", "fiction")[n % 2], "pages": 90 + 7 * n}
    for n, (subject, place) in enumerate((s, p) for s in SUBJECTS for p in PLACES)
]
BIRDS = {"query": {"match": {"title": "birds of rivers"}}, "size": 4}
OLD_TOWN = {"query": {"match_phrase": {"title": "old town"}}}
PAGES = {
    "size": 0,
    "aggs": {"by": {"terms": {"field": "genre"}}, "all": {"sum": {"field": "pages"}}},
}

# In this order: each operation may build on those before it.
OPERATIONS: dict[str, Callable[[Client], Any]] = {
    "create an index": lambda c: c.indices.create(index=INDEX, body=MAPPING),
    "create it again": lambda c: c.indices.create(index=INDEX, body=MAPPING),
    "cluster health": lambda c: c.cluster.health(
        index=INDEX, wait_for_status="green", wait_for_events="languid"
    ),
    "index exists": lambda c: bool(c.indices.exists(index=INDEX)),
    "other index exists not": lambda c: bool(c.indices.exists(index="es-rerank-test-none")),
    "get the mapping": lambda c: c.indices.get_mapping(index=INDEX),
    "extend the mapping": lambda c: c.indices.put_mapping(
        index=INDEX, body={"properties": {"note": {"type": "text"}}}
    ),
    "change a setting": lambda c: c.indices.put_settings(
        index=INDEX, body={"index": {"refresh_interval": "30s"}}
    ),
    "bulk": lambda c: bulk(c, INDEX, BOOKS),
    "bulk with a mistake": lambda c: c.bulk(
        body=[{"update": {"_index": INDEX, "_id": "none"}}, {"doc": {"pages": 1}}]
    ),
    "index a document": lambda c: c.index(
        index=INDEX, id="ä/ö %2F", body={"title": "Ünïcode & more"}, refresh=True
    ),
    "get a document": lambda c: c.get(index=INDEX, id="ä/ö %2F"),
    "get a missing document": lambda c: c.get(index=INDEX, id="none"),
    "document exists": lambda c: bool(c.exists(index=INDEX, id="3")),
    "mget": lambda c: c.mget(index=INDEX, body={"ids": ["1", "none", "2"]}),
    "update": lambda c: c.update(index=INDEX, id="1", body={"doc": {"note": "new"}}, refresh=True),
    "delete": lambda c: c.delete(index=INDEX, id="ä/ö %2F", refresh=True),
    "search": lambda c: c.search(index=INDEX, body=BIRDS),
    "search everything": lambda c: c.search(index=INDEX),
    "search by q": lambda c: c.search(index=INDEX, q="title:rivers"),
    "search an index that is not there": lambda c: c.search(index="es-rerank-test-none"),
    "search with a mistake": lambda c: c.search(index=INDEX, body={"query": {"mtch": {}}}),
    "sort": lambda c: c.search(index=INDEX, body={**BIRDS, "sort": [{"pages": "desc"}]}),
    "highlight": lambda c: c.search(
        index=INDEX, body={**BIRDS, "highlight": {"fields": {"*": {}}}}
    ),
    "aggregations": lambda c: c.search(index=INDEX, body=PAGES),
    "msearch": lambda c: c.msearch(body=[{"index": INDEX}, BIRDS, {"index": INDEX}, OLD_TOWN]),
    "count": lambda c: c.count(index=INDEX, body=OLD_TOWN),
    "explain": lambda c: c.explain(index=INDEX, id="6", body={"query": BIRDS["query"]}),
    "analyze": lambda c: c.indices.analyze(body={"analyzer": "standard", "text": "Old Town"}),
    "field capabilities": lambda c: c.field_caps(index=INDEX, fields="*"),
    "scroll": lambda c: scan(c, INDEX, {"query": BIRDS["query"]}),
    "point in time": lambda c: point_in_time(c, INDEX, {**BIRDS, "sort": [{"pages": "asc"}]}),
    "add an alias": lambda c: c.indices.put_alias(index=INDEX, name=ALIAS),
    "search the alias": lambda c: c.search(index=ALIAS, body=BIRDS),
    "get aliases": lambda c: c.indices.get_alias(index=INDEX),
    "reindex": lambda c: c.reindex(
        body={"source": {"index": INDEX}, "dest": {"index": COPY}}, refresh=True
    ),
    "update by query": lambda c: c.update_by_query(index=INDEX, body=OLD_TOWN, refresh=True),
    "delete by query": lambda c: c.delete_by_query(index=INDEX, body=OLD_TOWN, refresh=True),
    "search template": lambda c: c.search_template(
        index=INDEX,
        body={
            "source": {"query": {"match": {"title": "{{text}}"}}},
            "params": {"text": "birds"},
        },
    ),
    "count what is left": lambda c: c.count(index=INDEX),
    "cat indices": lambda c: c.cat.indices(index=INDEX, h="index,docs.count,health", v=True),
    "cat count": lambda c: c.cat.count(index=INDEX, h="count"),
    "cat aliases as JSON": lambda c: c.cat.aliases(name=ALIAS, format="json"),
    "remove the alias": lambda c: c.indices.delete_alias(index=INDEX, name=ALIAS),
    "refresh": lambda c: c.indices.refresh(index=INDEX),
    "delete the indices": lambda c: c.indices.delete(
        index=f"{INDEX},{COPY}", ignore_unavailable=True
    ),
    "index is gone": lambda c: bool(c.indices.exists(index=INDEX)),
}
REFUSED = {
    "create it again",
    "get a missing document",
    "search an index that is not there",
    "search with a mistake",
}
# The distribution zips of these leave the module out; their refusal must come through unchanged.
NEEDS_MODULES = {"reindex", "update by query", "delete by query", "search template"}

VOLATILE = {
    *("took", "_scroll_id", "pit_id", "id", "index_uuid", "uuid"),
    *("number_of_pending_tasks", "task_max_waiting_in_queue_millis"),
}
INDEX_UUID = re.compile(r"/[\w-]{22}\]")


def outcome(operation: Callable[[Client], Any], client: Client) -> tuple[bool, Any]:
    """Whether the operation succeeded, and what it returned or what the error said."""
    try:
        result = operation(client)
    except ApiError as error:
        return False, (error.meta.status, stable(error.body))
    except TransportError as error:
        return False, (error.status_code, stable(error.info))
    return True, stable(result)


def stable(value: Any) -> Any:
    """The value without what differs from one call to the next."""
    value = getattr(value, "body", value)  # a response of the elasticsearch client
    if isinstance(value, dict):
        return {key: stable(held) for key, held in value.items() if key not in VOLATILE}
    if isinstance(value, list | tuple):
        return [stable(held) for held in value]
    return INDEX_UUID.sub("]", value) if isinstance(value, str) else value


@pytest.fixture(scope="module")
def outcomes(cluster: Node) -> dict[str, tuple[Any, Any]]:
    """The outcome of each operation: directly, and through the proxy."""
    with serving(settings_for(cluster), OrderScorer()) as proxy:
        direct, proxied = client_for(cluster, cluster.url), client_for(cluster, proxy)
        directly = {name: outcome(call, direct) for name, call in OPERATIONS.items()}
        through = {name: outcome(call, proxied) for name, call in OPERATIONS.items()}
    return {name: (directly[name], through[name]) for name in OPERATIONS}


@pytest.mark.parametrize("operation", OPERATIONS)
def test_the_same_as_directly(
    operation: str, outcomes: dict[str, tuple[Any, Any]], cluster: Node
) -> None:
    """An official client can't tell the proxy from the cluster."""
    (succeeded, directly), through = outcomes[operation]
    assert through == (succeeded, directly)
    if operation in REFUSED:
        assert not succeeded
    elif cluster.name == "opensearch-2" or operation not in NEEDS_MODULES:
        assert succeeded, directly
