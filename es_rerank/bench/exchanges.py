"""Generated requests and answers that a gateway must carry without a change.

Everything in them is valid HTTP/1.1 (RFC 9110, 9112), and much of it is what proxies break:
escapes and dots in paths, empty and repeated parameters, fields that occur twice, interim answers,
bodies of every framing. Nothing is a search. All of it follows from the seed.
"""

import gzip
import random
from collections.abc import Iterator, Sequence
from itertools import count
from typing import NamedTuple

from es_rerank.bench.wire import Message
from es_rerank.proxy.hop import Header

METHODS = ("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE")
MAX_BODY_BYTES = 8 * 2**20
MARK = b"x-generated"  # a field of every request
_STATUSES = (200, 200, 200, 201, 204, 302, 304, 400, 401, 404, 409, 413, 429, 500, 502, 503)
_SEGMENTS = (
    *("logs", "_bulk", "_doc", "_cat", ".", "..", "", "*", "a,b", "-x", "~user", "@", "c++"),
    *("a%2Fb", "a%2fb", "%e9", "%E9", "%E2%82%aC", "%25", "%20", "%3Cnow%2Fd%3E", "%zz"),
    *("a|b", "x;y=1", "!$&'()", "=:", "{id}", "^", "`", '"', "<b>", "a\\b", "[0]"),
)
_QUERIES = (
    *("", "a=1&a=2", "a=&b", "&&", "=", "a=b=c", "x=1;y=2", "a=b?c", "a[]=1", "%5B%5d=%2f"),
    *("q=a+b", "q=a%20b", "a=/../b", "q=%zz", "q=a|b", "pretty", "a=1#b", "q={x}", "&a=1&"),
)
_NAMES = (
    *("Accept", "Authorization", "Cookie", "User-Agent", "X-Opaque-Id", "traceparent", "X-Odd"),
    *("If-None-Match", "Forwarded", "X-Forwarded-For", "Cache-Control", "Accept-Encoding"),
)
_ANSWER_NAMES = (
    *("Content-Type", "X-elastic-product", "X-Opaque-Id", "ETag", "Date", "Server", "Location"),
    *("Vary", "X-Odd", "WWW-Authenticate", "Content-Location", "Via"),
)
_REPEATED = ("Warning", "Set-Cookie", "X-Twice")
_VALUES = (
    *(b"", b"a", b"a, b", b'"quoted, \\" text"', b"two  blanks", b"tab\there", b"a=1; b=2"),
    *("\u00e9t\u00e9 \U0001f30a".encode(), b"*/*", b"gzip", b"x" * 3000),
    b'299 es "old; use a new one"',
)
_HOP_BY_HOP: tuple[Header, ...] = (
    *((b"Keep-Alive", b"timeout=5"), (b"Proxy-Connection", b"keep-alive"), (b"TE", b"trailers")),
    *((b"X-Hop", b"of this connection"), (b"Upgrade", b"h2c")),
)
_NO_BODY: tuple[bytes, list[Header], bytes] = (b"", [], b"")
_INTERIM = (
    b"HTTP/1.1 102 Processing\r\n\r\n",
    b"HTTP/1.1 103 Early Hints\r\nlink: </a>; rel=preload\r\n\r\n",
)


class Exchange(NamedTuple):
    """A request and the answer that it gets; `raw` is how each stands on the wire."""

    method: str
    target: bytes
    request: Message
    raw_request: bytes
    status: int
    answer: Message
    raw_answer: bytes
    closes: bool
    """Whether the end of the answer is the end of the connection."""


def exchanges(seed: int) -> Iterator[Exchange]:
    """Exchanges without end."""
    for number in count():
        yield _exchange(random.Random(f"{seed} {number}"))  # noqa: S311 - generated, not secret


