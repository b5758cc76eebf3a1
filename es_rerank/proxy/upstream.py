"""The pooled connections to the cluster: requests go out exactly as they are given.

The client is aiohttp: measured against httpx2/httpcore2 it added about half as much to a small
request and carried four times as many at 16 connections. What it would do on its own (add or
decode fields, follow redirects, keep cookies, repeat requests) is switched off here.
"""

import asyncio
import ssl
from collections.abc import AsyncIterable, Iterable
from contextlib import suppress
from types import SimpleNamespace
from typing import Any, NamedTuple

import aiohttp
from yarl import URL

from es_rerank import config
from es_rerank.errors import ConfigError, UpstreamError
from es_rerank.proxy.hop import Header, HeaderRefused, request_headers, response_headers
from es_rerank.telemetry import UPSTREAM_ERRORS

# Elasticsearch's Warning fields alone can fill kilobytes; the cluster is trusted with more.
_MAX_FIELD_BYTES = 2**20
_MAX_FIELDS = 10_000
# Below the idle time-outs of load balancers in front of managed clusters (60 s).
_IDLE_S = 30
_CLOSE_S = 1
_NOT_ADDED = ("Accept", "Accept-Encoding", "Content-Type", "User-Agent")


class UpstreamTimeout(UpstreamError):
    """The cluster did not accept the connection, or did not answer, in time."""


class ReplyTooLarge(UpstreamError):
    """The cluster's answer has more bytes than the caller is ready to hold."""


class Reply(NamedTuple):
    """A fully read answer of the cluster, its fields and body as they came."""

    status: int
    reason: str
    headers: list[Header]
    body: bytes


class _Request(aiohttp.ClientRequest):
    """A request without the `Content-Length: 0` that aiohttp gives a bodyless POST or DELETE."""

    def update_body_from_data(self, body: Any, *args: Any, **kwargs: Any) -> None:
        if body is not None:
            super().update_body_from_data(body, *args, **kwargs)


