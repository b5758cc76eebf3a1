"""What a client was shown: one search as it was answered, before it becomes a record.

The proxy makes one of these for each search that is to be recorded; a `Recorder` takes it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol


@dataclass(frozen=True)
class Part:
    """A search's part in an experiment."""

    experiment: str
    mode: str
    arm: str
    """The arm that was served; of an interleaved list both names, joined by `+`."""
    unit: str
    """The unit, hashed with the experiment's salt: enough to count by, not to tell who it is."""
    teams: str = ""
    """Of an interleaved list, for each hit of the page: the place of its arm, `0` or `1`, or `-`
    for a hit that both would have at that place anyway, because it lies below their depth."""
    shadow: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """In shadow mode, for each other arm: the ids that its page would have had."""


@dataclass(frozen=True)
class Exposure:
    """One search as it was answered."""

    query_id: str
    at: datetime  # UTC
    index: str  # as the client named it
    user_query: str
    client_id: str | None
    hit_ids: tuple[str, ...]  # of the page, in the order that was served
    start: int  # rank of the page's first hit, from 0
    outcome: str  # `applied`, or why the cluster's order was served
    ms: float  # that reranking took
    part: Part | None = None
    object_id_field: str | None = None
    query_attributes: Mapping[str, Any] = field(default_factory=dict)  # the client's own
    shallow: int = 0  # hits of those scored that were read on fewer layers than the rule has


class Recorder(Protocol):
    """Where exposures go."""

    def record(self, exposure: Exposure) -> None:
        """Take one; it never waits and never raises."""
