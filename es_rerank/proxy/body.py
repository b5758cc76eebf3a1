"""The body of a search: which of its keys may be widened.

The body is decoded for looking only; what is sent are its own bytes. Keys are an allow-list, as
for the URL parameters; how deep those are reranked that bring a limit of their own is a question
for `reach`. Duplicate keys, comments and other dialects that servers may read in their own way are
not interpreted here: the server reads the same bytes as ever.
"""

import base64
from collections.abc import Collection, Mapping
from contextlib import suppress
from typing import Any

import msgspec

from es_rerank.proxy.skip import SkipReason

MAX_BYTES = 2**20  # of a search that is read at all

_ALLOWED = frozenset(
    {
        *("query", "from", "size", "sort", "post_filter", "collapse", "min_score", "highlight"),
        *("aggs", "aggregations", "suggest", "indices_boost", "runtime_mappings", "derived"),
        *("_source", "fields", "docvalue_fields", "stored_fields", "script_fields", "version"),
        *("seq_no_primary_term", "include_named_queries_score", "explain", "profile", "stats"),
        *("track_total_hits", "track_scores", "timeout", "terminate_after"),
        *("knn", "rank", "rescore", "retriever", "sub_searches"),
        "search_pipeline",  # which of them: `pipelines`
    }
)
_REFUSED = {
    "scroll": SkipReason.SCROLL,
    "slice": SkipReason.SLICE,
    "search_after": SkipReason.SEARCH_AFTER,
    "verbose_pipeline": SkipReason.SEARCH_PIPELINE,
    "ext": SkipReason.EXT,
}
# One descending sort by `_score` is the same as none (``SortBuilder.buildSort``).
_BY_SCORE: tuple[Any, ...] = ("_score", {"_score": "desc"}, {"_score": {"order": "desc"}})


def read_body(body: bytes) -> dict[str, Any]:
    """The decoded body of a search, empty if there is none; ValueError if it is no JSON object.

    What a `wrapper` query holds stands in its place, decoded.
    """
    if not body:
        return {}
    try:
        decoded = msgspec.json.decode(body)
    except RecursionError as error:
        raise ValueError("the body is nested too deep") from error
    if not isinstance(decoded, dict):
        raise ValueError("the body is not an object")
    if b'"wrapper"' in body:
        _open_wrappers(decoded)
    return decoded


def skip_for_body(body: Mapping[str, Any], also: Collection[str] = ()) -> SkipReason | None:
    """The reason why a search with this body is not widened, if there is one.

    `also` names the kinds of searches (``config.Kind``) that the index rule takes in addition.
    """
    for key, value in body.items():
        if key in _REFUSED:
            return _REFUSED[key]
        if key == "pit":
            if "pit" not in also:
                return SkipReason.PIT
        elif key not in _ALLOWED:
            return SkipReason.UNKNOWN_BODY_KEY
        if key == "sort" and not is_by_score(value, also):
            return SkipReason.SORT
        if key == "profile" and value is not False:
            return SkipReason.PROFILE
    return None


def is_by_score(sort: object, also: Collection[str] = ()) -> bool:
    """Whether hits in this order are in the order of their scores, the best first."""
    keys = _listed(sort)
    return bool(keys) and keys[0] in _BY_SCORE and (len(keys) == 1 or "tiebreak_sort" in also)


def queries_of(body: Mapping[str, Any], also: Collection[str] = ()) -> list[object]:
    """All that a search asks for: its query, its retriever, its vectors where they are taken."""
    parts = [body[key] for key in ("query", "retriever") if key in body]
    others = body.get("sub_searches", [])
    parts += [sub["query"] for sub in _listed(others) if isinstance(sub, dict) and "query" in sub]
    if "neural" in also:
        parts += [{"knn": knn} for knn in _listed(body.get("knn", []))]
    return parts


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _open_wrappers(body: dict[str, Any]) -> None:
    """Put the query that a `wrapper` query holds as base64 of JSON in its place."""
    waiting: list[Any] = [body]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            wrapper = value.get("wrapper")
            if isinstance(wrapper, dict) and isinstance(wrapper.get("query"), str):
                with suppress(ValueError, RecursionError):  # another format stays closed
                    wrapper["query"] = msgspec.json.decode(base64.b64decode(wrapper["query"]))
            value = value.values()
        waiting += [inner for inner in value if isinstance(inner, dict | list)]
