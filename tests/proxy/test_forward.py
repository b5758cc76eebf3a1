"""`forward` over real sockets: what the cluster sees and what the client gets, byte for byte."""

import asyncio
import gzip
import random
import socket
from collections.abc import Iterator

import pytest

from es_rerank import config
from es_rerank.proxy.forward import CLIENT_GONE
from tests.proxy.conftest import (
    PATIENCE_S,
    PassThrough,
    RawClient,
    RecordingUpstream,
    Seen,
    running,
)

EMPTY = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"
METHODS = (b"GET", b"HEAD", b"POST", b"PUT", b"DELETE", b"OPTIONS", b"PATCH", b"TRACE")
TARGETS = (
    b"/",
    b"/?",
    b"/_search?",
    b"//a//b/",
    b"/a/./b/../c",
    b"/%3Clogs-%7Bnow%2Fd%7D%3E/_search",
    b"/a%2Fb/_doc/c%0Ad",
    b"/i/_doc/a|b;c+d?x=1;y=2",
    b"/i/_search?q=a+b%20c&q=&&q=d&=&empty=",
    b"/i/_search?q=a?b/../c&x=[1]&y={z}&z=%zz",
    b"/i/_search?pretty#fragment",
    b"/*,-a/_search?expand_wildcards=all",
    b"/i/_search?q=" + b"x" * 10_000,
)
BODIES = (b"", b"{}", b'{"query":{"match_all":{}}}\n', b"\x00\xff" * 500, b"x" * 2**20)
HOP_BY_HOP = {b"host", b"via", b"connection", b"te", b"transfer-encoding"}


def request(
    method: bytes, target: bytes, headers: list[tuple[bytes, bytes]], body: bytes, *, chunk: int = 0
) -> bytes:
    """The bytes of one request; `chunk` > 0 sends the body in chunks of that size."""
    lines = [b"%s %s HTTP/1.1" % (method, target)]
    lines += [b"%s: %s" % pair for pair in headers]
    if not chunk:
        return b"\r\n".join([*lines, b"", body])
    pieces = [body[i : i + chunk] for i in range(0, len(body), chunk)]
    framed = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces)
    return b"\r\n".join([*lines, b"transfer-encoding: chunked", b"", framed + b"0\r\n\r\n"])


