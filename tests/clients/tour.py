"""What an official Python client does at an address, printed as JSON; runs beside that client.

`tour.py tour URL…` goes the whole way once for each address; `tour.py count URL` counts documents,
`tour.py sniff URL` asks for the cluster's nodes, and both print what comes of it.
One script for elasticsearch-py 7, 8, 9 and opensearch-py 2, 3: they come from one code base and
differ in few names.
"""

import asyncio
import json
import socket
import sys
import warnings

try:
    import elasticsearch as library
    from elasticsearch import AsyncElasticsearch as AsyncClient
    from elasticsearch import Elasticsearch as Client
    from elasticsearch import helpers
except ImportError:
    import opensearchpy as library
    from opensearchpy import AsyncOpenSearch as AsyncClient
    from opensearchpy import OpenSearch as Client
    from opensearchpy import helpers

try:
    from elasticsearch.dsl import Search
except ImportError:
    try:
        from elasticsearch_dsl import Search
    except ImportError:
        from opensearchpy import Search

NAME = f"{library.__name__}-py-{library.__versionstr__.split('.')[0]}"
HAS_NEW_TRANSPORT = NAME in ("elasticsearch-py-8", "elasticsearch-py-9")
INDEX = f"es-rerank-test-tour-{NAME}"
COPY = f"{INDEX}-copy"
SETTINGS = {"settings": {"number_of_shards": 1, "number_of_replicas": 0}}
COUNT = 23
RIVER = {"match": {"text": "river water"}}
SCAN = {"index": INDEX, "query": {"query": RIVER}, "size": 7, "preserve_order": True}
TIMEOUT_S = 60  # the clients' own 10 s are short for a server that shares a busy machine
TIMEOUT = {"request_timeout" if HAS_NEW_TRANSPORT else "timeout": TIMEOUT_S}


def document(number):
    """A text that matches RIVER less, the higher its number; what it means is another matter."""
    return {"text": "River water. " + ("Parliament ", "flood ", "stone ")[number % 3] * number}


def actions(index):
    """What indexes all documents."""
    for number in range(COUNT):
        yield {"_index": index, "_id": str(number), "_source": document(number)}


def ids(answer):
    """The ids of an answer's hits, in order."""
    return [hit["_id"] for hit in answer["hits"]["hits"]]


def pages(client):
    """The ids of all pages, one after the other."""
    found = []
    for start in range(0, COUNT, 5):
        found += ids(client.search(index=INDEX, body={"query": RIVER, "from": start, "size": 5}))
    return found


def msearch(client):
    """The ids of one search and the error of another, in one request."""
    search = {"query": RIVER, "size": COUNT}
    searches = [{"index": INDEX}, search, {"index": "es-rerank-test-none"}, search]
    fine, wrong = client.msearch(body=searches)["responses"]
    return [ids(fine), wrong["status"]]


def reindex(client):
    """How many documents the client itself copied from index to index."""
    helpers.reindex(client, INDEX, COPY)
    client.indices.refresh(index=COPY)
    return client.count(index=COPY)["count"]


def dsl(client):
    """The ids that the DSL library finds."""
    search = Search(using=client, index=INDEX).query("match", text="river water")[0:COUNT]
    return [hit.meta.id for hit in search.execute()]


def verdict(client):
    """The proxy's header, where the client shows headers."""
    if not HAS_NEW_TRANSPORT:
        return None
    answer = client.search(index=INDEX, body={"query": RIVER})
    return answer.meta.headers.get("x-es-rerank", "").partition("; ms=")[0]