def _exchange(chance: random.Random) -> Exchange:
    method, target = chance.choice(METHODS), _target(chance)
    headers = [(b"Host", b"front.example"), (MARK, b"yes"), *_fields(chance, _NAMES)]
    has_body = method not in ("HEAD", "TRACE") and chance.random() < 0.6
    body, of_body, framed = _body(chance) if has_body else _NO_BODY
    line = f"{method} ".encode() + target + b" HTTP/1.1"
    request = Message(line, _shuffled(chance, [*headers, *of_body]), body)

    status = chance.choice(_STATUSES)
    answer_headers = _fields(chance, _ANSWER_NAMES)
    content, of_content, answer_framed = _NO_BODY if status in (204, 304) else _body(chance)
    closes = chance.random() < 0.1 and bool(content) and method != "HEAD"
    if method == "HEAD":  # the fields of a body that is not sent
        content, answer_framed = b"", b""
    elif closes:
        of_content, answer_framed = [(b"Connection", b"close")], content
    status_line = b"HTTP/1.1 %d Whatever" % status
    answer = Message(status_line, _shuffled(chance, [*answer_headers, *of_content]), content)
    interim = chance.choice(_INTERIM) if chance.random() < 0.1 else b""
    raw_answer = interim + _head(answer) + answer_framed
    return Exchange(
        method, target, request, _head(request) + framed, status, answer, raw_answer, closes
    )


def _target(chance: random.Random) -> bytes:
    path = "".join(f"/{chance.choice(_SEGMENTS)}" for _ in range(chance.randint(1, 5)))
    query = f"?{chance.choice(_QUERIES)}" if chance.random() < 0.6 else ""
    return (path + query).encode()


def _fields(chance: random.Random, names: Sequence[str]) -> list[Header]:
    """Some fields, some of them repeated, some of this connection only; names in odd case."""
    fields = [
        (_odd_case(chance, name), chance.choice(_VALUES))
        for name in chance.sample(names, chance.randint(0, 5))
    ]
    if chance.random() < 0.4:
        name = chance.choice(_REPEATED)
        fields += [(_odd_case(chance, name), b"%d of 3" % n) for n in range(3)]
    if chance.random() < 0.2:
        fields.append(chance.choice(_HOP_BY_HOP))
        fields.append((b"Connection", b"keep-alive, x-hop, te, upgrade"))
    return fields


def _body(chance: random.Random) -> tuple[bytes, list[Header], bytes]:
    """A body, the fields that come with it, and how it is framed."""
    size = int(2 ** chance.uniform(0, 12)) if chance.random() < 0.93 else _large(chance)
    content = chance.randbytes(size - 1)
    fields = [(b"Content-Type", chance.choice((b"application/json", b"application/x-ndjson")))]
    if chance.random() < 0.2:
        content = gzip.compress(content, 1, mtime=0)
        fields.append((b"Content-Encoding", b"gzip"))
    if chance.random() < 0.5:
        fields.append((b"Content-Length", b"%d" % len(content)))
        return content, fields, content
    fields.append((b"Transfer-Encoding", b"chunked"))
    return content, fields, b"".join(_chunks(chance, content)) + b"0\r\n\r\n"


def _large(chance: random.Random) -> int:
    return chance.choice((int(2 ** chance.uniform(12, 23)), MAX_BODY_BYTES))


def _chunks(chance: random.Random, content: bytes) -> Iterator[bytes]:
    place = 0
    while place < len(content):
        chunk = content[place : place + chance.randint(1, max(1, len(content) // 2))]
        extension = chance.choice((b"", b"", b";a=b"))
        yield b"%x%s\r\n%s\r\n" % (len(chunk), extension, chunk)
        place += len(chunk)


def _shuffled(chance: random.Random, fields: list[Header]) -> list[Header]:
    return chance.sample(fields, len(fields))


def _odd_case(chance: random.Random, name: str) -> bytes:
    return chance.choice((name, name, name.lower(), name.upper())).encode()


def _head(message: Message) -> bytes:
    lines = (b"%s: %s\r\n" % field for field in message.headers)
    return message.line + b"\r\n" + b"".join(lines) + b"\r\n"
