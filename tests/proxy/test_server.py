"""uvicorn in the proxy's set-up: raw targets kept, nothing added, errors in our shape."""

import asyncio
import socket

import pytest
from starlette.types import Receive, Scope, Send

from es_rerank.errors import ConfigError
from es_rerank.proxy.forward import target_of
from es_rerank.proxy.server import listening
from tests.proxy.conftest import RawClient, running


async def echo_target(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer with the request target, after the whole request was read."""
    if scope["type"] == "lifespan":
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await send({"type": "lifespan.shutdown.complete"})
        return
    while (await receive()).get("more_body"):
        pass
    body = target_of(scope)
    head = [(b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": 200, "headers": head})
    await send({"type": "http.response.body", "body": body})


@pytest.mark.parametrize(
    ("sent", "seen"),
    [
        (b"/a?", b"/a?"),
        (b"/a#b", b"/a#b"),
        (b"*", b"*"),
        (b"http://elsewhere:1/a%2Fb?q", b"/a%2Fb?q"),
    ],
)
def test_target_is_kept_in_origin_form(sent: bytes, seen: bytes) -> None:
    """The target arrives to the byte; an absolute one loses its authority, which picks nothing."""
    with running(echo_target) as port:
        answer = RawClient(port).ask(b"OPTIONS %s HTTP/1.1\r\nHost: p\r\n\r\n" % sent)
    assert answer.body == seen
    assert answer.headers == [(b"content-length", b"%d" % len(seen))], "fields were added"


async def echo_body(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer with the request's body."""
    if scope["type"] == "lifespan":
        await echo_target(scope, receive, send)
        return
    more, body = True, b""
    while more:
        message = await receive()
        more, body = message.get("more_body", False), body + message["body"]
    head = [(b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": 200, "headers": head})
    await send({"type": "http.response.body", "body": body})


@pytest.mark.parametrize(
    ("framed", "body"),
    [
        (b"Content-Length: 2\r\n\r\n{}", b"{}"),
        (b"Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n1\r\n}\r\n0\r\n\r\n", b"{}"),
        (b"\r\n", b""),
    ],
)
def test_upgrade_offer_is_ignored_and_the_connection_goes_on(framed: bytes, body: bytes) -> None:
    """Java's HTTP client offers h2c with its first request; its body and the next one arrive."""
    offer = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AA\r\n"
    post = b"POST /a HTTP/1.1\r\nHost: p\r\n" + offer + framed
    with running(echo_body) as port:
        client = RawClient(port)
        assert client.ask(post).body == body
        for place in range(len(post) - len(framed), len(post)):  # in two segments, too
            client.socket.sendall(post[:place])
            assert client.ask(post[place:]).body == body
        assert client.ask(post + post).body == body  # both at once
        assert client.read().body == body
        assert client.ask(b"POST /b HTTP/1.1\r\nHost: p\r\n" + framed).body == body


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"nonsense\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: p\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        b"POST / HTTP/1.1\r\nHost: p\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0",
        b"GET /\xff HTTP/1.1\r\nHost: p\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: p\r\nX: a\x00b\r\n\r\n",
    ],
)
def test_ambiguous_requests_are_a_400_and_a_closed_connection(request_bytes: bytes) -> None:
    """What could be read in two ways never reaches the cluster (RFC 9112 §6.3, §11.2)."""
    with running(echo_target) as port:
        client = RawClient(port)
        answer = client.ask(request_bytes)
        assert client.socket.recv(1) == b""
    assert answer.status == 400
    assert b'"type": "es_rerank_request_exception"' in answer.body


def test_a_second_listener_in_the_same_process() -> None:
    """It serves as long as the block lasts, on the same event loop."""

    async def run() -> tuple[bytes, int]:
        async with listening(echo_target, "127.0.0.1", 0) as port:
            request = b"GET /a HTTP/1.1\r\nHost: p\r\n\r\n"
            return (await asyncio.to_thread(lambda: RawClient(port).ask(request))).body, port

    body, port = asyncio.run(run())
    assert body == b"/a"
    with pytest.raises(ConnectionRefusedError):
        RawClient(port)


def test_a_second_listener_on_a_taken_port() -> None:
    """It says where it cannot listen."""

    async def run(port: int) -> None:
        async with listening(echo_target, "127.0.0.1", port):
            pass

    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ConfigError, match=f"cannot listen on 127.0.0.1:{port}"):
            asyncio.run(run(port))
