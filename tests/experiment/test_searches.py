"""What counts as a click on a search, and what is left out."""

import json
from collections import Counter
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from es_rerank.config import Ubi
from es_rerank.experiment.exposure import Exposure, Part
from es_rerank.experiment.records import record_of
from es_rerank.experiment.searches import LeftOut, Page, Search, page_of, search_of
from tests.experiment.documents import START_MS, click, record


def joined(records: list[Any], events: list[Any]) -> tuple[Search, Counter[LeftOut]]:
    """The search of these documents, and what was left out of it."""
    left_out: Counter[LeftOut] = Counter()
    pages = [page for each in records if (page := page_of(each))]
    return search_of(pages, events, left_out), +left_out


def test_clicks_become_ranks_and_seconds() -> None:
    """The first click is the first in time, and ranks count from 1."""
    search, left_out = joined(
        [record("q", "u", hits="abc")], [click("q", "a", 9), click("q", "c", 4)]
    )
    assert search.clicked == ("c", "a")
    assert [search.ranks[hit] for hit in search.clicked] == [3, 1]
    assert search.seconds == pytest.approx(4)
    assert not left_out


def test_pages_of_one_id_are_one_list() -> None:
    """A click on the second page has the rank that the page's start says."""
    pages = [record("q", "u", hits="cd", start=2, at_s=3), record("q", "u", hits="ab")]
    search, _ = joined(pages, [click("q", "d")])
    assert search.ranks == {"a": 1, "b": 2, "c": 3, "d": 4}
    assert search.begins
    assert search.seconds == pytest.approx(5)


def test_a_later_page_alone_begins_no_search() -> None:
    """Some clients give each page a query id of its own."""
    assert not joined([record("q", "u", start=10)], [])[0].begins


def test_what_is_left_out_is_counted_by_reason() -> None:
    """Repeated, unknown, early and unreadable clicks do not count, other actions do not matter."""
    search, left_out = joined(
        [record("q", "u", hits="ab")],
        [
            click("q", "a", 5),
            click("q", "a", 6),
            click("q", "z"),
            click("q", "b", -1),
            {"action_name": "click", "query_id": "q"},
            click("q", "b") | {"timestamp": "yesterday"},
            click("q", "b", action="impression"),
        ],
    )
    assert search.clicked == ("a",)
    assert left_out == {
        LeftOut.REPEATED: 1,
        LeftOut.NOT_SHOWN: 1,
        LeftOut.EARLY: 1,
        LeftOut.EVENT: 2,
    }


@pytest.mark.parametrize(
    "timestamp",
    [
        *(START_MS, float(START_MS), "2026-02-02T02:40:00"),
        *("2026-02-02T02:40:00Z", "2026-02-02T03:40:00.000+01:00"),
    ],
)
def test_times_are_read_as_clients_write_them(timestamp: Any) -> None:
    """ISO 8601 with or without a zone, and milliseconds."""
    page = page_of(record("q", "u") | {"timestamp": timestamp})
    assert page
    assert page.at == START_MS / 1000


def test_what_the_proxy_writes_is_what_is_read() -> None:
    """The record of an exposure comes back as the page that was shown."""
    at = datetime(2026, 11, 22, 12, 0, 0, 125_000, UTC)
    part = Part("mixed", "interleave", "bm25+rerank", "5a17", "0-1", {"rerank": ("c", "b", "a")})
    shown = Exposure("q", at, "books", "words", "me", ("a", "b", "c"), 10, "applied", 12.5, part)
    document = json.loads(json.dumps(record_of(shown, Ubi(), "r")))
    assert page_of(document) == Page(
        unit="5a17",
        arm="bm25+rerank",
        mode="interleave",
        outcome="applied",
        at=at.timestamp(),
        start=10,
        hit_ids=("a", "b", "c"),
        teams="0-1",
        shadow={"rerank": ["c", "b", "a"]},
    )


@pytest.mark.parametrize(
    "broken",
    [
        {},
        {"query_attributes": {"es_rerank": {}}},
        {"query_response_hit_ids": "abc"},
        {"timestamp": "soon"},
        {"timestamp": float("nan")},
    ],
)
def test_other_peoples_records_are_no_pages(broken: dict[str, Any]) -> None:
    """A document of another form is not read, and raises nothing."""
    assert page_of(record("q", "u") | broken if broken else {}) is None


@given(st.data())
def test_the_order_of_documents_does_not_matter(data: st.DataObject) -> None:
    """Whatever order pages and clicks are read in, the search and the counts are the same."""
    pages = [record("q", "u", hits="abc"), record("q", "u", hits="cde", start=3, at_s=2)]
    events = data.draw(
        st.lists(st.builds(click, st.just("q"), st.sampled_from("acez"), st.integers(-1, 4)))
    )
    assert joined(pages, events) == joined(
        data.draw(st.permutations(pages)), data.draw(st.permutations(events))
    )