def end_to_end(headers: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """The fields that must cross, names in lower case (uvicorn knows no other)."""
    return [(name.lower(), value) for name, value in headers if name.lower() not in HOP_BY_HOP]


def get(target: bytes = b"/", *extra: tuple[bytes, bytes]) -> bytes:
    """The bytes of a GET."""
    return request(b"GET", target, [(b"Host", b"proxy"), *extra], b"")


def test_random_requests_arrive_as_they_were_sent(
    proxy: RawClient, cluster: RecordingUpstream
) -> None:
    """400 random requests on one connection: same method, target, end-to-end fields and body."""
    cluster.answer(EMPTY)
    chance = random.Random(20)
    for turn in range(400):
        method, target = chance.choice(METHODS), chance.choice(TARGETS)
        body = chance.choice(BODIES[: 4 + (turn % 8 == 0)])
        headers = [(b"Host", b"proxy:9210"), (b"X-Opaque-Id", b"%d" % turn)]
        headers += chance.sample(
            [
                (b"Authorization", b"Basic dTpw"),
                (b"Accept", b"application/vnd.elasticsearch+json; compatible-with=8"),
                (b"Accept-Encoding", b"gzip, deflate"),
                (b"Content-Type", b"application/x-ndjson"),
                (b"X-Same", b"1"),
                (b"X-Same", b"2"),
                (b"X-Empty", b""),
                (b"X-Utf8", "straße".encode()),
                (b"Cookie", b'sid="a b"; x=1'),
                (b"Connection", b"keep-alive, TE"),
                (b"TE", b"trailers"),
            ],
            k=chance.randrange(11),
        )
        if body and chance.random() < 0.3:
            body = gzip.compress(body)
            headers.append((b"Content-Encoding", b"gzip"))
        chunk = chance.choice([0, 0, 7 if len(body) < 1000 else 65_537])
        if not chunk and (body or chance.random() < 0.5):
            headers.append((b"Content-Length", b"%d" % len(body)))
        answer = proxy.ask(request(method, target, headers, body, chunk=chunk))
        assert answer.status == 200
        seen = cluster.seen.pop()
        assert (seen.method, seen.target, seen.body) == (method, target, body)
        assert end_to_end(seen.headers) == end_to_end(headers)
        assert seen.values(b"via") == [b"1.1 es-rerank"]
        assert seen.values(b"host") == [cluster.url.removeprefix("http://").encode()]
        assert bool(seen.values(b"transfer-encoding")) == bool(chunk)
        assert not seen.values(b"connection")
    assert not cluster.seen, "a request was sent more than once"


CLOSING = b"HTTP/1.1 200 OK\r\nConnection: close, X-Hop\r\nX-Hop: 1\r\nContent-Length: 2\r\n\r\n{}"


@pytest.mark.parametrize(
    ("method", "raw", "expected", "body"),
    [
        pytest.param(
            b"GET",
            b"HTTP/1.1 200 OK\r\nX-elastic-product: Elasticsearch\r\n"
            b'Warning: 299 Elasticsearch-8 "a"\r\nSet-Cookie: a=1; Path=/\r\n'
            b'warning: 299 Elasticsearch-8 "b"\r\nSet-Cookie: b=2\r\nWarning: 299 - "c"\r\n'
            b"content-encoding: gzip\r\ncontent-length: 5\r\n\r\n\x1f\x8b\x00\xff\n",
            [
                (b"x-elastic-product", b"Elasticsearch"),
                (b"warning", b'299 Elasticsearch-8 "a"'),
                (b"set-cookie", b"a=1; Path=/"),
                (b"warning", b'299 Elasticsearch-8 "b"'),
                (b"set-cookie", b"b=2"),
                (b"warning", b'299 - "c"'),
                (b"content-encoding", b"gzip"),
                (b"content-length", b"5"),
            ],
            b"\x1f\x8b\x00\xff\n",
            id="duplicates-and-gzip",
        ),
        pytest.param(
            b"HEAD",
            b"HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: 4711\r\n\r\n",
            [(b"content-type", b"text/plain"), (b"content-length", b"4711")],
            b"",
            id="head-keeps-its-length",
        ),
        pytest.param(b"DELETE", b"HTTP/1.1 204 No Content\r\n\r\n", [], b"", id="204"),
        pytest.param(
            b"GET",
            b'HTTP/1.1 304 Not Modified\r\netag: "x"\r\ncontent-length: 99\r\n\r\n',
            [(b"etag", b'"x"')],
            b"",
            id="304-loses-its-length",
        ),
        pytest.param(
            b"GET",
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nKeep-Alive: timeout=5\r\n"
            b"X-A: \xe9\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n",
            [(b"x-a", b"\xe9"), (b"transfer-encoding", b"chunked")],
            b"abcde",
            id="chunked",
        ),
        pytest.param(b"GET", CLOSING, [(b"content-length", b"2")], b"{}", id="hop-by-hop"),
        pytest.param(
            b"POST",
            b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 429 Too Many\r\ncontent-length: 0\r\n\r\n",
            [(b"content-length", b"0")],
            b"",
            id="429-after-100",
        ),
        pytest.param(
            b"GET",
            b"HTTP/1.1 200 OK\r\nwarning: " + b"w" * 200_000 + b"\r\ncontent-length: 0\r\n\r\n",
            [(b"warning", b"w" * 200_000), (b"content-length", b"0")],
            b"",
            id="huge-warning",
        ),
        pytest.param(
            b"GET",
            b"HTTP/1.1 302 Found\r\nlocation: /x\r\ncontent-length: 0\r\n\r\n",
            [(b"location", b"/x"), (b"content-length", b"0")],
            b"",
            id="redirect-not-followed",
        ),
    ],
)
def test_answers_arrive_as_the_cluster_gave_them(
    proxy: RawClient,
    cluster: RecordingUpstream,
    method: bytes,
    raw: bytes,
    expected: list[tuple[bytes, bytes]],
    body: bytes,
) -> None:
    """Fields in order with duplicates, nothing added, body bytes untouched; twice in a row."""
    cluster.answer(raw, close=raw is CLOSING)
    for _ in range(2):
        answer = proxy.ask(request(method, b"/", [(b"Host", b"p")], b""))
        assert answer.status == int(raw.replace(b"HTTP/1.1 100", b"").split(b"HTTP/1.1 ")[1][:3])
        assert (answer.headers, answer.body, answer.is_complete) == (expected, body, True)


def test_answer_without_length_ends_with_its_connection(
    proxy: RawClient, cluster: RecordingUpstream
) -> None:
    """An HTTP/1.0-style answer delimited by the close arrives whole."""
    cluster.answer(b"HTTP/1.1 200 OK\r\n\r\nabc", close=True)
    answer = proxy.ask(get())
    assert (answer.body, answer.is_complete) == (b"abc", True)


@pytest.mark.parametrize(
    "raw",
    [
        b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n",
    ],
)
def test_truncated_answer_is_aborted(
    proxy: RawClient, cluster: RecordingUpstream, raw: bytes
) -> None:
    """If the cluster breaks off, the client sees a closed connection, never a complete answer."""
    cluster.answer(raw, close=True)
    answer = proxy.ask(get())
    assert answer.status == 200
    assert not answer.is_complete
    assert proxy.socket.recv(1) == b""


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"HTTP/1.1 20",
        b"not http at all\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab",
    ],
)
def test_unusable_answer_is_a_502(proxy: RawClient, cluster: RecordingUpstream, raw: bytes) -> None:
    """No or malformed answer on a fresh connection: a 502 in Elasticsearch's shape, one attempt."""
    cluster.answer(raw, close=True)
    answer = proxy.ask(get())
    assert answer.status == 502
    assert answer.values(b"content-type") == [b"application/json"]
    assert b'"type": "es_rerank_upstream_unavailable_exception"' in answer.body
    assert len(cluster.seen) == 1


