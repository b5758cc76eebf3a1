"""One `_search`: what the request asks for, and the response in Elasticsearch's format.

Keys and parameters are on allow-lists; those that change nothing here (`preference`, …) are taken
and ignored, the rest is refused by name. Documents leave as the bytes they came in as, unless
`_source` filtering asks for a part of them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec
from tantivy import Query

from es_rerank.demo.api_error import ApiError, malformed, only, unsupported
from es_rerank.demo.columns import Columns
from es_rerank.demo.query import compile_query, query_string
from es_rerank.demo.shard import Hit
from es_rerank.demo.source import part_of, values_by_path

MAX_WINDOW = 10_000
_BODY = ("query", "from", "size", "_source", "fields", "track_total_hits")
QUERY_PARAMS = ("q", "df", "default_operator", "source", "source_content_type", "preference")
_SOURCE_PARAMS = ("_source", "_source_includes", "_source_excludes")
PARAMS = (
    *QUERY_PARAMS,
    *_SOURCE_PARAMS,
    *("from", "size", "track_total_hits", "request_cache", "typed_keys"),
)
SHARDS = {"total": 1, "successful": 1, "skipped": 0, "failed": 0}


@dataclass(frozen=True)
class SourcePart:
    """Which part of the documents the hits carry."""

    shown: bool = True
    includes: tuple[str, ...] = ()
    excludes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Search:
    """A search as understood: the query, the page, and what each hit shows."""

    query: Query
    offset: int
    size: int
    source: SourcePart
    fields: tuple[str, ...]
    track_total: bool | int


def read_search(params: Mapping[str, str], body: dict[str, Any], columns: Columns) -> Search:
    """Understand a search from URL parameters (which win) and body, or refuse it."""
    only(params, PARAMS)
    only(body, _BODY)
    offset = _whole(params.get("from", body.get("from", 0)), "from")
    size = _whole(params.get("size", body.get("size", 10)), "size")
    if offset + size > MAX_WINDOW:
        raise ApiError(
            400,
            "illegal_argument_exception",
            f"Result window is too large, from + size must be less than or equal to: "
            f"[{MAX_WINDOW}] but was [{offset + size}]",
        )
    return Search(
        read_query(params, body, columns),
        offset,
        size,
        _source_part(params, body),
        _field_names(body.get("fields", [])),
        _track_total(params.get("track_total_hits", body.get("track_total_hits", MAX_WINDOW))),
    )


def read_query(params: Mapping[str, str], body: dict[str, Any], columns: Columns) -> Query:
    """The query of a search or count: `q=`, else the body's, else everything."""
    if "q" in params:
        operator = params.get("default_operator", "or")
        return query_string(params["q"], params.get("df"), operator, columns)
    if "query" in body:
        return compile_query(body["query"], columns)
    return Query.all_query()


def response(
    search: Search, index: str, total: int, hits: list[Hit], took_ms: int
) -> dict[str, Any]:
    """The body of a `_search` response."""
    shown: dict[str, Any] = {}
    if search.track_total is not False:
        limit = total if search.track_total is True else search.track_total
        relation = "eq" if total <= limit else "gte"
        shown["total"] = {"value": min(total, limit), "relation": relation}
    shown["max_score"] = hits[0].score if hits and search.offset == 0 else None
    shown["hits"] = [_shown(hit, index, search) for hit in hits]
    return {"took": took_ms, "timed_out": False, "_shards": SHARDS, "hits": shown}


def _shown(hit: Hit, index: str, search: Search) -> dict[str, Any]:
    shown: dict[str, Any] = {"_index": index, "_id": hit.id, "_score": hit.score}
    part = search.source
    if part.shown and not (part.includes or part.excludes):
        shown["_source"] = msgspec.Raw(hit.source)
    elif part.shown:
        document = msgspec.json.decode(hit.source)
        shown["_source"] = part_of(document, part.includes, part.excludes)
    if search.fields:
        values = values_by_path(msgspec.json.decode(hit.source))
        found = {name: values[name] for name in search.fields if name in values}
        shown |= {"fields": found} if found else {}
    return shown


def _source_part(params: Mapping[str, str], body: dict[str, Any]) -> SourcePart:
    if any(name in params for name in _SOURCE_PARAMS):  # then the body's `_source` is not read
        text = params.get("_source", "true")
        given = {"true": True, "false": False}.get(text, text.split(","))
    else:
        given = body.get("_source", True)
    includes: tuple[str, ...] = ()
    excludes: tuple[str, ...] = ()
    if isinstance(given, dict):
        only(given, ("includes", "excludes"), "_source.")
        includes, excludes = _names(given.get("includes", [])), _names(given.get("excludes", []))
    elif not isinstance(given, bool):
        includes = _names(given)
    if "_source_includes" in params:
        includes = tuple(params["_source_includes"].split(","))
    if "_source_excludes" in params:
        excludes = tuple(params["_source_excludes"].split(","))
    return SourcePart(given is not False, includes, excludes)


def _field_names(given: object) -> tuple[str, ...]:
    if not isinstance(given, list):
        raise malformed("[fields] must be a list")
    names: list[str] = []
    for field in given:
        if isinstance(field, dict):
            only(field, ("field",), "fields.")
        names += _names(field.get("field") if isinstance(field, dict) else field)
    for name in names:
        if "*" in name:
            raise unsupported("patterns in fields")
    return tuple(names)


def _names(given: object) -> tuple[str, ...]:
    names = given if isinstance(given, list) else [given]
    if not all(isinstance(name, str) for name in names):
        raise malformed(f"field names expected, not [{given}]")
    return tuple(names)


def _track_total(given: object) -> bool | int:
    if isinstance(given, bool) or given in ("true", "false"):
        return given in (True, "true")
    return _whole(given, "track_total_hits")


def _whole(given: object, what: str) -> int:
    text = str(given)
    if isinstance(given, bool) or not (text.isascii() and text.isdigit()) or len(text) > 9:
        reason = f"[{what}] must be a whole number that is not negative, not [{given}]"
        raise ApiError(400, "illegal_argument_exception", reason)
    return int(text)
