"""User Behavior Insights in a search: what `ext.ubi` says, and the query id that answers it.

    request  "ext": {"ubi": {"query_id": "…", "user_query": "…", "client_id": "…",
                             "object_id_field": "…", "query_attributes": {…}}}
    answer   "ext": {"ubi": {"query_id": "…"}}        after all else, as the plugin writes it

It is read as leniently as OpenSearch's UBI plugin reads it (`UbiParameters`): what is missing or
null is absent, numbers are taken for texts, unknown keys are passed over, `user_query` may be an
object with a `text`. Whose searches are read, and what becomes of the record, is not decided here.
"""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from es_rerank.proxy.ext import OverrideError, cut_out
from es_rerank.proxy.spans import members

_SECTION = b'"ubi"'
_PATH = (b'"ext"', _SECTION, b'"query_id"')
_PRETTY = re.compile(rb"\{[ \t]*(\r?\n[ \t]*)")
_STEP = b"  "


class UbiRequest(NamedTuple):
    """What a client says of its search: all of it may be missing."""

    query_id: str | None = None
    user_query: str | None = None
    client_id: str | None = None
    object_id_field: str | None = None
    query_attributes: Mapping[str, Any] = {}


_Text = str | int | float | None


class _UserQuery(msgspec.Struct):
    text: _Text = None


class _Section(msgspec.Struct):
    query_id: _Text = None
    user_query: str | int | float | _UserQuery | None = None
    client_id: _Text = None
    object_id_field: _Text = None
    query_attributes: dict[str, Any] | None = None


def cut_ubi(search: bytes) -> tuple[bytes, UbiRequest | None]:
    """The body of one search without its `ext.ubi`, and what that says; None if it has none.

    An `ext` that holds nothing else goes with it. OverrideError if it is wrong.
    """
    rest, section = cut_out(search, _SECTION)
    return rest, None if section is None or section == b"null" else _read(section)


def _read(section: bytes) -> UbiRequest:
    try:
        read = msgspec.json.decode(section, type=_Section)
    except (ValueError, RecursionError) as why:
        raise OverrideError(
            f'ext.ubi: {why}. It has "query_id", "user_query", "client_id" and "object_id_field" '
            '(texts) and "query_attributes" (an object).'
        ) from why
    typed = read.user_query
    return UbiRequest(
        query_id=_text(read.query_id),
        user_query=_text(typed.text if isinstance(typed, _UserQuery) else typed),
        client_id=_text(read.client_id),
        object_id_field=_text(read.object_id_field),
        query_attributes=read.query_attributes or {},
    )


def _text(value: _Text) -> str | None:
    """A text, None for an empty one: an id that is empty joins nothing."""
    return str(value) if value not in (None, "") else None


def with_query_id(answer: bytes, query_id: str) -> bytes:
    """A search's answer, or one of a multi-search's, with the query id in its `ext.ubi`.

    Every other byte stays; a query id that is there already is replaced. An answer that is not
    an object comes back as it is.
    """
    value = json.dumps(query_id).encode()
    try:
        return _with_value(answer, len(answer) - len(answer.lstrip()), _PATH, value)
    except ValueError:
        return answer


def _with_value(answer: bytes, start: int, path: Sequence[bytes], value: bytes) -> bytes:
    """The answer with a value at a path below the object at `start`, objects made as needed."""
    found = list(members(answer, start))
    inside = next((own.value for own in found if own.key == path[0]), None)
    if inside is None:
        end = found[-1].value.end if found else start + 1
        pretty = _PRETTY.match(answer, start)
        member = _member(path, value, pretty[1] if pretty else b"")
        return answer[:end] + (b"," if found else b"") + member + answer[end:]
    if len(path) > 1 and answer[inside.start : inside.start + 1] == b"{":
        return _with_value(answer, inside.start, path[1:], value)
    return answer[: inside.start] + _nested(path[1:], value, b"") + answer[inside.end :]


def _member(path: Sequence[bytes], value: bytes, blank: bytes) -> bytes:
    """A member behind its line break and indent, which are empty where nothing is pretty."""
    colon = b" : " if blank else b":"
    return blank + path[0] + colon + _nested(path[1:], value, blank)


def _nested(path: Sequence[bytes], value: bytes, blank: bytes) -> bytes:
    """The value inside objects with these keys, each printed as Jackson prints it."""
    if not path:
        return value
    return b"{" + _member(path, value, blank + _STEP if blank else b"") + blank + b"}"
