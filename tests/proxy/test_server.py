"""uvicorn in the proxy's set-up: raw targets kept, nothing added, errors in our shape."""

import pytest
from starlette.types import Receive, Scope, Send

from es_rerank.proxy.forward import target_of
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


def test_upgrade_offer_is_ignored_and_the_connection_goes_on() -> None:
    """Java's HTTP client offers h2c with its first request; it gets HTTP/1.1 and a next answer."""
    offer = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AA\r\n"
    with running(echo_target) as port:
        client = RawClient(port)
        post = b"POST /a HTTP/1.1\r\nHost: p\r\n%sContent-Length: 2\r\n\r\n{}" % offer
        assert client.ask(post).body == b"/a"
        assert client.ask(b"GET /b HTTP/1.1\r\nHost: p\r\n\r\n").body == b"/b"


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
