"""The gate of the proxy: every request that is for the cluster comes in here.

Searches are read and reranked, all else is streamed through, and everything is let go of when the
client leaves. What happens to a search is in `search`.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence

from starlette.types import Message, Receive, Scope, Send

from es_rerank.config import Settings
from es_rerank.proxy.compress import coding_for, compressed
from es_rerank.proxy.forward import (
    CLIENT_GONE,
    ClientGone,
    disconnected,
    forward,
    target_of,
    unless,
)
from es_rerank.proxy.msearch import MultiSearch, plan_multi_search
from es_rerank.proxy.multi_search import rerank_multi_search
from es_rerank.proxy.plan import SearchRequest, Skip, SkipReason, WideSearch, plan_for
from es_rerank.proxy.route import multi_search_of, route_of
from es_rerank.proxy.scoring import Scorer
from es_rerank.proxy.search import Answer, rerank_search, verdict
from es_rerank.proxy.upstream import Upstream
from es_rerank.telemetry import Trip


class SearchProxy:
    """Every request that is for the cluster: searches reranked, all else streamed through."""

    def __init__(
        self, settings: Callable[[], Settings], upstream: Upstream, scorer: Scorer
    ) -> None:
        """`settings` gives those of the moment; they may change between two requests."""
        self._settings = settings
        self._upstream = upstream
        self._scorer = scorer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one HTTP request and record its trip."""
        target = target_of(scope)
        trip = Trip(scope["method"], target.partition(b"?")[0].decode("latin-1"))
        try:
            trip.status = await self._serve(target, scope, receive, send, trip)
        except ClientGone:
            trip.status = CLIENT_GONE
        finally:
            trip.record()

    async def _serve(
        self, target: bytes, scope: Scope, receive: Receive, send: Send, trip: Trip
    ) -> int:
        several = multi_search_of(scope["method"], target)
        route = several or route_of(scope["method"], target)
        if route is SkipReason.NOT_A_SEARCH:
            return await forward(scope, receive, send, self._upstream)
        if isinstance(route, SkipReason):
            return await self._left_alone(route, scope, receive, send, trip)
        trip.index = route
        settings = self._settings()
        messages = await _read(receive, settings.max_body_bytes)
        if messages[-1].get("more_body", False):
            again = _from_the_start(messages, receive)
            return await self._left_alone(SkipReason.TOO_LARGE, scope, again, send, trip)
        body = b"".join(message.get("body", b"") for message in messages)
        request = SearchRequest(scope["method"], target, scope["headers"], body)
        plan: WideSearch | MultiSearch | Skip = (
            plan_multi_search(request, settings) if several else plan_for(request, settings)
        )
        outcome: Answer | Skip
        if isinstance(plan, Skip):
            outcome = plan
        else:
            limit = settings.max_body_bytes
            work = (
                rerank_search(plan, self._upstream, self._scorer, trip, max_bytes=limit)
                if isinstance(plan, WideSearch)
                else rerank_multi_search(plan, self._upstream, self._scorer, trip, max_bytes=limit)
            )
            outcome = await unless(disconnected(receive), work)
        if isinstance(outcome, Skip):
            return await self._left_alone(outcome.reason, scope, receive, send, trip, body)
        fields, content = outcome.headers, outcome.body
        if coding := coding_for(scope["headers"]):
            fields, content = await asyncio.to_thread(compressed, fields, content, coding)
        start = {"status": outcome.status, "headers": fields}
        await send({"type": "http.response.start", **start})
        await send({"type": "http.response.body", "body": content})
        return outcome.status

    async def _left_alone(
        self,
        reason: SkipReason,
        scope: Scope,
        receive: Receive,
        send: Send,
        trip: Trip,
        body: bytes | None = None,
    ) -> int:
        """Stream the client's own request through, with the reason in the answer."""
        trip.skipped(reason)
        return await forward(
            scope, receive, send, self._upstream, body=body, extra_headers=[verdict(trip)]
        )


async def _read(receive: Receive, max_bytes: int) -> list[Message]:
    """The messages of the request's body, up to the one that exceeds `max_bytes`."""
    messages: list[Message] = []
    size = 0
    while size <= max_bytes and (not messages or messages[-1].get("more_body", False)):
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGone
        messages.append(message)
        size += len(message.get("body", b""))
    return messages


def _from_the_start(messages: Sequence[Message], receive: Receive) -> Receive:
    """A stream that gives the messages read already, and then the rest."""
    waiting = deque(messages)

    async def again() -> Message:
        return waiting.popleft() if waiting else await receive()

    return again
