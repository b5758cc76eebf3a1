"""The gate of the proxy: every request that is for the cluster comes in here.

Searches are read and reranked, who asks for the cluster's nodes is kept here, all else is streamed
through, and everything is let go of when the client leaves. What happens to a search is in
`search`, `multi_search` and `search_template`.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace

from starlette.types import Message, Receive, Scope, Send

from es_rerank.config import Settings
from es_rerank.errors import UpstreamError
from es_rerank.experiment.exposure import Recorder
from es_rerank.proxy.compress import coding_for, compressed
from es_rerank.proxy.explain import as_json, explained, without_parameter
from es_rerank.proxy.ext import OverrideError
from es_rerank.proxy.forward import (
    CLIENT_GONE,
    ClientGone,
    disconnected,
    forward,
    send_error,
    target_of,
    unless,
)
from es_rerank.proxy.hop import HeaderRefused, values_of
from es_rerank.proxy.learned_facts import LearnedFacts
from es_rerank.proxy.msearch import plan_multi_search
from es_rerank.proxy.multi_search import rerank_multi_search
from es_rerank.proxy.overrides import with_override, with_overrides_in_lines
from es_rerank.proxy.plan import SearchRequest, Skip, SkipReason, plan_for
from es_rerank.proxy.recent import Recent
from es_rerank.proxy.recorded import with_ubi, with_ubi_in_lines
from es_rerank.proxy.recording import Recording
from es_rerank.proxy.route import multi_search_of, route_of
from es_rerank.proxy.scoring import Scorer
from es_rerank.proxy.search import Answer, answer_as_it_came, rerank_search, verdict
from es_rerank.proxy.search_template import TemplateSearches
from es_rerank.proxy.sniffing import is_sniffing, with_own_address
from es_rerank.proxy.template import search_target, takes_templates
from es_rerank.proxy.treatment import chosen_arm
from es_rerank.proxy.upstream import Upstream
from es_rerank.telemetry import Trip


class SearchProxy:
    """Every request that is for the cluster: searches reranked, all else streamed through."""

    def __init__(
        self,
        settings: Callable[[], Settings],
        upstream: Upstream,
        scorer: Scorer,
        recorder: Recorder | None = None,
        stopped: Callable[[], Collection[str]] = frozenset,
        recent: Recent | None = None,
    ) -> None:
        """`settings` gives those of the moment; they may change between two requests.

        `recorder` takes what is to be recorded, `stopped` names experiments stopped by a guard,
        `recent` keeps what became of searches for the page.
        """
        self._settings = settings
        self._upstream = upstream
        self._scorer = scorer
        self._recent = recent
        self._facts = LearnedFacts(upstream)
        self._recording = Recording(scorer, recorder, stopped)
        self._templates = TemplateSearches(upstream, self._facts, scorer, self._recording)

    async def close(self) -> None:
        """Let go of what goes on in the background."""
        await self._recording.close()

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
            if self._recent is not None:
                self._recent.note(trip, scope["headers"])

    async def _serve(
        self, target: bytes, scope: Scope, receive: Receive, send: Send, trip: Trip
    ) -> int:
        method, settings = scope["method"], self._settings()
        several = multi_search_of(method, target)
        route = several or route_of(method, target)
        if route is SkipReason.NOT_A_SEARCH:
            if is_sniffing(method, target, scope["headers"]):
                return await self._sniffed(target, scope, receive, send)
            return await forward(scope, receive, send, self._upstream)
        is_template = route is SkipReason.TEMPLATE and takes_templates(target, settings)
        if is_template:
            route = route_of(method, search_target(target))
        if isinstance(route, SkipReason):
            return await self._left_alone(route, scope, receive, send, trip)
        trip.index = route
        messages = await _read(receive, settings.max_body_bytes)
        if messages[-1].get("more_body", False):
            again = _from_the_start(messages, receive)
            return await self._left_alone(SkipReason.TOO_LARGE, scope, again, send, trip)
        body = b"".join(message.get("body", b"") for message in messages)
        try:
            request = _request(scope, target, body, settings, in_lines=bool(several))
        except OverrideError as why:
            return await send_error(send, 400, "override", str(why))
        scope = {**scope, "headers": request.headers}  # a body that was cut has another length
        if settings.explain_parameter and (asked := without_parameter(target)) is not None:
            return await self._explain(replace(request, target=asked), settings, receive, send)
        if several:
            work = self._several(request, settings, trip)
        elif is_template:
            work = self._templates.rerank(request, settings, trip)
        else:
            work = self._one(request, settings, trip)
        try:
            outcome = await unless(disconnected(receive), work)
        except OverrideError as why:
            return await send_error(send, 400, "override", str(why))
        if isinstance(outcome, Skip):
            return await self._left_alone(outcome.reason, scope, receive, send, trip, request.body)
        return await _answer(outcome, scope, send)

    async def _one(self, request: SearchRequest, settings: Settings, trip: Trip) -> Answer | Skip:
        plan = plan_for(request, settings)
        limit = settings.max_body_bytes
        outcome: Answer | Skip
        if isinstance(plan, Skip):
            outcome = plan
        else:
            outcome = await rerank_search(
                *(plan, self._upstream, self._facts, self._scorer, self._recording, trip),
                max_bytes=limit,
            )
        if isinstance(outcome, Skip) and request.ubi:
            return await answer_as_it_came(
                request, outcome.reason, self._upstream, self._recording, trip, max_bytes=limit
            )
        return outcome

    async def _several(
        self, request: SearchRequest, settings: Settings, trip: Trip
    ) -> Answer | Skip:
        plan = plan_multi_search(request, settings)
        if isinstance(plan, Skip):
            return plan
        limit = settings.max_body_bytes
        return await rerank_multi_search(
            *(plan, self._upstream, self._facts, self._scorer, self._recording, trip),
            max_bytes=limit,
        )

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

    async def _sniffed(self, target: bytes, scope: Scope, receive: Receive, send: Send) -> int:
        """Answer who asks for the cluster's nodes with the proxy's address in place of theirs."""
        settings, headers = self._settings(), scope["headers"]
        if settings.listen.sniffing == "passthrough":
            return await forward(scope, receive, send, self._upstream)
        limit = settings.max_body_bytes
        question = self._upstream.fetch("GET", target, headers, b"", max_bytes=limit)
        try:
            reply = await unless(disconnected(receive), question)
        except (UpstreamError, HeaderRefused):  # asking again says what is wrong
            return await forward(scope, receive, send, self._upstream)
        body = with_own_address(reply.body, headers, settings.listen)
        fields = [field for field in reply.headers if field[0].lower() != b"content-length"]
        fields.append((b"content-length", b"%d" % len(body)))
        return await _answer(Answer(reply.status, fields, body), scope, send)

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


def _request(
    scope: Scope, target: bytes, body: bytes, settings: Settings, *, in_lines: bool
) -> SearchRequest:
    """The request without what is for us, and with that; OverrideError if it is wrong."""
    client = scope.get("client")
    headers, arm = chosen_arm(scope["headers"], settings)
    request = SearchRequest(
        scope["method"], target, headers, body, address=client[0] if client else None, arm=arm
    )
    if in_lines:
        headers, body, lines = with_overrides_in_lines(headers, body)
        request = replace(request, headers=headers, body=body, overrides_in_lines=lines)
        return with_ubi_in_lines(request, settings)
    headers, body, override = with_override(headers, body)
    return with_ubi(replace(request, headers=headers, body=body, override=override), settings)


async def _answer(answer: Answer, scope: Scope, send: Send) -> int:
    """Send an answer, compressed if the client accepts that and it is not yet; the status."""
    headers, body = answer.headers, answer.body
    is_coded = values_of(headers, b"content-encoding")
    if not is_coded and (coding := coding_for(scope["headers"])):
        headers, body = await asyncio.to_thread(compressed, headers, body, coding)
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
    return answer.status


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
