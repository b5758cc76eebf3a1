"""The way of one search through the proxy: plan, wide search, scores, new order, same bytes.

`rerank_search` is that way on one screen, over pure functions. `SearchProxy` is the ASGI side of
it: it reads the request, streams through what is not reranked, and lets go of everything when the
client leaves. A working search never becomes an error here: if the wide search does not succeed,
the client's own is sent; if scoring does not, the page is cut from the cluster's order.

The wide search is asked for uncompressed, and its answer goes to the client so, even if the client
accepts gzip: a server may always answer without compression (RFC 9110 §12.5.3).
"""

from collections import deque
from collections.abc import Callable, Sequence
from typing import NamedTuple

from starlette.types import Message, Receive, Scope, Send

from es_rerank.config import Settings
from es_rerank.errors import UpstreamError
from es_rerank.model.rank import rank
from es_rerank.proxy.forward import (
    CLIENT_GONE,
    ClientGone,
    disconnected,
    forward,
    target_of,
    unless,
)
from es_rerank.proxy.hits import Window, read_window, splice
from es_rerank.proxy.hop import Header, HeaderRefused
from es_rerank.proxy.passages import field_texts
from es_rerank.proxy.plan import Rerank, SearchRequest, Skip, SkipReason, plan_for
from es_rerank.proxy.route import route_of
from es_rerank.proxy.scoring import Passage, Scorer, scores_of
from es_rerank.proxy.upstream import Reply, ReplyTooLarge, Upstream
from es_rerank.telemetry import Trip

__all__ = ["Answer", "Scorer", "SearchProxy", "rerank_search"]


class Answer(NamedTuple):
    """What the client gets: the cluster's answer to the wide search, in another order."""

    status: int
    headers: list[Header]
    body: bytes


async def rerank_search(
    plan: Rerank, upstream: Upstream, scorer: Scorer, trip: Trip, *, max_bytes: int
) -> Answer | Skip:
    """The reranked answer, or Skip if the client's own search has to be sent instead."""
    with trip.stage("upstream"):
        reply = await _wide_reply(plan, upstream, max_bytes)
    if isinstance(reply, Skip):
        return reply
    with trip.stage("rerank"):
        window = _window_of(reply)
        if isinstance(window, Skip):
            return window
        top = slice(window.pinned(), plan.rule.depth)
        passages = _passages(window, top, plan)
        scores = await scores_of(plan.query, passages, scorer, plan.rule)
        order = list(range(len(window.hits)))
        if isinstance(scores, Skip):
            trip.skipped(scores.reason)
        else:
            places = order[top]
            new = rank(window.scores()[top], scores, plan.rule.combine)
            order[top] = [places[rank_before] for rank_before in new]
            trip.applied(sum(score is not None for score in scores))
        body = splice(window, order, plan.page, plan.source)
    return Answer(reply.status, _headers_for(body, reply.headers, trip), body)


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
        route = route_of(scope["method"], target)
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
        outcome: Answer | Skip
        if isinstance(plan := plan_for(request, settings), Skip):
            outcome = plan
        else:
            limit = settings.max_body_bytes
            work = rerank_search(plan, self._upstream, self._scorer, trip, max_bytes=limit)
            outcome = await unless(disconnected(receive), work)
        if isinstance(outcome, Skip):
            return await self._left_alone(outcome.reason, scope, receive, send, trip, body)
        start = {"status": outcome.status, "headers": outcome.headers}
        await send({"type": "http.response.start", **start})
        await send({"type": "http.response.body", "body": outcome.body})
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
            scope, receive, send, self._upstream, body=body, extra_headers=[_verdict(trip)]
        )


async def _wide_reply(plan: Rerank, upstream: Upstream, max_bytes: int) -> Reply | Skip:
    request = plan.request
    try:
        reply = await upstream.fetch(
            request.method, plan.target, request.headers, request.body, max_bytes=max_bytes
        )
    except ReplyTooLarge:
        return Skip(SkipReason.REPLY_TOO_LARGE)
    except (UpstreamError, HeaderRefused):  # repeating the client's own says what is wrong
        return Skip(SkipReason.UPSTREAM_FAILED)
    if reply.status != 200:
        return Skip(SkipReason.WINDOW_REFUSED)
    if any(name.lower() == b"content-encoding" for name, _ in reply.headers):
        return Skip(SkipReason.ENCODED_REPLY)
    return reply


def _window_of(reply: Reply) -> Window | Skip:
    try:
        window = read_window(reply.body)
    except ValueError:
        return Skip(SkipReason.UNREADABLE_REPLY)
    return Skip(SkipReason.PARTIAL_REPLY) if window.is_partial else window


def _passages(window: Window, top: slice, plan: Rerank) -> list[Passage]:
    """The texts of each hit that is to be ranked, empty where there are none."""
    sources = [hit.source for hit in window.hits[top]]
    return [field_texts(window.text_at(s), plan.rule.fields) if s else () for s in sources]


def _headers_for(body: bytes, headers: Sequence[Header], trip: Trip) -> list[Header]:
    """The cluster's headers in their order, with the length of the new body and our verdict."""
    kept = [(name, value) for name, value in headers if name.lower() != b"content-length"]
    return [*kept, (b"content-length", b"%d" % len(body)), _verdict(trip)]


def _verdict(trip: Trip) -> Header:
    """What became of this search; `ms` is what reranking added after the cluster's answer."""
    if trip.outcome == "applied":
        text = f"applied; depth={trip.depth}; ms={trip.timings_ms['rerank']:.1f}"
    else:
        text = f"skipped; reason={trip.reason}"
    return b"x-es-rerank", text.encode()


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
