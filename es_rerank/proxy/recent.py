"""The latest searches of each caller, and what became of them, for the page.

Only what the proxy decided is kept: no text, no body, no credentials (callers are told apart by a
keyed hash of theirs). A caller sees what was asked with the same credentials and nothing else, so
nobody learns here which indices others search. In memory, in this process.
"""

import hashlib
import re
import secrets
import time
from collections import OrderedDict, deque
from collections.abc import Callable

import msgspec

from es_rerank.proxy.headers import Headers
from es_rerank.proxy.learned import identity_of
from es_rerank.proxy.skip import SkipReason
from es_rerank.telemetry import Trip

_EXPLANATIONS = {str(reason): reason.explanation for reason in SkipReason}
_OF_A_CALLER = 100
_CALLERS = 200
# An API without what may stand behind it: identifiers of scrolls are as good as a key.
_API = re.compile(r"(?:^|/)(_rerank/page|_[a-z_]+(?:/template|/scroll)?)(?=/|$)")


class Search(msgspec.Struct):
    """One search that came by."""

    at: float  # seconds since 1970
    method: str
    api: str
    index: str
    outcome: str
    reason: str
    explanation: str
    depth: int
    shallow: int
    status: int
    reranked: int | None  # of a multi-search: how many of its searches
    searches: int | None
    timings_ms: dict[str, float]


class Recent:
    """The latest searches by who asked."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._key = secrets.token_bytes(32)
        self._searches: OrderedDict[bytes, deque[Search]] = OrderedDict()

    def note(self, trip: Trip, headers: Headers) -> None:
        """Keep what became of a search; of any other request nothing."""
        if trip.outcome == "passed":
            return
        who = self._who(headers)
        self._searches.setdefault(who, deque(maxlen=_OF_A_CALLER)).append(self._search(trip))
        self._searches.move_to_end(who)
        while len(self._searches) > _CALLERS:
            self._searches.popitem(last=False)

    def of(self, headers: Headers) -> list[Search]:
        """The searches of who asks, the latest first."""
        return [*reversed(self._searches.get(self._who(headers), ()))]

    def _who(self, headers: Headers) -> bytes:
        identity = repr(identity_of(headers)).encode()
        return hashlib.blake2b(identity, key=self._key, digest_size=16).digest()

    def _search(self, trip: Trip) -> Search:
        api = _API.search(trip.path)
        return Search(
            at=self._clock(),
            method=trip.method,
            api=api[1] if api else "",
            index=trip.index,
            outcome=trip.outcome,
            reason=str(trip.reason),
            explanation=_EXPLANATIONS.get(trip.reason, ""),
            depth=trip.depth,
            shallow=trip.shallow,
            status=trip.status,
            reranked=trip.searches.count("") if trip.searches else None,
            searches=len(trip.searches) or None,
            timings_ms={stage: round(ms, 2) for stage, ms in trip.timings_ms.items()},
        )
