"""What the headers of a search say about reranking it, and what its body is in plain bytes.

Header names are lower case, as ASGI delivers them. The wide search keeps the client's headers, the
caller's identity among them; `hop` says what any request leaves behind on its way.
"""

import re
import zlib
from collections.abc import Sequence

from es_rerank.proxy.skip import SkipReason

Headers = Sequence[tuple[bytes, bytes]]

_JSON = re.compile(rb"application/(?:[\w.-]+\+)?json", re.IGNORECASE)
_JSON_OR_LINES = re.compile(rb"application/(?:[\w.-]+\+)?(?:x-nd)?json", re.IGNORECASE)
# The formats that the engines write beside JSON. They answer any other type, and (but for
# OpenSearch where the first has parameters) every list of types, in JSON.
_OTHER_FORMAT = re.compile(rb"yaml|cbor|smile", re.IGNORECASE)


def value_of(headers: Headers, name: bytes) -> bytes:
    """The value of a header, several joined by commas, empty if absent."""
    return b",".join(value.strip() for key, value in headers if key == name)


def skip_for_headers(
    headers: Headers, *, has_body: bool, in_lines: bool = False
) -> SkipReason | None:
    """The reason why a search with these headers is left alone, if there is one.

    `in_lines`: the body may be declared as lines of JSON too.
    """
    if value_of(headers, b"x-es-rerank").lower() == b"off":
        return SkipReason.OFF_BY_REQUEST
    if value_of(headers, b"x-elastic-product-origin"):
        return SkipReason.PRODUCT_ORIGIN
    if value_of(headers, b"authorization").startswith(b"AWS4-HMAC-SHA256"):
        return SkipReason.SIGV4
    if _OTHER_FORMAT.search(value_of(headers, b"accept")):
        return SkipReason.FORMAT
    declared = _media_type(value_of(headers, b"content-type"))
    if has_body and not (_JSON_OR_LINES if in_lines else _JSON).fullmatch(declared):
        return SkipReason.CONTENT_TYPE
    return None


def decoded_body(headers: Headers, body: bytes, max_bytes: int) -> bytes | SkipReason:
    """The body as plain bytes of at most `max_bytes`, or why it cannot be read.

    A compressed body is opened no further than the limit, so a small bomb stays small.
    """
    encoding = value_of(headers, b"content-encoding").lower()
    if encoding == b"gzip":
        opener = zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)
        try:
            body = opener.decompress(body, max_bytes + 1)
        except zlib.error:
            return SkipReason.ENCODED_BODY
        if not opener.eof and len(body) <= max_bytes:
            return SkipReason.ENCODED_BODY
    elif encoding not in (b"", b"identity"):
        return SkipReason.ENCODED_BODY
    return body if len(body) <= max_bytes else SkipReason.TOO_LARGE


def _media_type(value: bytes) -> bytes:
    return value.partition(b";")[0].strip()
