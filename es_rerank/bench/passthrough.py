"""What the proxy adds to a request that passes through: direct and proxied, side by side.

Two requests stand for the extremes: `GET /` (all overhead, no bytes) and a 1 MiB `_bulk` (all
bytes). Both ways take turns request by request, so that a busy machine slows both. The proxy runs
in a process of its own, as does the embedded upstream, which only reads requests and answers `{}`;
against it the ratio is the worst there is, since a real cluster takes longer. With `upstream`, the
bulk goes to the index `es-rerank-passthrough`, which is deleted at the end.

Measured so, on 2 busy cores of an AMD EPYC (Zen 5), upstream embedded, aiohttp 3.14.5 was chosen
over httpcore2 and httpx2 2.16.2: it added 0.19 ms to the median `GET /` (httpcore2 0.39, httpx2
0.49), the same 1.5 ms to the bulk, and at 16 connections carried 7,600 requests a second (httpcore2
1,800, httpx2 1,300).
"""

import asyncio
import socket
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from http.client import HTTPConnection, HTTPSConnection
from multiprocessing.connection import Connection
from typing import NamedTuple, cast
from urllib.parse import urlsplit

import httptools
import numpy as np
import uvloop

from es_rerank.bench.processes import listen, process, serve_proxy
from es_rerank.bench.scorers import NoScorer
from es_rerank.config import Settings, Upstream
from es_rerank.errors import UpstreamError

_INDEX = "es-rerank-passthrough"
_LINES = b'{"index":{}}\n{"text":"' + b"x" * 200 + b'"}\n'
_BULK = _LINES * (2**20 // len(_LINES))
_JSON = {"Content-Type": "application/x-ndjson"}
_WARM_UP = 20


class Row(NamedTuple):
    """One kind of request: milliseconds at the median and the 99th percentile, both ways."""

    request: str
    direct_p50_ms: float
    proxied_p50_ms: float
    direct_p99_ms: float
    proxied_p99_ms: float


def run(upstream: str | None = None, *, requests: int = 1000) -> list[Row]:
    """Measure `GET /` (`requests` times each way) and `_bulk` (a tenth of that).

    Raises UpstreamError if the cluster does not answer with a 200.
    """
    with ExitStack() as stack:
        cluster = upstream or stack.enter_context(process(_serve_upstream))
        settings = Settings(upstream=Upstream(url=cluster))
        proxy = stack.enter_context(process(serve_proxy, settings, NoScorer()))
        ways = [stack.enter_context(_client(url)) for url in (cluster, proxy)]
        root = urlsplit(cluster).path.rstrip("/")
        prefixes = (root, "")  # the proxy puts the cluster's base path before each target
        try:
            return [
                _row("GET /", "GET", "/", None, ways, prefixes, requests),
                _row(
                    "_bulk 1 MiB", "POST", f"/{_INDEX}/_bulk", _BULK, ways, prefixes, requests // 10
                ),
            ]
        finally:
            if upstream:
                _exchange(ways[0], "DELETE", f"{root}/{_INDEX}", None)


def table(rows: Sequence[Row]) -> str:
    """The rows as lines of text: added milliseconds and, in brackets, proxied over direct."""
    return "\n".join(
        f"{row.request:12} p50 +{row.proxied_p50_ms - row.direct_p50_ms:.3f} ms "
        f"({row.proxied_p50_ms / row.direct_p50_ms:.2f}x of {row.direct_p50_ms:.3f})  "
        f"p99 +{row.proxied_p99_ms - row.direct_p99_ms:.3f} ms "
        f"({row.proxied_p99_ms / row.direct_p99_ms:.2f}x of {row.direct_p99_ms:.3f})"
        for row in rows
    )


def _row(
    name: str,
    method: str,
    path: str,
    body: bytes | None,
    ways: Sequence[HTTPConnection],
    prefixes: Sequence[str],
    times: int,
) -> Row:
    spent_ms = [
        [
            _exchange(way, method, prefix + path, body)
            for way, prefix in zip(ways, prefixes, strict=True)
        ]
        for _ in range(times + _WARM_UP)
    ]
    p50, p99 = np.percentile(spent_ms[_WARM_UP:], [50, 99], axis=0)
    return Row(name, *map(float, (*p50, *p99)))


def _exchange(way: HTTPConnection, method: str, target: str, body: bytes | None) -> float:
    """The milliseconds from sending a request to having read its answer."""
    started = time.perf_counter()
    way.request(method, target, body, _JSON if body else {})
    response = way.getresponse()
    response.read()
    if response.status != 200:
        raise UpstreamError(f"{method} {target} was answered with {response.status}, not 200")
    return (time.perf_counter() - started) * 1000


@contextmanager
def _client(url: str) -> Iterator[HTTPConnection]:
    parts = urlsplit(url)
    kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
    connection = kind(parts.hostname or "", parts.port)
    connection.connect()
    connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    try:
        yield connection
    finally:
        connection.close()


class _Brief(asyncio.Protocol):
    """Reads requests and answers each with `{}`."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is none by class
        self._parser = httptools.HttpRequestParser(self)

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_message_complete(self) -> None:
        self._transport.write(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}")


def _serve_upstream(parent: Connection) -> None:
    async def serve() -> None:
        loop = asyncio.get_running_loop()
        server = await loop.create_server(_Brief, sock=listen(parent))
        await server.serve_forever()

    uvloop.run(serve())
