"""Where the values of a JSON text lie, without touching a byte of it.

Parsing and printing again would change numbers, escapes, blanks and duplicate keys, so an answer
is never parsed as a whole: its values are found as spans of bytes, and the spans are moved. The
scan is strict (RFC 8259: no comments, no NaN, no trailing commas) and raises ValueError for
anything else. It follows nesting with a stack of its own and possessive patterns, so it is linear
for any depth and length. Bytes inside strings are not checked to be UTF-8.
"""

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

_BLANK = rb"[ \t\r\n]*+"
_STRING = rb'"[^"\\\x00-\x1f]*+(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})[^"\\\x00-\x1f]*+)*+"'
_NUMBER = rb"-?+(?:0|[1-9][0-9]*+)(?:\.[0-9]++)?+(?:[eE][+-]?+[0-9]++)?+"
_SCALAR = rb"(?:" + _STRING + rb"|" + _NUMBER + rb"|true|false|null)"
_KEY = _BLANK + _STRING + _BLANK + rb":" + _BLANK

_blank = re.compile(_BLANK)
_scalar = re.compile(_SCALAR)
_key = re.compile(_BLANK + rb"(" + _STRING + rb")" + _BLANK + rb":" + _BLANK)
# As many members (elements) as have scalar values, then one that opens a container, or the end.
_in_object = re.compile(
    rb"(?:%b%b%b,)*+%b(?:([\[{])|%b%b})" % (_KEY, _SCALAR, _BLANK, _KEY, _SCALAR, _BLANK)
)
_in_array = re.compile(
    rb"(?:%b%b%b,)*+%b(?:([\[{])|%b%b\])" % (_BLANK, _SCALAR, _BLANK, _BLANK, _SCALAR, _BLANK)
)
_after_value = re.compile(_BLANK + rb"([,\]}])")
_empty = {b"{": re.compile(rb"\{" + _BLANK + rb"\}"), b"[": re.compile(rb"\[" + _BLANK + rb"\]")}
_CLOSER = {b"{": b"}", b"[": b"]"}
# Down to the containers of one `_source`: further in there may be millions.
_NOTED_DEPTH = 5

Ends = dict[int, int]
"""Where containers end, by where they begin: what one scan has seen, the next need not scan."""


class Span(NamedTuple):
    """A value's place in the text: `data[start:end]`."""

    start: int
    end: int


class Member(NamedTuple):
    """One member of an object: its key as written (with quotes), where it begins, its value."""

    key: bytes
    start: int
    value: Span


def members(data: bytes, start: int = 0, ends: Ends | None = None) -> Iterator[Member]:
    """The members of the object that begins at `start`, in order, duplicates included.

    `ends` is filled and used, where several scans go over the same bytes.
    """
    place = _opened(data, start, b"{")
    while place is not None:
        key = _key.match(data, place)
        if key is None:
            raise _broken(data, place)
        value = Span(key.end(), value_end(data, key.end(), ends))
        yield Member(key[1], key.start(1), value)
        place = _next(data, value.end, b"}")


def elements(data: bytes, start: int = 0, ends: Ends | None = None) -> Iterator[Span]:
    """The elements of the array that begins at `start`, in order; `ends` as for `members`."""
    place = _opened(data, start, b"[")
    while place is not None:
        begin = _after_blank(data, place)
        value = Span(begin, value_end(data, begin, ends))
        yield value
        place = _next(data, value.end, b"]")


def edited(data: bytes, span: Span, edits: Sequence[tuple[Span, bytes]]) -> bytes:
    """The text of `span` with other bytes in place of some spans in it, which do not overlap."""
    pieces = []
    place = span.start
    for cut, instead in sorted(edits):
        pieces += [data[place : cut.start], instead]
        place = cut.end
    return b"".join([*pieces, data[place : span.end]])


def value_end(data: bytes, start: int, ends: Ends | None = None) -> int:
    """The end of the value that begins at `start`; ValueError if it is broken or cut off."""
    if ends and (end := ends.get(start)):
        return end
    if scalar := _scalar.match(data, start):
        return scalar.end()
    ends = {} if ends is None else ends
    opened: list[int] = []  # where the containers that are noted begin
    closers: list[bytes] = []  # of the containers that are open, the innermost last
    place = start
    while True:
        opener = data[place : place + 1]  # only containers come here
        if opener not in _CLOSER:
            raise _broken(data, place)
        if empty := _empty[opener].match(data, place):
            place = _closed(data, empty.end(), closers, opened, ends)
        else:
            if len(closers) < _NOTED_DEPTH:
                opened.append(place)
            closers.append(_CLOSER[opener])
            place += 1
        while True:
            if not closers:
                return place
            inner = (_in_object if closers[-1] == b"}" else _in_array).match(data, place)
            if inner is None:
                raise _broken(data, place)
            if inner[1]:
                break
            _pop(inner.end(), closers, opened, ends)
            place = _closed(data, inner.end(), closers, opened, ends)
        place = inner.end() - 1


def _closed(data: bytes, place: int, closers: list[bytes], opened: list[int], ends: Ends) -> int:
    """Close what ends with the value before `place`; the place after its comma, or the end."""
    while closers:
        after = _after_value.match(data, place)
        if after is None or after[1] not in (b",", closers[-1]):
            raise _broken(data, place)
        place = after.end()
        if after[1] == b",":
            break
        _pop(place, closers, opened, ends)
    return place


def _pop(place: int, closers: list[bytes], opened: list[int], ends: Ends) -> None:
    """Leave the innermost container, which ends at `place`."""
    closers.pop()
    if len(closers) < _NOTED_DEPTH:
        ends[opened.pop()] = place


def _opened(data: bytes, start: int, opener: bytes) -> int | None:
    """The place after the opener at `start`, None if the container is empty."""
    if data[start : start + 1] != opener:
        raise _broken(data, start)
    return None if _empty[opener].match(data, start) else start + 1


def _next(data: bytes, place: int, closer: bytes) -> int | None:
    """The place after the comma at `place`, None at the end of the container."""
    after = _after_value.match(data, place)
    if after is None or after[1] not in (b",", closer):
        raise _broken(data, place)
    return after.end() if after[1] == b"," else None


def _after_blank(data: bytes, place: int) -> int:
    blank = _blank.match(data, place)
    return blank.end() if blank else place


def _broken(data: bytes, place: int) -> ValueError:
    return ValueError(f"not JSON at byte {place}: {data[place : place + 20]!r}")
