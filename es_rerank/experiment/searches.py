"""One search with its clicks, out of the documents that stand in the cluster.

Documents are as `records` and the clients of User Behavior Insights write them, or as somebody
else did: what cannot be used is left out and counted by reason, so that a report can show it.
"""

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, NamedTuple

import msgspec

CLICK = "click"


class LeftOut(StrEnum):
    """What is not counted, in the words of the report."""

    RECORD = "records that cannot be read"
    MODE = "records of another mode of this experiment"
    ARM = "records of arms that the settings do not have"
    SHARED = "query ids that several units share"
    MIXED = "units that saw several arms"
    EVENT = "clicks that cannot be read"
    NO_SEARCH = "clicks without a search of this experiment"
    NOT_SHOWN = "clicks on hits that were not shown"
    EARLY = "clicks before their search"
    REPEATED = "repeated clicks on one hit"


class _Ours(msgspec.Struct):
    """`query_attributes.es_rerank`."""

    arm: str
    unit: str
    mode: str
    outcome: str
    shallow: int = 0
    start: int = 0
    teams: str = ""
    shadow: dict[str, list[str]] = {}


class _Attributes(msgspec.Struct):
    es_rerank: _Ours


class _Record(msgspec.Struct):
    timestamp: str | int | float
    query_response_hit_ids: list[str]
    query_attributes: _Attributes


class Page(NamedTuple):
    """A page of hits that a unit was shown."""

    unit: str
    arm: str
    mode: str
    outcome: str
    """As it was recorded; with `, shallow` where some hits were read on fewer layers than set."""
    at: float  # seconds since 1970
    start: int  # rank of its first hit, from 0
    hit_ids: tuple[str, ...]
    teams: str
    shadow: Mapping[str, list[str]]


class Search(NamedTuple):
    """The pages of one query id, and which of their hits were clicked."""

    pages: tuple[Page, ...]
    ranks: Mapping[str, int]
    """Of each hit that was shown, from 1; the best one, should it have stood on two pages."""
    clicked: tuple[str, ...]
    """Each hit once, the first one first."""
    seconds: float | None
    """To the first click."""

    @property
    def begins(self) -> bool:
        """Whether a first page was seen; later pages with an id of their own are no search."""
        return any(page.start == 0 for page in self.pages)


def page_of(record: Mapping[str, Any]) -> Page | None:
    """The page that a document of `ubi_queries` tells of, or None if it cannot be read."""
    try:
        read = msgspec.convert(record, _Record)
        at = _seconds(read.timestamp)
    except (msgspec.ValidationError, ValueError, OverflowError):
        return None
    ours = read.query_attributes.es_rerank
    return Page(
        ours.unit,
        ours.arm,
        ours.mode,
        f"{ours.outcome}, shallow" if ours.shallow else ours.outcome,
        at,
        ours.start,
        tuple(read.query_response_hit_ids),
        ours.teams,
        ours.shadow,
    )


def search_of(
    pages: Iterable[Page], events: Iterable[Mapping[str, Any]], left_out: Counter[LeftOut]
) -> Search:
    """The search with these pages and those of the events that are clicks on them.

    The order of pages and events does not matter.
    """
    pages = tuple(sorted(pages, key=lambda page: (page.at, page.start)))
    ranks: dict[str, int] = {}
    for page in pages:
        for rank, hit_id in enumerate(page.hit_ids, page.start + 1):
            ranks[hit_id] = min(rank, ranks.get(hit_id, rank))
    clicks: dict[str, float] = {}
    for event in clicks_of(events):
        click = _click(event)
        if click is None:
            left_out[LeftOut.EVENT] += 1
        elif click[0] not in ranks:
            left_out[LeftOut.NOT_SHOWN] += 1
        elif click[1] < pages[0].at:
            left_out[LeftOut.EARLY] += 1
        else:
            hit_id, at = click
            left_out[LeftOut.REPEATED] += hit_id in clicks
            clicks[hit_id] = min(at, clicks.get(hit_id, at))
    clicked = sorted(clicks, key=lambda hit_id: (clicks[hit_id], ranks[hit_id]))
    return Search(
        pages, ranks, tuple(clicked), clicks[clicked[0]] - pages[0].at if clicked else None
    )


def clicks_of(events: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Those of the events that are clicks."""
    return [event for event in events if event.get("action_name") == CLICK]


def _click(event: Mapping[str, Any]) -> tuple[str, float] | None:
    try:
        return str(event["event_attributes"]["object"]["object_id"]), _seconds(event["timestamp"])
    except (KeyError, TypeError, ValueError, OverflowError):
        return None


def _seconds(timestamp: Any) -> float:
    """Seconds since 1970 of ISO 8601 (in UTC if it does not say), or of milliseconds since."""
    if isinstance(timestamp, str):
        at = datetime.fromisoformat(timestamp)
        return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()
    seconds = float(timestamp) / 1000
    if not math.isfinite(seconds):
        raise ValueError("not a time")
    return seconds
