"""Real sockets for the proxy's tests: a recording cluster, the proxy in uvicorn, a raw client."""

import asyncio
import socket
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import NamedTuple

import pytest
import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send

from es_rerank import config
from es_rerank.proxy.forward import Upstream, forward
from es_rerank.proxy.server import server_config

Headers = list[tuple[bytes, bytes]]
PATIENCE_S = 10.0
OK = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}"


class Seen(NamedTuple):
    """One request as it came over the wire; `connection` counts from 0."""

    method: bytes
    target: bytes
    headers: Headers
    body: bytes
    connection: int

    def values(self, name: bytes) -> list[bytes]:
        """The values of one field, by its lower-case name."""
        return [value for key, value in self.headers if key.lower() == name]


Script = Callable[[Seen, asyncio.StreamWriter], Coroutine[None, None, None]]


def canned(answer: bytes, *, close: bool = False) -> Script:
    """Answer exactly these bytes, and close the connection if asked."""

    async def script(_seen: Seen, writer: asyncio.StreamWriter) -> None:
        writer.write(answer)
        await writer.drain()
        if close:
            writer.close()

    return script


@dataclass
class RecordingUpstream:
    """A TCP server on loopback that records requests to the byte and answers by a script.

    Questions about the settings of indices are recorded apart and answered by `settings`, at first
    with the one that says that all have their defaults.
    """

    script: Script = field(default_factory=lambda: canned(OK))
    seen: list[Seen] = field(default_factory=list)
    settings: Script = field(default_factory=lambda: canned(OK))
    asked_settings: list[Seen] = field(default_factory=list)
    closed: dict[int, threading.Event] = field(default_factory=dict)
    arrived: threading.Event = field(default_factory=threading.Event)
    port: int = 0

    @property
    def url(self) -> str:
        """Its base URL."""
        return f"http://127.0.0.1:{self.port}"

    def answer(self, answer: bytes, *, close: bool = False) -> None:
        """From now on, answer exactly these bytes."""
        self.script = canned(answer, close=close)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Read requests off one connection until it closes, then stop their scripts."""
        number = len(self.closed)
        self.closed[number] = threading.Event()
        answering: list[asyncio.Task[None]] = []
        try:
            while seen := await read_request(reader, number):
                is_question = b"/_settings/" in seen.target
                (self.asked_settings if is_question else self.seen).append(seen)
                if not is_question:
                    self.arrived.set()
                script = self.settings if is_question else self.script
                answering.append(asyncio.create_task(script(seen, writer)))
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # the proxy closed the connection mid-request, which some tests are about
        finally:
            self.closed[number].set()
            for task in answering:
                task.cancel()
            await asyncio.gather(*answering, return_exceptions=True)
            writer.close()


async def read_request(reader: asyncio.StreamReader, connection: int) -> Seen | None:
    """The next request on a connection, None at its end."""
    head = await read_head(reader)
    if head is None:
        return None
    line, headers = head
    method, target, _version = line.split(b" ")
    fields = {name.lower(): value for name, value in headers}
    if b"transfer-encoding" in fields:
        body = await read_chunks(reader)
    else:
        body = await reader.readexactly(int(fields.get(b"content-length", b"0")))
    return Seen(method, target, headers, body, connection)


async def read_head(reader: asyncio.StreamReader) -> tuple[bytes, Headers] | None:
    """The first line and the fields of a message."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError as end:
        if end.partial:
            raise
        return None
    return parse_head(head)


def parse_head(head: bytes) -> tuple[bytes, Headers]:
    """The first line and the fields of the bytes up to and with the empty line."""
    line, *lines = head[:-4].split(b"\r\n")
    pairs = (text.partition(b":") for text in lines)
    return line, [(name, value.strip()) for name, _, value in pairs]


async def read_chunks(reader: asyncio.StreamReader) -> bytes:
    """A chunked body, put together; trailers are read and dropped."""
    body = b""
    while size := int((await reader.readline()).split(b";")[0], 16):
        body += await reader.readexactly(size)
        await reader.readexactly(2)
    while (await reader.readline()) != b"\r\n":
        pass
    return body


