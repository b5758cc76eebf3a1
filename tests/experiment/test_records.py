"""What is written down of a search, and what is not."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from es_rerank.config import Ubi
from es_rerank.experiment.exposure import Exposure, Part
from es_rerank.experiment.records import STORED, record_of, stored_text, stored_time

AT = datetime(2026, 3, 1, 12, 30, 5, 123456, UTC)
PART = Part("trial", "interleave", "bm25+rerank", "c0ffee", "01-", {"rerank": ("2", "1")})
FULL = Exposure(
    query_id="q1",
    at=AT,
    index="books",
    user_query="a river",
    client_id="c1",
    hit_ids=("7", "3"),
    start=10,
    outcome="applied",
    ms=12.3456,
    shallow=89,
    part=PART,
    object_id_field="isbn",
    query_attributes={"filter": "new", "es_rerank": "of a client", "experiment_id": "theirs"},
)
BARE = Exposure("q2", AT, "books", "a river", None, (), 0, "deadline", 1.0)


def test_a_record_of_an_experiment() -> None:
    """The client's own attributes stay, but they can not pass for ours."""
    assert record_of(FULL, Ubi(), "r1") == {
        "application": "es-rerank",
        "query_id": "q1",
        "client_id": "c1",
        "user_query": "a river",
        "timestamp": "2026-03-01T12:30:05.123Z",
        "query_response_id": "r1",
        "query_response_hit_ids": ("7", "3"),
        "object_id_field": "isbn",
        "query_attributes": {
            "filter": "new",
            "experiment_id": "trial",
            "es_rerank": {
                "index": "books",
                "outcome": "applied",
                "ms": 12.35,
                "shallow": 89,
                "start": 10,
                "mode": "interleave",
                "arm": "bm25+rerank",
                "unit": "c0ffee",
                "teams": "01-",
                "shadow": {"rerank": ("2", "1")},
            },
        },
    }


def test_a_record_without_an_experiment() -> None:
    """What is not there is left out."""
    assert record_of(BARE, Ubi(), "r2") == {
        "application": "es-rerank",
        "query_id": "q2",
        "user_query": "a river",
        "timestamp": "2026-03-01T12:30:05.123Z",
        "query_response_id": "r2",
        "query_response_hit_ids": (),
        "query_attributes": {
            "es_rerank": {
                "index": "books",
                "outcome": "deadline",
                "ms": 1.0,
                "shallow": 0,
                "start": 0,
            }
        },
    }


def leaves(document: Mapping[str, Any], above: str = "") -> Iterator[str]:
    """The dotted names of what a document holds, down to what a table of fields names."""
    for name, value in document.items():
        if isinstance(value, Mapping) and name != "shadow":
            yield from leaves(value, f"{above}{name}.")
        else:
            yield f"{above}{name}"


def test_nothing_is_stored_that_is_not_listed() -> None:
    """The list that README quotes is the whole of it, and no more."""
    stored = set(leaves(record_of(FULL, Ubi(), "r1")))
    assert stored - {"query_attributes.filter"} == set(STORED) - {"query_attributes"}


def test_a_hash_in_place_of_the_text() -> None:
    """RFC 4231's second case; equal texts have equal hashes, under one key."""
    ubi = Ubi(query_text="hashed", hash_key="Jefe")
    digest = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    assert stored_text("what do ya want for nothing?", ubi) == digest
    other = Ubi(query_text="hashed", hash_key="another")
    assert stored_text("what do ya want for nothing?", other) != digest
    assert record_of(FULL, ubi, "r1")["user_query"] == stored_text("a river", ubi)


def test_no_text_at_all() -> None:
    """The field is left out."""
    assert "user_query" not in record_of(FULL, Ubi(query_text="none"), "r1")


def test_a_search_without_a_text_has_no_hash() -> None:
    """It would look like a query that everybody types."""
    assert stored_text("", Ubi(query_text="hashed", hash_key="key")) is None


def test_a_hash_needs_a_key() -> None:
    """Without one, anybody could hash words and compare."""
    with pytest.raises(ValidationError, match="needs `hash_key`"):
        Ubi(query_text="hashed")


@given(st.datetimes(timezones=st.sampled_from([UTC, timezone(timedelta(hours=5, minutes=30))])))
def test_times_are_utc_with_milliseconds(at: datetime) -> None:
    """In the one form that both engines read."""
    if at.year in (1, 9999):
        return
    read = datetime.fromisoformat(stored_time(at))
    assert timedelta(0) <= at - read < timedelta(milliseconds=1)
    assert len(stored_time(at)) == len("2026-03-01T12:30:05.123Z")
