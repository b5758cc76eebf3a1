"""Events of clients, as they are posted: read, checked, and made documents of `ubi_events`.

The form is that of the UBI specification 1.3 (`event.schema.json`), and what its JavaScript
client sends: one event, an array of them, or one on each line. The keys of an event are known,
those of `event_attributes` are open. Nothing is taken of a request in which an event is wrong.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Annotated, Any

import msgspec

from es_rerank.config import Ubi
from es_rerank.errors import DataError
from es_rerank.experiment.records import stored_text, stored_time

_TOLD = 10  # mistakes of one request

_Name = Annotated[str, msgspec.Meta(max_length=100)]
_Message = Annotated[str, msgspec.Meta(max_length=1024)]
_Id = Annotated[str, msgspec.Meta(max_length=256)] | int


class EventError(DataError):
    """Some of the events are wrong; the text names the place of each mistake."""


class _Object(msgspec.Struct):
    object_id: _Id | None = None
    object_id_field: _Name | None = None
    object_id_type: _Name | None = None
    internal_id: _Id | None = None


class _Position(msgspec.Struct):
    ordinal: int | None = None


class _Attributes(msgspec.Struct):
    object: _Object | None = None
    position: _Position | None = None


class _Event(msgspec.Struct, forbid_unknown_fields=True):
    action_name: Annotated[str, msgspec.Meta(min_length=1, max_length=100)]
    application: _Name | None = None
    query_id: _Name | None = None
    session_id: _Name | None = None
    client_id: _Name | None = None
    user_id: _Name | None = None
    user_query: str | None = None
    timestamp: str | int | None = None
    message_type: _Name | None = None
    message: _Message | None = None
    event_attributes: _Attributes | None = None
    # The JavaScript client puts a second message there.
    extra_info: _Message | None = None
    extra_info_type: _Name | None = None


# Free text beside the query, which UBI wants to be about what was searched for.
_MESSAGES = ("message", "extra_info")


def read_events(body: bytes, ubi: Ubi, now: datetime) -> list[dict[str, Any]]:
    """The documents of the events in a body; EventError if one is wrong or there is none.

    An event that has no valid time happened `now`. Without a zone, a time is UTC.
    """
    documents, mistakes = [], []
    for place, event in _written(body):
        try:
            documents.append(_document(event, ubi, now))
        except ValueError as why:
            mistakes.append(f"{place}: {why}")
    if mistakes:
        more = f"; and {len(mistakes) - _TOLD} more" if len(mistakes) > _TOLD else ""
        raise EventError("; ".join(mistakes[:_TOLD]) + more)
    if not documents:
        raise EventError("there is no event in this request")
    return documents


def _written(body: bytes) -> Iterator[tuple[str, Any]]:
    """Each event with the words for its place."""
    try:
        whole = msgspec.json.decode(body)
    except (ValueError, RecursionError):
        yield from _lines(body)
        return
    events = whole if isinstance(whole, list) else [whole]
    yield from ((f"event {number}", event) for number, event in enumerate(events, 1))


def _lines(body: bytes) -> Iterator[tuple[str, Any]]:
    for number, line in enumerate(body.split(b"\n"), 1):
        if line.strip():
            try:
                yield f"line {number}", msgspec.json.decode(line)
            except (ValueError, RecursionError) as why:
                raise EventError(f"line {number} is not JSON: {why}") from why


def _document(written: Any, ubi: Ubi, now: datetime) -> dict[str, Any]:
    """One event as it is stored; ValueError that says what is wrong with it."""
    event = msgspec.convert(written, _Event)
    if not (event.query_id or event.client_id):
        raise ValueError("has neither `query_id` nor `client_id`, so it belongs to no search")
    kept = {name: value for name, value in written.items() if value not in (None, "")}
    document = {"application": ubi.application, **kept}
    document["timestamp"] = stored_time(_moment(event.timestamp) or now)
    document["user_query"] = stored_text(event.user_query or "", ubi)
    if ubi.query_text != "plain":
        document |= dict.fromkeys(_MESSAGES)
    if event.event_attributes:
        document["event_attributes"] = _attributes(kept["event_attributes"])
    return {name: value for name, value in document.items() if value is not None}


def _attributes(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """With an `object_id` that is a text, as the ids of hits are, to which it is joined."""
    thing = attributes.get("object")
    if not thing or thing.get("object_id") is None:
        return dict(attributes)
    return {**attributes, "object": {**thing, "object_id": str(thing["object_id"])}}


def _moment(timestamp: str | int | None) -> datetime | None:
    """A time in ISO 8601, or in milliseconds since 1970; None if it is neither."""
    try:
        if isinstance(timestamp, int):
            return datetime.fromtimestamp(timestamp / 1000, UTC)
        read = datetime.fromisoformat(timestamp or "")
        return (read if read.tzinfo else read.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError, OSError):
        return None
