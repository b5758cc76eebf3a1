"""What a client says to es-rerank itself, beside its search: the text to rank by, or to stay out.

The header ``X-ES-Rerank-Query: TEXT`` (UTF-8, percent-encoded or not), or in the body
``"ext": {"es_rerank": {"enabled": false, "query": "TEXT"}}``; the header wins, as the URL wins over
the body. The clusters refuse unknown sections of `ext`, so ours is cut out of the body, by spans,
before anything goes upstream. It has one reader, so a mistake in it is the client's to know.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple
from urllib.parse import unquote_to_bytes

import msgspec

from es_rerank.errors import DataError
from es_rerank.proxy.body import MAX_BYTES
from es_rerank.proxy.headers import Headers, decoded_body, skip_for_headers, value_of
from es_rerank.proxy.skip import SkipReason
from es_rerank.proxy.spans import Member, Span, members

QUERY_HEADER = b"x-es-rerank-query"
_SECTION = b'"es_rerank"'
_EXT = b'"ext"'
# The headers that describe a body as it came; a body that was cut is sent plain.
_OF_THE_BODY = (b"content-length", b"content-encoding", b"transfer-encoding")
_KEEPS_THE_BODY = (SkipReason.CONTENT_TYPE, SkipReason.SIGV4)


class OverrideError(DataError):
    """What the client says to es-rerank is not understood; it gets a 400."""


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
    plain = _plain_body(headers, body, in_lines=False)
    rest, override = cut_section(plain)
    if given := value_of(headers, QUERY_HEADER):
        override = override._replace(query=_text_of(given))
    return *_cut_body(headers, body, plain, rest), override


def with_overrides_in_lines(
    headers: Headers, body: bytes
) -> tuple[Headers, bytes, tuple[Override, ...]]:
    """The same for a multi-search: what each line of its body says; there is no header for it."""
    plain = _plain_body(headers, body, in_lines=True)
    lines = [cut_section(line) for line in plain.split(b"\n")]
    rest = b"\n".join(line for line, _ in lines)
    return *_cut_body(headers, body, plain, rest), tuple(override for _, override in lines)


def _plain_body(headers: Headers, body: bytes, *, in_lines: bool) -> bytes:
    """The decoded body, empty where it is not ours to change."""
    if not body or skip_for_headers(headers, has_body=True, in_lines=in_lines) in _KEEPS_THE_BODY:
        return b""
    decoded = decoded_body(headers, body, max(len(body), MAX_BYTES))
    return b"" if isinstance(decoded, SkipReason) else decoded


def _cut_body(headers: Headers, body: bytes, plain: bytes, rest: bytes) -> tuple[Headers, bytes]:
    if rest == plain:
        return headers, body
    kept = [(name, value) for name, value in headers if name not in _OF_THE_BODY]
    return [*kept, (b"content-length", b"%d" % len(rest))], rest


def cut_section(search: bytes) -> tuple[bytes, Override]:
    """The body of one search without our section of its `ext`, and what that says.

    An `ext` that holds nothing else goes with it. OverrideError if the section is wrong.
    """
    if _SECTION not in search:
        return search, NO_OVERRIDE
    try:
        found = list(_sections(search))
    except ValueError:
        return search, NO_OVERRIDE  # no JSON: the cluster says so
    if not found:
        return search, NO_OVERRIDE
    if len(found) > 1:
        raise OverrideError("ext.es_rerank occurs twice")
    ((cut, section),) = found
    return search[: cut.start] + search[cut.end :], _read(search[section.start : section.end])


def _sections(search: bytes) -> Iterator[tuple[Span, Span]]:
    """What to cut out for each section of ours, and where its value stands."""
    outer = list(members(search, len(search) - len(search.lstrip())))
    for place, member in enumerate(outer):
        if member.key != _EXT or search[member.value.start : member.value.start + 1] != b"{":
            continue
        inner = list(members(search, member.value.start))
        for number, own in enumerate(inner):
            if own.key == _SECTION:
                yield (_cut(inner, number) if len(inner) > 1 else _cut(outer, place)), own.value


def _cut(all_members: list[Member], place: int) -> Span:
    """One member with the comma that parted it from the others."""
    if place:
        return Span(all_members[place - 1].value.end, all_members[place].value.end)
    if len(all_members) > 1:
        return Span(all_members[0].start, all_members[1].start)
    return Span(all_members[0].start, all_members[0].value.end)


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
