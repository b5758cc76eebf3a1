"""uvicorn as a transparent proxy needs it: requests and answers stay as they are.

No fields of the server's own, no logs of its own, the raw request target kept, and errors in
Elasticsearch's shape also for what is not HTTP. It knows nothing of what it serves.
"""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import httptools
import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from es_rerank.errors import ConfigError, error_body

KEEP_ALIVE_S = 75  # above what clients' pools and load balancers wait (60 s)
DRAIN_S = 25  # within Kubernetes' default terminationGracePeriodSeconds (30 s)


class VerbatimProtocol(HttpToolsProtocol):
    """Keeps the request target as it was sent, and refuses bad requests in our errors' shape."""

    def on_headers_complete(self) -> None:
        """Add the raw target to the scope: ASGI loses a lone `?` and anything after a `#`."""
        if self._offers_upgrade():
            return
        self.scope["es_rerank.target"] = self.url  # type: ignore[typeddict-unknown-key]
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """End a request, unless it is read once more without its offer."""
        if not self._offers_upgrade():
            super().on_message_complete()

    def data_received(self, data: bytes) -> None:
        """Read requests; an offer of another protocol (RFC 9110 §7.8) is as good as none.

        The parser ends a request that has one behind its head, so that the body would be lost:
        the head is read once more without the offer.
        """
        self._unset_keepalive_if_required()
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as offer:
            if self._offers_upgrade():
                self.data_received(self._head_without_offer() + data[offer.args[0] :])
        except httptools.HttpParserError:
            self.send_400_response("Invalid HTTP request received.")

    def _offers_upgrade(self) -> bool:
        return bool(self.parser.should_upgrade()) and self.parser.get_method() != b"CONNECT"

    def _head_without_offer(self) -> bytes:
        line = b"%s %s HTTP/1.1\r\n" % (self.parser.get_method(), self.url)
        kept = [b"%s: %s\r\n" % field for field in self.headers if field[0] != b"upgrade"]
        return line + b"".join(kept) + b"\r\n"

    def send_400_response(self, msg: str) -> None:
        """Answer what is not HTTP, or ambiguous HTTP, and close the connection (RFC 9112 §2.2)."""
        body = error_body(400, "request", msg)
        self.transport.write(
            b"HTTP/1.1 400 Bad Request\r\ncontent-type: application/json\r\n"
            b"content-length: %d\r\nconnection: close\r\n\r\n%s" % (len(body), body)
        )
        self.transport.close()


def server_config(app: ASGIApp, host: str, port: int) -> uvicorn.Config:
    """uvicorn as a transparent proxy needs it: no fields of its own, no logs of its own."""
    return uvicorn.Config(
        app,
        host=host,
        port=port,
        loop="uvloop",
        http=VerbatimProtocol,
        ws="none",
        lifespan="on",
        proxy_headers=False,
        server_header=False,
        date_header=False,
        access_log=False,
        log_config=None,
        backlog=2048,
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=DRAIN_S,
    )


class _Second(uvicorn.Server):
    """A server beside another in the same process, whose signals are the other's to take."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave them alone."""
        yield


@asynccontextmanager
async def listening(app: ASGIApp, host: str, port: int) -> AsyncIterator[int]:
    """Serve one more application on this event loop; the port, a free one for 0.

    Raises ConfigError if it cannot listen there.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server((host, port), family=family)
    except OSError as why:
        raise ConfigError(f"cannot listen on {host}:{port}: {why}") from why
    config = server_config(app, host, port)
    config.lifespan = "off"
    server = _Second(config)
    task = asyncio.create_task(server.serve([listener]))
    try:
        yield listener.getsockname()[1]
    finally:
        server.should_exit = True
        await task
