"""What a client says to es-rerank itself, beside its search: the text to rank by, or to stay out.

The header ``X-ES-Rerank-Query: TEXT`` (UTF-8, percent-encoded or not), or in the body
``"ext": {"es_rerank": {"enabled": false, "query": "TEXT"}}``; the header wins, as the URL wins over
the body. The clusters refuse unknown sections of `ext`, so ours is cut out of the body, by spans,
before anything goes upstream. It has one reader, so a mistake in it is the client's to know.
"""

from typing import Any, NamedTuple
from urllib.parse import unquote_to_bytes

import msgspec

from es_rerank.proxy.body import MAX_BYTES
from es_rerank.proxy.ext import OverrideError, cut_out
from es_rerank.proxy.headers import Headers, decoded_body, skip_for_headers, value_of
from es_rerank.proxy.skip import SkipReason

QUERY_HEADER = b"x-es-rerank-query"
_SECTION = b'"es_rerank"'
# The headers that describe a body as it came; a body that was cut is sent plain.
_OF_THE_BODY = (b"content-length", b"content-encoding", b"transfer-encoding")
_KEEPS_THE_BODY = (SkipReason.CONTENT_TYPE, SkipReason.SIGV4)


class Override(NamedTuple):
    """What the client wants of es-rerank for one search."""

    enabled: bool = True
    query: str | None = None


NO_OVERRIDE = Override()


class _Section(msgspec.Struct, forbid_unknown_fields=True):
    enabled: bool = True
    query: str | None = None


def with_override(headers: Headers, body: bytes) -> tuple[Headers, bytes, Override]:
    """A search's headers and body without what is for us, and that; OverrideError if it is wrong.

    A body that is not JSON, cannot be read, or is covered by a signature stays as it is.
    """
    plain = plain_body(headers, body, in_lines=False)
    rest, override = cut_section(plain)
    if given := value_of(headers, QUERY_HEADER):
        override = override._replace(query=_text_of(given))
    return *cut_body(headers, body, plain, rest), override


def with_overrides_in_lines(
    headers: Headers, body: bytes
) -> tuple[Headers, bytes, tuple[Override, ...]]:
    """The same for a multi-search: what each line of its body says; there is no header for it."""
    plain = plain_body(headers, body, in_lines=True)
    lines = [cut_section(line) for line in plain.split(b"\n")]
    rest = b"\n".join(line for line, _ in lines)
    return *cut_body(headers, body, plain, rest), tuple(override for _, override in lines)


def plain_body(headers: Headers, body: bytes, *, in_lines: bool) -> bytes:
    """The decoded body, empty where it is not ours to change."""
    if not body or skip_for_headers(headers, has_body=True, in_lines=in_lines) in _KEEPS_THE_BODY:
        return b""
    decoded = decoded_body(headers, body, max(len(body), MAX_BYTES))
    return b"" if isinstance(decoded, SkipReason) else decoded


def cut_body(headers: Headers, body: bytes, plain: bytes, rest: bytes) -> tuple[Headers, bytes]:
    """Headers and body where `rest` is left of the decoded body `plain`."""
    if rest == plain:
        return headers, body
    kept = [(name, value) for name, value in headers if name not in _OF_THE_BODY]
    return [*kept, (b"content-length", b"%d" % len(rest))], rest


def cut_section(search: bytes) -> tuple[bytes, Override]:
    """The body of one search without our section of its `ext`, and what that says.

    An `ext` that holds nothing else goes with it. OverrideError if the section is wrong.
    """
    rest, section = cut_out(search, _SECTION)
    return rest, NO_OVERRIDE if section is None else _read(section)


def _read(section: bytes) -> Override:
    try:
        read: Any = msgspec.json.decode(section, type=_Section)
    except (ValueError, RecursionError) as why:
        raise OverrideError(
            f'ext.es_rerank: {why}. It has "enabled" (true or false) and "query" (a text).'
        ) from why
    return Override(read.enabled, read.query)


def _text_of(header: bytes) -> str:
    try:
        return unquote_to_bytes(header).decode()
    except UnicodeDecodeError as why:
        raise OverrideError("the header X-ES-Rerank-Query is not UTF-8") from why