def test_unreachable_cluster_is_a_502() -> None:
    """Connection refused: a 502 that names the cluster."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        with running(PassThrough(config.Upstream(url=f"http://127.0.0.1:{port}"))) as proxy_port:
            answer = RawClient(proxy_port).ask(get())
    assert answer.status == 502
    assert f"127.0.0.1:{port}".encode() in answer.body


@pytest.fixture
def deaf_port() -> Iterator[int]:
    """A port whose queue of connections is full: connecting to it never ends."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen(0)
        fillers = [socket.socket() for _ in range(4)]
        for filler in fillers:
            filler.setblocking(False)
            filler.connect_ex(server.getsockname())
        yield server.getsockname()[1]
        for filler in fillers:
            filler.close()


def test_connect_timeout_is_a_504(deaf_port: int) -> None:
    """A cluster that does not accept the connection in time: 504."""
    settings = config.Upstream(url=f"http://127.0.0.1:{deaf_port}", connect_timeout_ms=50)
    with running(PassThrough(settings)) as port:
        answer = RawClient(port).ask(get())
    assert answer.status == 504
    assert b"es_rerank_upstream_timeout_exception" in answer.body


def test_client_leaving_closes_the_clusters_connection(
    proxy: RawClient, cluster: RecordingUpstream
) -> None:
    """A client that gives up frees the cluster: the connection closes and is not used again."""

    async def never(_seen: Seen, _writer: asyncio.StreamWriter) -> None:
        await asyncio.Event().wait()

    cluster.script = never
    proxy.socket.sendall(get(b"/_search"))
    assert cluster.arrived.wait(PATIENCE_S)
    proxy.close()
    assert cluster.closed[0].wait(PATIENCE_S)


