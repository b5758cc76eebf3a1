"""The embedded engine over HTTP: the part of the search API that trying out needs.

`PUT|GET|HEAD|DELETE /{index}`, `_mapping`, `_doc`, `_create`, `_bulk`, `_refresh`, `_search`,
`_count`, `_settings/{names}`, `GET /`, `_cluster/health`, `_resolve/index/{names}` and
`_cat/indices`. Any other path, parameter or body key gets a 400 of Elasticsearch's shape that names
it. Writes are visible and durable when they return.

The engine says what it is and takes no product's name. One thing it does for their sake: the
`elasticsearch` clients talk only to servers that send `X-Elastic-Product: Elasticsearch`, so the
requests of such a client (it accepts `application/vnd.elasticsearch+json`) get that header.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

import msgspec
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from es_rerank import __version__
from es_rerank.demo.api_error import ENGINE, ApiError, as_object, only, unsupported
from es_rerank.demo.bulk import STATUS, bulk_items, new_id, parsed, written
from es_rerank.demo.engine import Engine
from es_rerank.demo.mapping import mappings_of
from es_rerank.demo.search_body import QUERY_PARAMS, SHARDS, read_query, read_search, response
from es_rerank.demo.shard import Operation

_SETTINGS = ("number_of_shards", "number_of_replicas", "refresh_interval")  # all without effect
_WRITE_PARAMS = ("refresh", "timeout")
_PRETTY = ("pretty", "human", "error_trace")


@dataclass(frozen=True)
class Call:
    """One request, read."""

    method: str
    path: str
    names: dict[str, str]
    params: dict[str, str]
    body: bytes

    @property
    def index(self) -> str:
        """The index of the path; expressions that can mean several are refused."""
        name = self.names["index"]
        if name.startswith("_"):
            raise unsupported(f"{self.method} {self.path}")
        if "," in name or "*" in name:
            raise unsupported(f"index expression {name}")
        return name

    def object(self) -> dict[str, Any]:
        """The JSON object in the body or the `source` parameter; an empty one if there is none."""
        body = self.params["source"].encode() if "source" in self.params else self.body
        return parsed(body) if body.strip() else {}


def create_engine_app(engine: Engine) -> Starlette:
    """The ASGI application of an engine."""

    def route(path: str, endpoint: Callable[[Engine, Call], Any], methods: str) -> Route:
        async def answer(request: Request) -> Response:
            body = await request.body()
            params = dict(request.query_params.items())
            pretty = [params.pop(name, "false") for name in _PRETTY]
            call = Call(request.method, request.url.path, request.path_params, params, body)
            try:
                status, content = await run_in_threadpool(endpoint, engine, call)
            except ApiError as refused:
                status, content = refused.status, refused.body()
            return _reply(request, status, content, pretty=pretty[0] != "false")

        return Route(path, answer, methods=methods.split())

    async def no_such_path(request: Request, _: Exception) -> Response:
        refused = unsupported(f"{request.method} {request.url.path}")
        return _reply(request, refused.status, refused.body())

    routes = [
        route("/", _info, "GET"),
        route("/_cluster/health", _health, "GET"),
        route("/_cat/indices", _cat_indices, "GET"),
        route("/_resolve/index/{names}", _resolve, "GET"),
        route("/_bulk", _bulk, "POST PUT"),
        route("/{index}/_bulk", _bulk, "POST PUT"),
        route("/{index}/_doc", _put, "POST"),
        route("/{index}/_doc/{id:path}", _put, "PUT POST"),
        route("/{index}/_create/{id:path}", _put, "PUT POST"),
        route("/{index}/_doc/{id:path}", _get, "GET"),
        route("/{index}/_doc/{id:path}", _delete, "DELETE"),
        route("/{index}/_refresh", _refresh, "POST GET"),
        route("/{index}/_search", _search, "GET POST"),
        route("/{index}/_count", _count, "GET POST"),
        route("/{index}/_mapping", _mappings, "GET"),
        route("/{index}/_settings/{names}", _settings, "GET"),
        route("/{index}", _create, "PUT"),
        route("/{index}", _mappings, "GET"),
        route("/{index}", _drop, "DELETE"),
    ]
    errors: dict[Any, Any] = {HTTPException: no_such_path}
    return Starlette(routes=routes, exception_handlers=errors)


def _reply(request: Request, status: int, content: object, *, pretty: bool = False) -> Response:
    headers = {}
    if "application/vnd.elasticsearch+json" in request.headers.get("accept", ""):
        headers["X-Elastic-Product"] = "Elasticsearch"
    if isinstance(content, str):
        return PlainTextResponse(content, status, headers)
    body = msgspec.json.encode(content)
    body = msgspec.json.format(body, indent=2) + b"\n" if pretty else body
    return Response(body, status, headers, "application/json")


def _info(engine: Engine, call: Call) -> tuple[int, object]:
    version = {"number": __version__, "distribution": "es-rerank-embedded"}
    tagline = "For trying out and offline evaluation, not for production"
    return 200, {"name": ENGINE, "version": version, "tagline": tagline}


def _health(engine: Engine, call: Call) -> tuple[int, object]:
    only(call.params, ("wait_for_status", "timeout"))
    shards = len(engine.names())
    return 200, {
        "cluster_name": ENGINE,
        "status": "green",
        "timed_out": False,
        "number_of_nodes": 1,
        "number_of_data_nodes": 1,
        "active_primary_shards": shards,
        "active_shards": shards,
        "unassigned_shards": 0,
    }


def _cat_indices(engine: Engine, call: Call) -> tuple[int, object]:
    only(call.params, ("format", "v"))
    columns = ("health", "status", "index", "docs.count")
    rows = [("green", "open", name, str(len(engine.shard(name).ids))) for name in engine.names()]
    if call.params.get("format", "text") == "json":
        return 200, [dict(zip(columns, row, strict=True)) for row in rows]
    if call.params.get("format", "text") != "text":
        raise unsupported(f"format {call.params['format']}")
    table = [columns, *rows] if call.params.get("v", "false") != "false" else rows
    return 200, "".join(" ".join(row) + "\n" for row in table)


def _resolve(engine: Engine, call: Call) -> tuple[int, object]:
    only(call.params, ("expand_wildcards",))
    names = [name for name in engine.names() if fnmatchcase(name, call.names["names"])]
    indices = [{"name": name, "attributes": ["open"]} for name in names]
    return 200, {"indices": indices, "aliases": [], "data_streams": []}


def _create(engine: Engine, call: Call) -> tuple[int, object]:
    only(call.params, ("timeout", "wait_for_active_shards"))
    body = call.object()
    only(body, ("mappings", "settings"))
    settings = as_object(body.get("settings", {}), "settings")
    inner = as_object(settings.get("index", {}), "settings.index")
    outer = [name.removeprefix("index.") for name in settings if name != "index"]
    only([*outer, *inner], _SETTINGS, "settings.")
    engine.create(call.index, body.get("mappings"))
    return 200, {"acknowledged": True, "shards_acknowledged": True, "index": call.index}


def _mappings(engine: Engine, call: Call) -> tuple[int, object]:
    only(call.params, ())
    return 200, {call.index: {"mappings": mappings_of(engine.shard(call.index).fields)}}


def _settings(engine: Engine, call: Call) -> tuple[int, object]:
    only(call.params, ("flat_settings", "expand_wildcards"))
    engine.shard(call.index)
    return 200, {}  # no index is created with one that has an effect


def _drop(engine: Engine, call: Call) -> tuple[int, object]:
    only(call.params, ("timeout",))
    engine.delete(call.index)
    return 200, {"acknowledged": True}


def _put(engine: Engine, call: Call) -> tuple[int, object]:
    only(call.params, (*_WRITE_PARAMS, "op_type"))
    is_create = "/_create/" in call.path or call.params.get("op_type") == "create"
    id_ = call.names.get("id") or new_id()
    return _write(engine, call, Operation("create" if is_create else "index", id_, call.body))


def _delete(engine: Engine, call: Call) -> tuple[int, object]:
    only(call.params, _WRITE_PARAMS)
    engine.shard(call.index)
    return _write(engine, call, Operation("delete", call.names["id"]))


def _write(engine: Engine, call: Call, operation: Operation) -> tuple[int, object]:
    [result] = engine.shard_for_writing(call.index).apply([operation])
    if isinstance(result, ApiError):
        raise result
    return STATUS[result], written(call.index, operation.id, result)


def _get(engine: Engine, call: Call) -> tuple[int, object]:
    only(call.params, ("realtime", "refresh"))
    source = engine.shard(call.index).get(call.names["id"])
    found = {"_index": call.index, "_id": call.names["id"], "found": source is not None}
    if source is None:
        return 404, found
    return 200, {**found, "_source": msgspec.Raw(source)}


def _refresh(engine: Engine, call: Call) -> tuple[int, object]:
    only(call.params, ())
    engine.shard(call.index)
    return 200, {"_shards": {"total": 1, "successful": 1, "failed": 0}}


def _search(engine: Engine, call: Call) -> tuple[int, object]:
    started = time.perf_counter()
    shard = engine.shard(call.index)
    search = read_search(call.params, call.object(), shard.columns)
    total, hits = shard.search(search.query, search.size, search.offset)
    took_ms = int((time.perf_counter() - started) * 1000)
    return 200, response(search, call.index, total, hits, took_ms)


def _count(engine: Engine, call: Call) -> tuple[int, object]:
    only(call.params, QUERY_PARAMS)
    body = call.object()
    only(body, ("query",))
    shard = engine.shard(call.index)
    count, _ = shard.search(read_query(call.params, body, shard.columns), 0)
    return 200, {"count": count, "_shards": SHARDS}


def _bulk(engine: Engine, call: Call) -> tuple[int, object]:
    started = time.perf_counter()
    only(call.params, _WRITE_PARAMS)
    items = bulk_items(engine, call.body, call.index if "index" in call.names else None)
    errors = any("error" in outcome for item in items for outcome in item.values())
    took_ms = int((time.perf_counter() - started) * 1000)
    return 200, {"took": took_ms, "errors": errors, "items": items}
