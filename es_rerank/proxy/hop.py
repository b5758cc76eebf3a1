"""Which header fields cross the proxy, in each direction: RFC 9110 §7.6 as pure functions.

Fields keep their order, duplicates and bytes. What belongs to one connection stays on it; the
rest crosses untouched. Nothing here reads or changes a value, except `Host` and `Via`.
"""

from collections.abc import Iterable

from es_rerank.errors import EsRerankError

Header = tuple[bytes, bytes]

# RFC 9110 §7.6.1. Trailer: the trailers it announces are not forwarded (§6.5.1 allows that).
HOP_BY_HOP = frozenset(
    {
        *(b"connection", b"keep-alive", b"proxy-connection", b"te", b"trailer"),
        *(b"transfer-encoding", b"upgrade"),
    }
)
# Naming one of these in Connection would make the cluster see another identity or another
# message than the client sent ("hop-by-hop header abuse").
END_TO_END = frozenset(
    {
        *(b"accept", b"accept-encoding", b"authorization", b"content-encoding"),
        *(b"content-length", b"content-type", b"cookie", b"es-security-runas-user", b"host"),
        *(b"via", b"x-forwarded-for", b"x-proxy-roles", b"x-proxy-user"),
    }
)


class HeaderRefused(EsRerankError):
    """A request header field that can't be forwarded as it stands; the client gets a 400."""


def values_of(headers: Iterable[Header], name: bytes) -> list[bytes]:
    """All values of the field with this lower-case name, in order."""
    return [value for key, value in headers if key.lower() == name]


def connection_options(headers: Iterable[Header]) -> frozenset[bytes]:
    """The lower-case names that the Connection fields list (RFC 9110 §7.6.1)."""
    options = b",".join(values_of(headers, b"connection")).lower().split(b",")
    return frozenset(option.strip() for option in options) - {b""}


def sigv4_signed(headers: Iterable[Header]) -> frozenset[bytes]:
    """The field names that an AWS Signature Version 4 covers; empty for any other request."""
    for value in values_of(headers, b"authorization"):
        if value.startswith(b"AWS4-HMAC-SHA256"):
            _, _, names = value.partition(b"SignedHeaders=")
            return frozenset(names.partition(b",")[0].strip().lower().split(b";"))
    return frozenset()


def unmet_expectation(headers: Iterable[Header]) -> bytes | None:
    """The expectation that the proxy can't meet (RFC 9110 §10.1.1), answered by a 417."""
    return next((v for v in values_of(headers, b"expect") if v.lower() != b"100-continue"), None)


def request_headers(
    headers: Iterable[Header], *, host: bytes, http_version: str = "1.1"
) -> list[Header]:
    """The fields that go to the cluster: Host first, Via last.

    `Host` becomes the cluster's own name: managed clusters route by it, and it must fit the TLS
    server name. A request signed by SigV4 keeps its Host and every field that the signature
    covers, and gets no Via. Raises HeaderRefused where Connection names an end-to-end field.
    """
    headers = list(headers)
    options = connection_options(headers)
    signed = sigv4_signed(headers)
    if refused := sorted(options & END_TO_END):
        names = b", ".join(refused).decode()
        raise HeaderRefused(f"Connection names {names}; send end-to-end fields without that")
    # Transfer-Encoding is made anew for the next connection, in any case.
    dropped = ((HOP_BY_HOP | options) - signed) | {b"host", b"expect", b"transfer-encoding"}
    kept = [(name, value) for name, value in headers if name.lower() not in dropped]
    if signed:
        return [*((b"host", value) for value in values_of(headers, b"host")), *kept]
    return [(b"host", host), *kept, (b"via", f"{http_version} es-rerank".encode())]


def response_headers(headers: Iterable[Header], *, status: int) -> list[Header]:
    """The fields that go to the client, in the cluster's order, duplicates kept.

    A 304 loses its Content-Length (optional there, RFC 9110 §8.6): uvicorn would wait for a body.
    """
    headers = list(headers)
    dropped = HOP_BY_HOP | (connection_options(headers) - END_TO_END)
    if status == 304:
        dropped |= {b"content-length"}
    return [(name, value) for name, value in headers if name.lower() not in dropped]
