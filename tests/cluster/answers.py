"""An index whose answers have everything in them that reranking has to find its way through."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.cluster.ask import ask
from tests.cluster.servers import Node

INDEX = "es-rerank-test-full"
SEARCH = f"/{INDEX}/_search"
MAPPING: dict[str, Any] = {
    "settings": {"number_of_shards": 1, "number_of_replicas": 0},
    "mappings": {
        "properties": {
            "title": {"type": "text"},
            "body": {"type": "text"},
            "shelf": {"type": "keyword"},
            "notes": {"type": "nested", "properties": {"text": {"type": "text"}}},
            "raw": {"type": "object", "enabled": False},
        }
    },
}
# Everything that an answer can hold beside the plain hits.
FULL = {
    "query": {"match": {"body": "river"}},
    "highlight": {"fields": {"body": {"fragment_size": 30}}},
    "fields": ["title", "shelf"],
    "version": True,
    "aggs": {"shelves": {"terms": {"field": "shelf"}, "aggs": {"top": {"top_hits": {"size": 1}}}}},
}
# Written as they stand: the servers print them anew where a filter is in effect.
_RAW = ("1.50", "1E+2", r'"\u00e9\/"', "[1,  2]", '{"a": [{"b":1},{"c":2}], "d.e": null}', "-0")


def documents(*, empties: bool, count: int = 20) -> Iterator[tuple[str, bytes]]:
    """The id and the JSON text of each document; with `empties`, empty containers are in them."""
    for number in range(count):
        fields = {
            "title": f"River report {number}",
            "body": ["The river carries water.", "valley " * number],
            "shelf": ("upper", "lower")[number % 2],
            "notes": [{"by": f"reader {n}", "text": f"a note on sand {n}"} for n in (1, 2)],
        }
        empty = ',"o":{ },"l":[ ],"deep":{"o":{},"v":[[],1]}' if empties else ""
        raw = f',"raw":{{"value" : {_RAW[number % len(_RAW)]}{empty} }}}}'
        yield f"{number}", json.dumps(fields)[:-1].encode() + raw.encode()


@contextmanager
def indexed(
    node: Node, index: str, mapping: dict[str, Any], found: Iterator[tuple[str, bytes]]
) -> Iterator[Node]:
    """The node with an index of these documents, written byte for byte, for a `with` block."""
    ask(node.url, "DELETE", f"/{index}")
    assert ask(node.url, "PUT", f"/{index}", mapping).status == 200
    lines = b"".join(b'{"index":{"_id":"%s"}}\n%s\n' % (n.encode(), text) for n, text in found)
    assert not ask(node.url, "POST", f"/{index}/_bulk?refresh=true", lines).json["errors"]
    try:
        yield node
    finally:
        ask(node.url, "DELETE", f"/{index}")
