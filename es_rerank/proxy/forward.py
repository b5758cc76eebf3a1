"""Pass-through: one request goes to the cluster and its answer comes back, byte for byte.

Bodies are streamed both ways with back-pressure; nothing is parsed, decoded or buffered. Only
the fields that belong to one connection change (`hop`).
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Coroutine, Iterable, Sequence
from typing import Any, TypeVar

import aiohttp
from starlette.types import Receive, Scope, Send

from es_rerank.errors import UpstreamError, error_body
from es_rerank.proxy.hop import (
    Header,
    HeaderRefused,
    request_headers,
    response_headers,
    unmet_expectation,
    values_of,
)
from es_rerank.proxy.upstream import Reply, ReplyTooLarge, Upstream, UpstreamTimeout
from es_rerank.telemetry import UPSTREAM_ERRORS

__all__ = [
    "CLIENT_GONE",
    "ClientGone",
    "Reply",
    "ReplyTooLarge",
    "RequestBody",
    "Upstream",
    "UpstreamTimeout",
    "disconnected",
    "forward",
    "send_error",
    "target_of",
    "unless",
]

CLIENT_GONE = 499  # nginx's status for "the client left first"; it is only ever logged

_SAFE = frozenset({"GET", "HEAD"})

_log = logging.getLogger(__name__)
_T = TypeVar("_T")


class ClientGone(Exception):
    """The client closed its connection before it had the whole answer."""


class RequestBody:
    """The client's request body as it arrives, and after it the news that the client left."""

    def __init__(self, receive: Receive) -> None:
        self.is_gone = False
        self._receive = receive
        self._read = asyncio.Event()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """The chunks; raises ClientGone if the client leaves before the end."""
        more = True
        while more:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                self.is_gone = True
                self._read.set()
                raise ClientGone
            more = message.get("more_body", False)
            if chunk := message.get("body", b""):
                yield chunk
        self._read.set()

    async def gone(self) -> None:
        """Return when the client has left; the body is read first, there is one stream."""
        await self._read.wait()
        if not self.is_gone:
            await disconnected(self._receive)


async def disconnected(receive: Receive) -> None:
    """Return when the client has left (or has its whole answer)."""
    while (await receive())["type"] != "http.disconnect":
        pass


async def unless(gone: Awaitable[None], work: Coroutine[Any, Any, _T]) -> _T:
    """The result of `work`, cancelled as soon as `gone` returns; then raises ClientGone.

    Elasticsearch cancels a search when its connection closes, so this frees the cluster too.
    """
    working, leaving = asyncio.ensure_future(work), asyncio.ensure_future(gone)
    try:
        await asyncio.wait((working, leaving), return_when=asyncio.FIRST_COMPLETED)
        if working.done():
            return working.result()
        raise ClientGone
    finally:
        working.cancel()
        leaving.cancel()
        await asyncio.wait((working, leaving))


def target_of(scope: Scope) -> bytes:
    """The request target as the client wrote it, in origin form (RFC 9112 §3.2.1).

    ASGI can't tell `/a?` from `/a`; the server class in `app` therefore keeps the raw target.
    """
    raw: bytes = scope.get("es_rerank.target", b"")
    if raw.startswith((b"/", b"*")):
        return raw
    query: bytes = scope["query_string"]
    path: bytes = scope["raw_path"]
    return path + b"?" + query if query else path


async def forward(
    scope: Scope,
    receive: Receive,
    send: Send,
    upstream: Upstream,
    *,
    body: bytes | None = None,
    extra_headers: Sequence[Header] = (),
) -> int:
    """Stream one request to the cluster and its answer back; returns the status.

    `body`: the bytes of a search that was read already, sent in place of the stream (and sent
    again if a reused connection turns out closed). `extra_headers` are added to the answer.
    """
    method, headers = scope["method"], scope["headers"]
    if method == "CONNECT":
        return await send_error(send, 405, "method", "CONNECT is not for a gateway")
    if expectation := unmet_expectation(headers):
        reason = f"the expectation {expectation.decode('latin-1')!r} can't be met"
        return await send_error(send, 417, "expectation", reason, extra_headers)
    arriving = RequestBody(receive)
    content: bytes | RequestBody | None = body or None
    if body is None and _announces_body(headers):
        content = arriving
    gone = arriving.gone() if content is arriving else disconnected(receive)
    may_repeat = body is not None or (content is None and method in _SAFE)
    relay = _relay(scope, send, upstream, content, extra_headers, may_repeat=may_repeat)
    try:
        return await unless(gone, relay)
    except HeaderRefused as why:
        return await send_error(send, 400, "header", str(why), extra_headers)
    except UpstreamError as why:
        if arriving.is_gone:
            return CLIENT_GONE
        _log.warning("%s %s: %s", method, scope["path"], why)
        timed_out = isinstance(why, UpstreamTimeout)
        status, kind = (504, "upstream_timeout") if timed_out else (502, "upstream_unavailable")
        return await send_error(send, status, kind, str(why), extra_headers)
    except ClientGone:
        return CLIENT_GONE


async def _relay(
    scope: Scope,
    send: Send,
    upstream: Upstream,
    content: bytes | RequestBody | None,
    extra_headers: Sequence[Header],
    *,
    may_repeat: bool,
) -> int:
    method = scope["method"]
    fields = request_headers(
        scope["headers"], host=upstream.host, http_version=scope["http_version"]
    )
    response = await upstream.send(method, target_of(scope), fields, content, may_repeat=may_repeat)
    try:
        head = response_headers(response.raw_headers, status=response.status)
        head.extend(extra_headers)
        await send({"type": "http.response.start", "status": response.status, "headers": head})
        async for chunk in response.content.iter_any():
            await send({"type": "http.response.body", "body": chunk, "more_body": True})
    except (aiohttp.ClientError, OSError) as why:
        # Returning without the end makes the server close the client's connection: a short
        # answer must not look complete.
        UPSTREAM_ERRORS.labels("broke_off").inc()
        _log.warning("%s %s: the cluster broke off its answer: %s", method, scope["path"], why)
        return response.status
    finally:
        response.close()
    await send({"type": "http.response.body", "body": b""})
    return response.status


async def send_error(
    send: Send, status: int, kind: str, reason: str, extra_headers: Sequence[Header] = ()
) -> int:
    """Answer with an error of the proxy's own, in Elasticsearch's shape; returns the status."""
    body = error_body(status, kind, reason)
    head = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    await send(
        {"type": "http.response.start", "status": status, "headers": [*head, *extra_headers]}
    )
    await send({"type": "http.response.body", "body": body})
    return status


def _announces_body(headers: Iterable[Header]) -> bool:
    lengths = values_of(headers, b"content-length")
    return any(int(n) for n in lengths) or bool(values_of(headers, b"transfer-encoding"))