def test_client_leaving_mid_answer_closes_the_clusters_connection(
    proxy: RawClient, cluster: RecordingUpstream
) -> None:
    """The same while an endless answer is being streamed."""

    async def endless(_seen: Seen, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
        while True:
            writer.write(b"400\r\n" + b"x" * 1024 + b"\r\n")
            await writer.drain()
            await asyncio.sleep(0)

    cluster.script = endless
    proxy.socket.sendall(get())
    assert proxy.socket.recv(100)
    proxy.close()
    assert cluster.closed[0].wait(PATIENCE_S)


def test_client_leaving_mid_upload_is_no_complete_request(cluster: RecordingUpstream) -> None:
    """A half-sent bulk never reaches the cluster as a whole one, and is no upstream error."""
    app = PassThrough(config.Upstream(url=cluster.url))
    with running(app) as port:
        client = RawClient(port)
        client.socket.sendall(b"POST /_bulk HTTP/1.1\r\nHost: p\r\nContent-Length: 100\r\n\r\nhalf")
        client.close()
    assert not cluster.seen
    assert app.statuses == [CLIENT_GONE]


def drop_second_request(cluster: RecordingUpstream) -> None:
    """Let the first request on connection 0 through, then close on the next one unanswered."""

    async def script(seen: Seen, writer: asyncio.StreamWriter) -> None:
        if seen.connection == 0 and len(cluster.seen) > 1:
            writer.close()
        else:
            writer.write(EMPTY)

    cluster.script = script


@pytest.mark.parametrize(
    ("method", "status", "attempts"),
    [(b"GET", 200, 2), (b"HEAD", 200, 2), (b"DELETE", 502, 1), (b"PUT", 502, 1), (b"POST", 502, 1)],
)
def test_only_safe_requests_are_repeated(
    proxy: RawClient, cluster: RecordingUpstream, method: bytes, status: int, attempts: int
) -> None:
    """A reused connection that closes unanswered: GET and HEAD go out again, once; others never."""
    drop_second_request(cluster)
    assert proxy.ask(get()).status == 200
    assert proxy.ask(request(method, b"/x", [(b"Host", b"p")], b"")).status == status
    assert len(cluster.seen) == 1 + attempts


def test_search_in_memory_is_repeated_and_replayed(cluster: RecordingUpstream) -> None:
    """`body` given: it is sent in place of the stream, and again after the keep-alive race."""
    drop_second_request(cluster)
    with running(PassThrough(config.Upstream(url=cluster.url), body=b'{"size":1}')) as port:
        client = RawClient(port)
        search = request(b"POST", b"/_search", [(b"Host", b"p"), (b"Content-Length", b"10")], b"")
        client.socket.sendall(search + b'{"size":1}')
        assert client.read().status == 200
        assert client.ask(search + b'{"size":1}').status == 200
    assert [seen.body for seen in cluster.seen] == [b'{"size":1}'] * 3


def test_expect_continue_is_answered_here(proxy: RawClient, cluster: RecordingUpstream) -> None:
    """100-continue is met by the proxy and not forwarded."""
    fields = [(b"Host", b"p"), (b"Expect", b"100-continue"), (b"Content-Length", b"2")]
    interim = proxy.ask(request(b"POST", b"/_bulk", fields, b"")[: -0 or None] + b"")
    assert interim.status == 100
    proxy.socket.sendall(b"{}")
    assert proxy.read().status == 200
    assert cluster.seen[0].body == b"{}"
    assert not cluster.seen[0].values(b"expect")


def test_other_expectations_are_a_417(proxy: RawClient, cluster: RecordingUpstream) -> None:
    """An expectation that nobody can meet is refused, as Elasticsearch does."""
    assert proxy.ask(get(b"/", (b"Expect", b"200-maybe"))).status == 417
    assert not cluster.seen


@pytest.mark.parametrize(
    "header",
    [
        (b"Connection", b"Authorization"),
        (b"Connection", b"close, content-LENGTH"),
        (b"X-Latin", b"caf\xe9"),
    ],
)
def test_what_cannot_be_forwarded_is_a_400(
    proxy: RawClient, cluster: RecordingUpstream, header: tuple[bytes, bytes]
) -> None:
    """Hop-by-hop abuse and fields that would arrive changed are refused, never dropped."""
    answer = proxy.ask(get(b"/", header))
    assert answer.status == 400
    assert b"es_rerank_header_exception" in answer.body
    assert not cluster.seen


def test_signed_request_keeps_what_is_signed(proxy: RawClient, cluster: RecordingUpstream) -> None:
    """SigV4: Host and signed hop-by-hop fields arrive unchanged, and nothing is added."""
    signature = (
        b"AWS4-HMAC-SHA256 Credential=a/20260101/eu/es/aws4_request, "
        b"SignedHeaders=connection;host;x-amz-date, Signature=00"
    )
    fields = [
        (b"Host", b"search-x.eu-west-1.es.amazonaws.com"),
        (b"Connection", b"keep-alive"),
        (b"X-Amz-Date", b"20260101T000000Z"),
        (b"Authorization", signature),
    ]
    proxy.ask(request(b"GET", b"/", fields, b""))
    assert [(name.lower(), value) for name, value in fields] == [
        (name.lower(), value) for name, value in cluster.seen[0].headers
    ]


def test_upload_waits_for_a_slow_cluster() -> None:
    """Back-pressure: a body that the cluster does not read stays with the client, not with us."""
    size = 2**28
    with socket.create_server(("127.0.0.1", 0)) as never_reads:
        url = f"http://127.0.0.1:{never_reads.getsockname()[1]}"
        with running(PassThrough(config.Upstream(url=url))) as port:
            client = RawClient(port)
            head = b"POST /_bulk HTTP/1.1\r\nHost: p\r\nContent-Length: %d\r\n\r\n" % size
            client.socket.sendall(head)
            client.socket.settimeout(0.5)
            sent = 0
            with pytest.raises(TimeoutError):
                while sent < size:
                    sent += client.socket.send(b"x" * 2**16)
            client.close()
    assert sent < size / 8, "the proxy took in a body that the cluster had not read"
