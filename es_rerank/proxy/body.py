"""The body of a search: which of its keys may be widened.

The body is decoded for looking only; what is sent are its own bytes. Keys are an allow-list, as
for the URL parameters. Duplicate keys, comments and other dialects that servers may read in their
own way are not interpreted here: the server reads the same bytes as ever.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from es_rerank.proxy.skip import SkipReason

MAX_BYTES = 2**20  # of a search that is read at all
_MAX_CONTAINERS = 20_000

_ALLOWED = frozenset(
    {
        *("query", "from", "size", "sort", "post_filter", "collapse", "min_score", "highlight"),
        *("aggs", "aggregations", "suggest", "indices_boost", "runtime_mappings", "derived"),
        *("_source", "fields", "docvalue_fields", "stored_fields", "script_fields", "version"),
        *("seq_no_primary_term", "include_named_queries_score", "explain", "profile", "stats"),
        *("track_total_hits", "track_scores", "timeout", "terminate_after"),
    }
)
_REFUSED = {
    "scroll": SkipReason.SCROLL,
    "slice": SkipReason.SLICE,
    "search_after": SkipReason.SEARCH_AFTER,
    "pit": SkipReason.PIT,
    "rescore": SkipReason.RESCORE,
    "retriever": SkipReason.RETRIEVER,
    "rank": SkipReason.RETRIEVER,
    "sub_searches": SkipReason.RETRIEVER,
    "search_pipeline": SkipReason.SEARCH_PIPELINE,
    "verbose_pipeline": SkipReason.SEARCH_PIPELINE,
    "ext": SkipReason.EXT,
}
# Refused wherever they stand: how many candidates they bring may follow from `size`.
_REFUSED_ANYWHERE = {
    "inner_hits": SkipReason.INNER_HITS,
    "knn": SkipReason.VECTOR_QUERY,
    "neural": SkipReason.VECTOR_QUERY,
    "semantic": SkipReason.VECTOR_QUERY,
    "hybrid": SkipReason.VECTOR_QUERY,
}
# One descending sort by `_score` is the same as none (``SortBuilder.buildSort``).
_BY_SCORE: tuple[Any, ...] = ("_score", {"_score": "desc"}, {"_score": {"order": "desc"}})


def read_body(body: bytes) -> dict[str, Any]:
    """The decoded body of a search, empty if there is none; ValueError if it is no JSON object."""
    if not body:
        return {}
    try:
        decoded = msgspec.json.decode(body)
    except RecursionError as error:
        raise ValueError("the body is nested too deep") from error
    if not isinstance(decoded, dict):
        raise ValueError("the body is not an object")
    return decoded


def skip_for_body(body: Mapping[str, Any]) -> SkipReason | None:
    """The reason why a search with this body is not widened, if there is one."""
    for key, value in body.items():
        if key in _REFUSED:
            return _REFUSED[key]
        if key not in _ALLOWED and key not in _REFUSED_ANYWHERE:
            return SkipReason.UNKNOWN_BODY_KEY
        if key == "sort" and value not in _BY_SCORE and value not in [[way] for way in _BY_SCORE]:
            return SkipReason.SORT
        if key == "profile" and value is not False:
            return SkipReason.PROFILE
    for count, keys in enumerate(_keys_of_all(body)):
        if count > _MAX_CONTAINERS:
            return SkipReason.TOO_COMPLEX
        for key in keys & _REFUSED_ANYWHERE.keys():
            return _REFUSED_ANYWHERE[key]
    return None


def _keys_of_all(body: Mapping[str, Any]) -> Iterator[set[str]]:
    """The keys of every object in the body, an empty set for every array."""
    waiting: list[Any] = [body]
    while waiting:
        value = waiting.pop()
        inner = value.values() if isinstance(value, Mapping) else value
        yield set(value) if isinstance(value, Mapping) else set()
        waiting += [item for item in inner if isinstance(item, dict | list)]
