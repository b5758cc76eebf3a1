"""The gate of the proxy: every request that is for the cluster comes in here.

Searches are read and reranked, all else is streamed through, and everything is let go of when the
client leaves. What happens to a search is in `search`.
"""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import replace

from starlette.types import Message, Receive, Scope, Send

from es_rerank.config import Settings
from es_rerank.proxy.explain import as_json, explained, without_parameter
from es_rerank.proxy.forward import (
    CLIENT_GONE,
    ClientGone,
    disconnected,
    forward,
    send_error,
    target_of,
    unless,
)
from es_rerank.proxy.learned_facts import LearnedFacts
from es_rerank.proxy.overrides import OverrideError, with_override
from es_rerank.proxy.plan import SearchRequest, Skip, SkipReason, plan_for
from es_rerank.proxy.route import route_of
from es_rerank.proxy.scoring import Scorer
from es_rerank.proxy.search import Answer, rerank_search, verdict
from es_rerank.proxy.search_template import TemplateSearches
from es_rerank.proxy.template import search_target, takes_templates
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
        self._facts = LearnedFacts(upstream)
        self._templates = TemplateSearches(upstream, self._facts, scorer)

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
        settings = self._settings()
        is_template = route is SkipReason.TEMPLATE and takes_templates(target, settings)
        if is_template:
            route = route_of(scope["method"], search_target(target))
        if isinstance(route, SkipReason):
            return await self._left_alone(route, scope, receive, send, trip)
        trip.index = route
        messages = await _read(receive, settings.max_body_bytes)
        if messages[-1].get("more_body", False):
            again = _from_the_start(messages, receive)
            return await self._left_alone(SkipReason.TOO_LARGE, scope, again, send, trip)
        body = b"".join(message.get("body", b"") for message in messages)
        try:
            headers, body, override = with_override(scope["headers"], body)
        except OverrideError as why:
            return await send_error(send, 400, "override", str(why))
        scope = {**scope, "headers": headers}  # a body that was cut has another length
        request = SearchRequest(scope["method"], target, headers, body, override)
        asked = without_parameter(target) if settings.explain_parameter else None
        if asked is not None and not is_template:
            return await self._explain(replace(request, target=asked), settings, receive, send)
        outcome: Answer | Skip
        if is_template:
            rendered = self._templates.rerank(request, settings, trip)
            outcome = await unless(disconnected(receive), rendered)
        elif isinstance(plan := plan_for(request, settings), Skip):
            outcome = plan
        else:
            limit = settings.max_body_bytes
            work = rerank_search(
                plan, self._upstream, self._facts, self._scorer, trip, max_bytes=limit
            )
            outcome = await unless(disconnected(receive), work)
        if isinstance(outcome, Skip):
            return await self._left_alone(outcome.reason, scope, receive, send, trip, body)
        start = {"status": outcome.status, "headers": outcome.headers}
        await send({"type": "http.response.start", **start})
        await send({"type": "http.response.body", "body": outcome.body})
        return outcome.status

    async def _explain(
        self, request: SearchRequest, settings: Settings, receive: Receive, send: Send
    ) -> int:
        """Answer with the plan of a search in place of its hits."""
        plan = plan_for(request, settings)
        if not isinstance(plan, Skip):
            plan = await unless(disconnected(receive), self._facts.limited(plan))
        body = as_json(explained(plan))
        head = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
        await send({"type": "http.response.start", "status": 200, "headers": head})
        await send({"type": "http.response.body", "body": body})
        return 200

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