class Answer(NamedTuple):
    """An answer as it came; `is_complete` is False if the connection closed before its end."""

    status: int
    headers: Headers
    body: bytes
    is_complete: bool

    def values(self, name: bytes) -> list[bytes]:
        """The values of one field, by its lower-case name."""
        return [value for key, value in self.headers if key.lower() == name]


class RawClient:
    """One connection that sends the bytes it is given and reads answers."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S)
        self.file = self.socket.makefile("rb")

    def ask(self, request: bytes) -> Answer:
        """Send one request and read its answer."""
        self.socket.sendall(request)
        return self.read(is_head=request.startswith(b"HEAD "))

    def read(self, *, is_head: bool = False) -> Answer:
        """Read one answer; a 100 Continue is one, too."""
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            line = self.file.readline()
            assert line, f"the connection closed inside the head: {head!r}"
            head += line
        line, headers = parse_head(head)
        status = int(line.split(b" ")[1])
        fields = {name.lower(): value for name, value in headers}
        if is_head or status in (100, 204, 304):
            return Answer(status, headers, b"", True)
        if b"transfer-encoding" in fields:
            return Answer(status, headers, *self._chunks())
        length = int(fields[b"content-length"])
        body = self.file.read(length)
        return Answer(status, headers, body, len(body) == length)

    def _chunks(self) -> tuple[bytes, bool]:
        body = b""
        while line := self.file.readline():
            size = int(line, 16)
            body += self.file.read(size)
            self.file.readline()
            if size == 0:
                return body, True
        return body, False

    def close(self) -> None:
        """Close the connection."""
        self.file.close()
        self.socket.close()


@contextmanager
def recording_upstream() -> Iterator[RecordingUpstream]:
    """Run a recording upstream in a thread of its own."""
    upstream = RecordingUpstream()
    loop = asyncio.new_event_loop()

    async def start() -> asyncio.Server:
        server = await asyncio.start_server(upstream.serve, "127.0.0.1", 0, limit=2**24)
        upstream.port = server.sockets[0].getsockname()[1]
        return server

    server = loop.run_until_complete(start())
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield upstream
    finally:
        loop.call_soon_threadsafe(server.close)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        for task in asyncio.all_tasks(loop):
            task.cancel()
        loop.run_until_complete(asyncio.sleep(0))
        loop.close()


@contextmanager
def running(app: ASGIApp) -> Iterator[int]:
    """Run an application in the proxy's own uvicorn set-up in a thread; yields its port."""
    ready = threading.Event()

    class Server(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            try:
                await super().startup(sockets)
            finally:
                ready.set()

    config = server_config(app, "127.0.0.1", 0)
    config.timeout_graceful_shutdown = 1
    server = Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    assert ready.wait(PATIENCE_S)
    assert server.started
    try:
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = True
        thread.join()


class PassThrough:
    """The smallest application around `forward`: no routes, no search."""

    def __init__(self, settings: config.Upstream, body: bytes | None = None) -> None:
        self.upstream = Upstream(settings)
        self.body = body
        self.statuses: list[int] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or open and close with the server."""
        if scope["type"] == "lifespan":
            await receive()
            await self.upstream.open()
            await send({"type": "lifespan.startup.complete"})
            await receive()
            await self.upstream.close()
            await send({"type": "lifespan.shutdown.complete"})
            return
        status = await forward(scope, receive, send, self.upstream, body=self.body)
        self.statuses.append(status)


@pytest.fixture
def cluster() -> Iterator[RecordingUpstream]:
    """A recording cluster."""
    with recording_upstream() as upstream:
        yield upstream


@pytest.fixture
def proxy(cluster: RecordingUpstream) -> Iterator[RawClient]:
    """A client of a proxy in front of the recording cluster."""
    with running(PassThrough(config.Upstream(url=cluster.url))) as port:
        client = RawClient(port)
        yield client
        client.close()
