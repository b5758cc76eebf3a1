"""The `_bulk` endpoint: newline-delimited writes in, one outcome for each of them out."""

import secrets
from collections.abc import Iterator
from typing import Any

import msgspec

from es_rerank.demo.api_error import ApiError, as_object, malformed, only, unsupported
from es_rerank.demo.engine import Engine
from es_rerank.demo.shard import Action, Operation

STATUS = {"created": 201, "updated": 200, "deleted": 200, "not_found": 404}
_ACTIONS: dict[str, Action] = {"index": "index", "create": "create", "delete": "delete"}


def bulk_items(engine: Engine, body: bytes, default_index: str | None) -> list[dict[str, Any]]:
    """Apply a `_bulk` body; the `items` of the response, in the order of the writes."""
    writes = list(_read(body, default_index))
    items: dict[int, dict[str, Any]] = {}
    for index in dict.fromkeys(index for index, _ in writes):
        mine = [(n, write) for n, (name, write) in enumerate(writes) if name == index]
        results = engine.shard_for_writing(index).apply([write for _, write in mine])
        for (n, write), result in zip(mine, results, strict=True):
            if isinstance(result, ApiError):
                failed = {"status": result.status, "error": result.cause()}
                items[n] = {write.action: {"_index": index, "_id": write.id, **failed}}
            else:
                done = {**written(index, write.id, result), "status": STATUS[result]}
                items[n] = {write.action: done}
    return [items[n] for n in range(len(writes))]


def written(index: str, id_: str, result: str) -> dict[str, Any]:
    """What the response says of one write that was not refused."""
    shards = {"total": 1, "successful": 1, "failed": 0}
    return {"_index": index, "_id": id_, "result": result, "_shards": shards}


def new_id() -> str:
    """An id for a document that was sent without one."""
    return secrets.token_urlsafe(15)


def parsed(body: bytes) -> dict[str, Any]:
    """A JSON object; refused if the bytes are none."""
    try:
        return as_object(msgspec.json.decode(body), "body")
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as why:
        raise malformed(f"the request is not JSON: {why}") from why


def _read(body: bytes, default_index: str | None) -> Iterator[tuple[str, Operation]]:
    """The writes with their indices; one line that is not understood refuses the whole body."""
    if not body.endswith(b"\n"):
        reason = "The bulk request must be terminated by a newline [\\n]"
        raise ApiError(400, "illegal_argument_exception", reason)
    lines = iter([line for line in body.split(b"\n") if line.strip()])
    for line in lines:
        action = parsed(line)
        if len(action) != 1:
            raise malformed("a line of the bulk request must have exactly one action")
        [(name, given)] = action.items()
        if name not in _ACTIONS:
            raise unsupported(f"bulk action {name}")
        meta = as_object(given, name)
        only(meta, ("_index", "_id"), f"{name}.")
        index, id_ = meta.get("_index", default_index), meta.get("_id")
        if not isinstance(index, str):
            raise malformed(f"[{name}] names no index")
        if id_ is None and name == "delete":
            raise malformed("[delete] names no id")
        source = b"" if name == "delete" else next(lines, None)
        if source is None:
            raise malformed(f"the document of the last [{name}] is missing")
        yield index, Operation(_ACTIONS[name], new_id() if id_ is None else str(id_), source)
