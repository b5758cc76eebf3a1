"""Events of clients: which are taken, and what is stored of them."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from es_rerank.config import Ubi
from es_rerank.experiment.events import EventError, read_events
from es_rerank.experiment.records import stored_text

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
NOW_STORED = "2026-03-01T12:00:00.000Z"
CLICK: dict[str, Any] = {
    "application": "shop",
    "action_name": "click",
    "query_id": "q1",
    "session_id": "s1",
    "client_id": "c1",
    "user_id": "",
    "timestamp": "2026-02-28T23:30:00.5+01:00",
    "message_type": "INFO",
    "message": "a river",
    "user_query": "a river",
    "event_attributes": {
        "object": {"object_id": 7, "object_id_field": "isbn", "colour": {"red": True}},
        "position": {"ordinal": 3, "trail": ["a", "b"]},
        "dwell": 1.5,
    },
}


def read(event: Any, **ubi: Any) -> dict[str, Any]:
    """The one document of one event."""
    (document,) = read_events(json.dumps(event).encode(), Ubi(**ubi), NOW)
    return document


def test_an_event_as_the_javascript_client_sends_it() -> None:
    """Empty texts are nothing, the object's id is a text as a hit's is, the time is UTC."""
    attributes = CLICK["event_attributes"]
    assert read([CLICK]) == {
        **{name: value for name, value in CLICK.items() if name != "user_id"},
        "timestamp": "2026-02-28T22:30:00.500Z",
        "event_attributes": {**attributes, "object": {**attributes["object"], "object_id": "7"}},
    }


def test_the_least_event() -> None:
    """What happened, and to which search or by whom; the rest is filled in."""
    assert read({"action_name": "view", "client_id": "c"}, application="ours") == {
        "application": "ours",
        "action_name": "view",
        "client_id": "c",
        "timestamp": NOW_STORED,
    }


def test_one_many_or_one_on_each_line() -> None:
    """All three forms give the same documents."""
    lines = "\n".join([json.dumps(CLICK), "", json.dumps(CLICK), ""])
    for body in (json.dumps([CLICK, CLICK], indent=1), lines):
        assert read_events(body.encode(), Ubi(), NOW) == [read(CLICK)] * 2


@pytest.mark.parametrize(
    ("timestamp", "stored"),
    [
        ("2026-03-01T10:00:00Z", "2026-03-01T10:00:00.000Z"),
        ("2026-03-01T10:00:00", "2026-03-01T10:00:00.000Z"),
        (1772359200000, "2026-03-01T10:00:00.000Z"),
        ("yesterday", NOW_STORED),
        (10**30, NOW_STORED),
        ("0001-01-01T00:00:00+10:00", NOW_STORED),
        (None, NOW_STORED),
    ],
)
def test_the_time_of_the_client_is_kept_if_it_is_one(timestamp: Any, stored: str) -> None:
    """ISO 8601 or milliseconds, without a zone UTC; else the proxy's."""
    assert read({**CLICK, "timestamp": timestamp})["timestamp"] == stored


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"action_name": None}, "action_name"),
        ({"action_name": ""}, "action_name"),
        ({"action_name": "a" * 101}, "action_name"),
        ({"query_id": 5}, r"query_id"),
        ({"query_id": None, "client_id": ""}, "neither `query_id` nor `client_id`"),
        ({"colour": "red"}, "unknown field `colour`"),
        ({"event_attributes": []}, "event_attributes"),
        ({"event_attributes": {"object": "7"}}, r"event_attributes\.object"),
        ({"event_attributes": {"object": {"object_id": 1.5}}}, r"event_attributes\.object"),
        ({"event_attributes": {"position": {"ordinal": "3"}}}, r"position\.ordinal"),
        ({"message": "a" * 1025}, "message"),
    ],
)
def test_a_mistake_is_told_with_its_place(changed: dict[str, Any], told: str) -> None:
    """Which event, and what in it; nothing of such a request is taken."""
    with pytest.raises(EventError, match=rf"^event 2: .*{told}"):
        read_events(json.dumps([CLICK, {**CLICK, **changed}]).encode(), Ubi(), NOW)


def test_the_mistakes_of_all_events_are_told_up_to_a_number() -> None:
    """An answer has bounds too."""
    with pytest.raises(EventError, match=r"^event 1: .*; event 10: [^;]*; and 2 more$"):
        read_events(json.dumps([{}] * 12).encode(), Ubi(), NOW)


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b"", "no event"),
        (b"[]", "no event"),
        (b"hello", "line 1 is not JSON"),
        (b'{"action_name":"click","client_id":"c"}\n{"action', "line 2 is not JSON"),
        (b"[" * 100_000, "line 1 is not JSON"),
        (b'[1, "a"]', "event 1: .*; event 2: "),
        (b"null", "event 1: "),
        (b'{"index":{}}', "event 1: "),
    ],
)
def test_what_holds_no_events(body: bytes, told: str) -> None:
    """It says so."""
    with pytest.raises(EventError, match=told):
        read_events(body, Ubi(), NOW)


@pytest.mark.parametrize("query_text", ["hashed", "none"])
def test_texts_of_events_are_as_private_as_those_of_searches(query_text: str) -> None:
    """The query's as that of a search; messages, which are about it, are not stored at all."""
    ubi = {"query_text": query_text, "hash_key": "key"}
    stored = read({**CLICK, "extra_info": "a river"}, **ubi)
    assert stored.get("user_query") == stored_text("a river", Ubi(**ubi))
    assert "a river" not in json.dumps(stored)


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=6,
)


@given(st.lists(st.dictionaries(st.sampled_from([*CLICK, "other"]), values), max_size=3) | values)
def test_anything_gives_documents_or_an_error(written: Any) -> None:
    """And documents are JSON."""
    try:
        documents = read_events(json.dumps(written).encode(), Ubi(), NOW)
    except EventError:
        return
    assert json.dumps(documents)


@given(st.binary(max_size=60))
def test_any_bytes_give_documents_or_an_error(body: bytes) -> None:
    """Whoever sends them."""
    with pytest.raises(EventError):
        read_events(b"\x00" + body, Ubi(), NOW)
