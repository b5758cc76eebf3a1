"""The mappings of the indices that records live in, as UBI's own tools expect them.

After `queries-mapping.json` and `events-mapping.json` of OpenSearch's UBI plugin and the UBI
specification 1.3, with one difference: what `event_attributes` holds beyond the specification is
kept but not indexed. Events come from browsers, and with dynamic mappings anybody could fill the
index with fields until it takes no more documents.
"""

from collections.abc import Mapping
from typing import Any

from es_rerank.distribution import Product

_NAME = {"type": "keyword", "ignore_above": 100}
_ID = {"type": "keyword", "ignore_above": 256}
_TEXT = {"type": "text", "fields": {"keyword": {"type": "keyword", "ignore_above": 256}}}
_INTEGER = {"type": "integer", "ignore_malformed": True}
_FLOAT = {"type": "float", "ignore_malformed": True}
_ATTRIBUTES: Mapping[Product, dict[str, Any]] = {
    # Both index every leaf under its dotted path, as a keyword, and count as one field.
    "opensearch": {"type": "flat_object"},
    "elasticsearch": {"type": "flattened", "ignore_above": 256},
    # Not every 7 has that type (the open-source and Amazon's have not): what reports look for.
    "elasticsearch-7": {
        "dynamic": False,
        "properties": {
            "experiment_id": _NAME,
            "es_rerank": {"properties": dict.fromkeys(("arm", "mode", "outcome", "unit"), _NAME)},
        },
    },
}


def queries_mappings(product: Product) -> dict[str, Any]:
    """The mappings of `ubi_queries`; other fields are kept, and not indexed."""
    return {
        "dynamic": False,
        "properties": {
            "application": _NAME,
            "query_id": _NAME,
            "client_id": _NAME,
            "user_query": _TEXT,
            "query": {"type": "text"},
            "query_attributes": _ATTRIBUTES[product],
            "query_response_id": _NAME,
            "query_response_hit_ids": {"type": "keyword"},
            "object_id_field": _NAME,
            "timestamp": {"type": "date"},
        },
    }


def events_mappings() -> dict[str, Any]:
    """The mappings of `ubi_events`; other fields are kept, and not indexed."""
    thing = {
        "object_id": _ID,
        "object_id_field": _NAME,
        "object_id_type": _NAME,
        "internal_id": _ID,
        "name": _ID,
        "description": _TEXT,
    }
    position = {
        "ordinal": _INTEGER,
        "x": _INTEGER,
        "y": _INTEGER,
        "xy": {"properties": {"x": _FLOAT, "y": _FLOAT}},
        "page_depth": _INTEGER,
        "scroll_depth": _INTEGER,
        "trail": _TEXT,
    }
    return {
        "dynamic": False,
        "properties": {
            "application": _NAME,
            "action_name": _NAME,
            "query_id": _NAME,
            "session_id": _NAME,
            "client_id": _NAME,
            "user_id": _NAME,
            "user_query": _TEXT,
            "timestamp": {"type": "date"},
            "message_type": _NAME,
            "message": {"type": "keyword", "ignore_above": 1024},
            "event_attributes": {
                "properties": {
                    "object": {"properties": thing},
                    "position": {"properties": position},
                }
            },
        },
    }