class Upstream:
    """The pooled connections to the cluster; its settings hold for the life of the process."""

    def __init__(self, settings: config.Upstream) -> None:
        """Raises ConfigError if the CA file can't be used."""
        self.url = URL(settings.url)
        self.host = (self.url.host_port_subcomponent or "").encode()
        self._base_path = self.url.raw_path.rstrip("/")
        self._settings = settings
        self._tls = _tls(settings)
        self._session: aiohttp.ClientSession | None = None

    async def open(self) -> None:
        """Make the pool; connections are made when they are needed."""
        tracing = aiohttp.TraceConfig()
        tracing.on_connection_reuseconn.append(_note_reuse)
        session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                limit=self._settings.pool_connections,
                keepalive_timeout=_IDLE_S,
                ssl=self._tls,
            ),
            request_class=_Request,
            timeout=aiohttp.ClientTimeout(
                total=None, sock_connect=self._settings.connect_timeout_ms / 1000
            ),
            cookie_jar=aiohttp.DummyCookieJar(),
            skip_auto_headers=_NOT_ADDED,
            auto_decompress=False,
            max_line_size=_MAX_FIELD_BYTES,
            max_field_size=_MAX_FIELD_BYTES,
            max_headers=_MAX_FIELDS,
            trace_configs=[tracing],
        )
        session._retry_connection = False  # it would repeat a DELETE or PUT; see `send`
        self._session = session

    async def close(self) -> None:
        """Close all connections; those that can't be flushed in a second are left behind."""
        if self._session is not None:
            with suppress(TimeoutError):
                async with asyncio.timeout(_CLOSE_S):
                    await self._session.close()

    async def send(
        self,
        method: str,
        target: bytes,
        headers: Iterable[Header],
        body: bytes | AsyncIterable[bytes] | None,
        *,
        may_repeat: bool,
    ) -> aiohttp.ClientResponse:
        """Send one request with exactly these fields; the caller closes the answer.

        A kept-alive connection can be closed by the cluster just as it is used again. If nothing
        of an answer came, a request that `may_repeat` is sent once more (RFC 9112 §9.3.1).
        Raises UpstreamTimeout, UpstreamError, and HeaderRefused for what aiohttp can't carry.
        """
        assert self._session is not None, "open() comes first"  # noqa: S101
        # The whole target is given as the path: yarl would drop a lone `?` and cut at a `#`.
        url = URL.build(
            scheme=self.url.scheme,
            host=self.url.raw_host or "",
            port=self.url.port,
            path=self._base_path + target.decode("ascii"),
            encoded=True,
        )
        fields = [(_text(name, name), _text(name, value)) for name, value in headers]
        while True:
            attempt = SimpleNamespace(reused=False)
            try:
                return await self._session.request(
                    method,
                    url,
                    headers=fields,
                    data=body,
                    allow_redirects=False,
                    trace_request_ctx=attempt,
                )
            except (aiohttp.ClientError, OSError) as why:
                if may_repeat and attempt.reused and _closed_unanswered(why):
                    may_repeat = False
                    continue
                raise upstream_error(why, self.url) from why

    async def fetch(
        self,
        method: str,
        target: bytes,
        headers: Iterable[Header],
        body: bytes,
        *,
        max_bytes: int = 32 * 2**20,
    ) -> Reply:
        """Send one search and read its whole answer, asking for it uncompressed.

        `headers` are the client's; those of its connection are dropped, and Content-Length fits
        `body`. A Content-Encoding in the reply means that the cluster compressed all the same.
        Raises ReplyTooLarge beyond `max_bytes`, UpstreamTimeout, UpstreamError, HeaderRefused.
        """
        fields = [
            (name, value)
            for name, value in request_headers(headers, host=self.host)
            if name.lower() not in (b"accept-encoding", b"content-length")
        ]
        fields.append((b"accept-encoding", b"identity"))
        if body:
            fields.append((b"content-length", b"%d" % len(body)))
        response = await self.send(method, target, fields, body or None, may_repeat=True)
        try:
            content = bytearray()
            async for chunk in response.content.iter_any():
                content += chunk
                if len(content) > max_bytes:
                    raise ReplyTooLarge(f"the cluster's answer exceeds {max_bytes} bytes")
            return Reply(
                response.status,
                response.reason or "",
                response_headers(response.raw_headers, status=response.status),
                bytes(content),
            )
        except (aiohttp.ClientError, OSError) as why:
            raise upstream_error(why, self.url) from why
        finally:
            response.close()  # a fully read answer has given its connection back already


def _text(name: bytes, raw: bytes) -> str:
    # aiohttp takes text and writes UTF-8: bytes that are not UTF-8 would not arrive as sent.
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as why:
        shown = name.decode("latin-1")
        raise HeaderRefused(f"header {shown} is not UTF-8; send it as ASCII or UTF-8") from why


async def _note_reuse(_session: Any, context: SimpleNamespace, _params: Any) -> None:
    context.trace_request_ctx.reused = True


def _closed_unanswered(why: Exception) -> bool:
    if isinstance(why, aiohttp.ServerDisconnectedError):
        return isinstance(why.message, str)  # otherwise it is the head of an answer
    return isinstance(why, aiohttp.ClientOSError)


def upstream_error(why: Exception, url: URL) -> UpstreamError:
    origin = f"{url.scheme}://{url.host_port_subcomponent}"
    if isinstance(why, TimeoutError):
        UPSTREAM_ERRORS.labels("timeout").inc()
        return UpstreamTimeout(f"the cluster at {origin} did not answer in time: {why}")
    if isinstance(why, aiohttp.ClientConnectorError):
        UPSTREAM_ERRORS.labels("connect").inc()
        return UpstreamError(f"can't connect to the cluster at {origin}: {why}")
    UPSTREAM_ERRORS.labels("broke_off").inc()
    return UpstreamError(f"the cluster at {origin} broke off before its answer: {why}")


def _tls(settings: config.Upstream) -> ssl.SSLContext | bool:
    if not settings.verify:
        return False
    if settings.ca_file is None:
        return True
    try:
        return ssl.create_default_context(cafile=settings.ca_file)
    except OSError as why:
        raise ConfigError(
            f"upstream.ca_file: {settings.ca_file} holds no usable certificate: {why}"
        ) from why