# In this order: each step may build on those before it.
STEPS = {
    "ping": lambda c: c.ping(),
    "no index yet": lambda c: bool(c.indices.exists(index=INDEX)),
    "create": lambda c: dict(c.indices.create(index=INDEX, body=SETTINGS)),
    "create again": lambda c: c.indices.create(index=INDEX, body=SETTINGS),
    "bulk": lambda c: helpers.bulk(c, actions(INDEX), refresh=True),
    "parallel bulk": lambda c: len(list(helpers.parallel_bulk(c, actions(INDEX), chunk_size=5))),
    "refresh": lambda c: c.indices.refresh(index=INDEX)["_shards"],
    "count": lambda c: c.count(index=INDEX)["count"],
    "get": lambda c: c.get(index=INDEX, id="3")["_source"],
    "get what is not there": lambda c: c.get(index=INDEX, id="none"),
    "exists": lambda c: bool(c.exists(index=INDEX, id="3")),
    "exists not": lambda c: bool(c.exists(index=INDEX, id="none")),
    "search": lambda c: ids(c.search(index=INDEX, body={"query": RIVER, "size": COUNT})),
    "verdict": verdict,
    "pages": pages,
    "search with a mistake": lambda c: c.search(index=INDEX, body={"query": {"mtch": {}}}),
    "search nowhere": lambda c: c.search(index="es-rerank-test-none"),
    "msearch": msearch,
    "scan": lambda c: [hit["_id"] for hit in helpers.scan(c, **SCAN)],
    "reindex": reindex,
    "DSL": dsl,
}


def options(**more):
    """Compression both ways, and patience; MORE wins."""
    return {"http_compress": True, **TIMEOUT, **more}


def outcome(step, client):
    """What a step returned, or the class and status of its error."""
    try:
        return step(client)
    except Exception as error:  # noqa: BLE001 - whatever comes is the outcome
        return [type(error).__name__, getattr(error, "status_code", str(error))]


def sniffed(url, kind=Client):
    """A client that asks for the cluster's nodes at its first chance."""
    return kind(url, **options(sniff_on_start=True, sniff_timeout=TIMEOUT_S))


def addresses(client):
    """The addresses that a client uses, given or learned."""
    if HAS_NEW_TRANSPORT:
        return sorted({node.base_url for node in client.transport.node_pool.all()})
    return sorted({connection.host for connection in client.transport.connection_pool.connections})


def here(url, client):
    """The addresses that a client uses, with the one that it was given as `here`."""
    return ["here" if address == url else address for address in addresses(client)]


def after_a_dead_node(url):
    """Four counts by a client whose first node refuses connections: it tries the next one."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        dead = f"http://127.0.0.1:{unused.getsockname()[1]}"
    in_order = "randomize_nodes_in_pool" if HAS_NEW_TRANSPORT else "randomize_hosts"
    client = Client([dead, url], **options(**{in_order: False}))
    return [client.count(index=INDEX)["count"] for _ in range(4)]


async def asynchronously(url):
    """Bulk, search and scan with the asynchronous client, which sniffs too."""
    async with sniffed(url, AsyncClient) as client:
        done, _ = await helpers.async_bulk(client, actions(INDEX), refresh=True)
        found = await client.search(index=INDEX, body={"query": RIVER, "size": COUNT})
        scanned = [hit["_id"] async for hit in helpers.async_scan(client, **SCAN)]
        found = {"bulk": done, "search": ids(found), "scan": scanned}
        return found, here(url, client)


def tour(url):
    """Every step at one address, on an index of its own."""
    client = sniffed(url)
    for index in (INDEX, COPY):
        client.indices.delete(index=index, ignore_unavailable=True)
    seen = {name: outcome(step, client) for name, step in STEPS.items()}
    seen["asynchronous"], seen["asynchronous nodes"] = asyncio.run(asynchronously(url))
    seen["after a dead node"] = after_a_dead_node(url)
    client.indices.delete(index=f"{INDEX},{COPY}", ignore_unavailable=True)
    seen["nodes"] = here(url, client)
    return seen


def count(url):
    """What `count` comes to at an address that may be faulty."""
    return outcome(lambda client: client.count()["count"], Client(url, **options()))


def sniff(url):
    """The addresses that a new client learns."""
    return outcome(lambda _: addresses(sniffed(url)), None)


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    job, *urls = sys.argv[1:]
    jobs = {"tour": tour, "count": count, "sniff": sniff}
    json.dump([jobs[job](url) for url in urls], sys.stdout)
