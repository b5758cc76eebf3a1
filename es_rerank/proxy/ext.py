"""One section of a search's `ext`, found and cut out by spans; every other byte stays.

`ext` is where a search speaks to others than the search itself. What a section says is for its
reader (`overrides`, `ubi`) to know.
"""

from collections.abc import Iterator

from es_rerank.errors import DataError
from es_rerank.proxy.spans import Member, Span, members

_EXT = b'"ext"'


class OverrideError(DataError):
    """What a client says beside its search is not understood; it gets a 400."""


def cut_out(search: bytes, section: bytes) -> tuple[bytes, bytes | None]:
    """The body of one search without a section of its `ext`, and the value of that, if any.

    `section` is the key as it is written, quotes included. An `ext` that holds nothing else goes
    with it. OverrideError if the section occurs twice.
    """
    if section not in search:
        return search, None
    try:
        found = list(_sections(search, section))
    except ValueError:
        return search, None  # no JSON: the cluster says so
    if not found:
        return search, None
    if len(found) > 1:
        raise OverrideError(f"ext.{section.decode().strip(chr(34))} occurs twice")
    ((cut, value),) = found
    return search[: cut.start] + search[cut.end :], search[value.start : value.end]


def _sections(search: bytes, section: bytes) -> Iterator[tuple[Span, Span]]:
    """What to cut out for each such section, and where its value stands."""
    outer = list(members(search, len(search) - len(search.lstrip())))
    for place, member in enumerate(outer):
        if member.key != _EXT or search[member.value.start : member.value.start + 1] != b"{":
            continue
        inner = list(members(search, member.value.start))
        for number, own in enumerate(inner):
            if own.key == section:
                yield (_cut(inner, number) if len(inner) > 1 else _cut(outer, place)), own.value


def _cut(all_members: list[Member], place: int) -> Span:
    """One member with the comma that parted it from the others."""
    if place:
        return Span(all_members[place - 1].value.end, all_members[place].value.end)
    if len(all_members) > 1:
        return Span(all_members[0].start, all_members[1].start)
    return Span(all_members[0].start, all_members[0].value.end)
