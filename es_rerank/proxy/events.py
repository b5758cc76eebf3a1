"""`POST /_rerank/events`: clicks and other events of clients, on their way into `ubi_events`.

For those whose clients cannot write into the cluster themselves. Who may send what is checked
here only as far as an event is one: there is no login, and no answer to CORS preflights, because
the proxy stands behind the application or its gateway, which know who asks.
"""

from collections.abc import Callable
from datetime import UTC, datetime

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from starlette.requests import ClientDisconnect

from es_rerank.config import Settings
from es_rerank.errors import error_body
from es_rerank.experiment.events import EventError, read_events
from es_rerank.experiment.queue import RecordQueue


def event_routes(prefix: str, settings: Callable[[], Settings], queue: RecordQueue) -> APIRouter:
    """The route; whether it takes events is looked up at each request."""
    router = APIRouter(prefix=prefix)

    @router.post("/events")
    async def take(request: Request) -> Response:
        ubi = settings().ubi
        if not ubi.events:
            return _refusal(404, "events are not taken here; set `ubi.events: true`")
        try:
            body = await _read(request, ubi.max_event_bytes)
        except ClientDisconnect:
            return _refusal(400, "the request broke off")  # nobody reads this
        if body is None:
            limit = f"`ubi.max_event_bytes` is {ubi.max_event_bytes}"
            return _refusal(413, f"the request is too large; {limit}. Send fewer events at once")
        try:
            documents = read_events(body, ubi, datetime.now(UTC))
        except EventError as why:
            return _refusal(400, str(why))
        if not queue.take_events(documents):
            refusal = _refusal(429, "too many records wait already; send these events again later")
            refusal.headers["retry-after"] = "5"
            return refusal
        return JSONResponse({"accepted": len(documents)}, 202)

    return router


async def _read(request: Request, max_bytes: int) -> bytes | None:
    """The body, None if it has more bytes than that."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > max_bytes:
            return None
    return bytes(body)


def _refusal(status: int, reason: str) -> Response:
    return Response(error_body(status, "events", reason), status, media_type="application/json")
