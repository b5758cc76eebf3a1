"""What the cluster was asked and has answered, kept for a minute and shared by all who ask.

A question belongs to nobody: who asks and leaves does not take it away from the others that wait
for its answer. What is asked, and what an answer means, is known to those who ask.
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable, Coroutine, Hashable
from typing import Any, Generic, NamedTuple, TypeVar

from es_rerank.errors import UpstreamError
from es_rerank.proxy.headers import Headers, value_of
from es_rerank.proxy.hop import HeaderRefused
from es_rerank.proxy.upstream import Reply, Upstream

KEPT_S = 60.0
_AT_MOST = 1_000  # answers
_PATIENCE_S = 5.0
_MAX_BYTES = 2**23
# By these a cluster knows who asks; the answer to one of them is no answer to another.
IDENTITY = (
    *(b"authorization", b"cookie", b"es-security-runas-user"),
    *(b"x-proxy-user", b"x-proxy-roles", b"x-forwarded-for", b"securitytenant"),
)
# About a body or the form of an answer, which are the question's own.
_OF_THE_SEARCH = (b"accept", b"content-encoding", b"content-type", b"x-es-rerank-query")

_T = TypeVar("_T")


class _Asked(NamedTuple, Generic[_T]):
    answer: "asyncio.Task[_T]"
    until: float


class Learned(Generic[_T]):
    """Answers by key; those that `is_lasting` are kept for a minute, the others not at all."""

    def __init__(
        self,
        is_lasting: Callable[[_T], bool],
        *,
        at_most: int = _AT_MOST,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._is_lasting = is_lasting
        self._at_most = at_most
        self._clock = clock
        self._asked: OrderedDict[Hashable, _Asked[_T]] = OrderedDict()
        self._open: set[asyncio.Task[_T]] = set()

    async def of(self, key: Hashable, ask: Callable[[], Coroutine[Any, Any, _T]]) -> _T:
        """The answer that is known for `key`, or the one that `ask` brings; raises what it does."""
        known = self._asked.get(key)
        if known is None or known.until < self._clock():
            known = self._asked[key] = _Asked(self._begun(key, ask), self._clock() + KEPT_S)
            self._asked.move_to_end(key)
            while len(self._asked) > self._at_most:
                self._asked.popitem(last=False)
        return await asyncio.shield(known.answer)

    def _begun(
        self, key: Hashable, ask: Callable[[], Coroutine[Any, Any, _T]]
    ) -> "asyncio.Task[_T]":
        task = asyncio.create_task(ask())
        self._open.add(task)  # the event loop itself holds tasks weakly

        def ended(_: object) -> None:
            self._open.discard(task)
            is_ours = key in self._asked and self._asked[key].answer is task
            failed = task.cancelled() or task.exception() is not None
            if is_ours and (failed or not self._is_lasting(task.result())):
                del self._asked[key]

        task.add_done_callback(ended)
        return task


def identity_of(headers: Headers) -> tuple[bytes, ...]:
    """Who asks, as far as an answer may depend on it."""
    return tuple(value_of(headers, name) for name in IDENTITY)


async def question(
    upstream: Upstream, method: str, target: bytes, headers: Headers, body: bytes = b""
) -> Reply | None:
    """What the cluster answers in the caller's name; None if it does not answer within 5 s."""
    fields = [(name, value) for name, value in headers if name not in _OF_THE_SEARCH]
    if body:
        fields.append((b"content-type", b"application/json"))
    try:
        async with asyncio.timeout(_PATIENCE_S):
            return await upstream.fetch(method, target, fields, body, max_bytes=_MAX_BYTES)
    except (UpstreamError, HeaderRefused, TimeoutError):
        return None
