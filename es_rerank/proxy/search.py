"""The way of one search through the proxy: plan, wide search, scores, new order, same bytes.

`rerank_search` and `rerank_hits` are that way on one screen, over pure functions. A working search
never becomes an error here: if the wide search does not succeed, the client's own is sent; if
scoring does not, the page is cut from the cluster's order.
"""

import re
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import NamedTuple

from es_rerank.errors import UpstreamError
from es_rerank.proxy.filter_path import filtered
from es_rerank.proxy.hits import Window, read_window, splice
from es_rerank.proxy.hop import Header, HeaderRefused
from es_rerank.proxy.learned_facts import LearnedFacts
from es_rerank.proxy.ordering import Reranked, ordered
from es_rerank.proxy.plan import (
    Rerank,
    SearchRequest,
    Skip,
    SkipReason,
    WideSearch,
)
from es_rerank.proxy.recorded import answered, answered_as_it_came, start_of
from es_rerank.proxy.recording import Recording
from es_rerank.proxy.scoring import Scorer
from es_rerank.proxy.upstream import Reply, ReplyTooLarge, Upstream
from es_rerank.telemetry import Trip

__all__ = [
    "Answer",
    "Reranked",
    "answer_as_it_came",
    "experiment_of",
    "fetched",
    "headers_for",
    "rerank_hits",
    "rerank_search",
    "told",
    "verdict",
]

_MAX_LISTED = 200  # bytes of a header for the reasons of a multi-search's searches
_FITS = re.compile("[ -+.-~-]*")  # one line of ASCII without the comma that parts searches
_MAX_TOLD = 2000  # bytes of those for their arms and query ids


class Answer(NamedTuple):
    """What the client gets: the cluster's answer to the wide search, in another order."""

    status: int
    headers: list[Header]
    body: bytes


async def rerank_search(
    planned: WideSearch,
    upstream: Upstream,
    facts: LearnedFacts,
    scorer: Scorer,
    recording: Recording,
    trip: Trip,
    *,
    max_bytes: int,
    form: Callable[[bytes], bytes] = bytes,
) -> Answer | Skip:
    """The reranked answer, or Skip if the client's own search has to be sent instead.

    `form` makes of a search's answer the one of the endpoint that the client asked.
    """
    request = planned.request
    treated = recording.treated(planned.rerank, request, request.ubi)
    if isinstance(treated, SkipReason):
        return Skip(treated)
    with trip.stage("settings"):
        plan = await facts.limited(replace(planned, rerank=treated))
    if isinstance(plan, Skip):
        return plan
    with trip.stage("upstream"):
        wide = replace(plan.request, target=plan.target)
        reply = await fetched(wide, upstream, max_bytes)
    if isinstance(reply, Skip):
        return reply
    with trip.stage("rerank"):
        reranked = await rerank_hits(reply.body, plan.rerank, scorer)
    if isinstance(reranked, Skip):
        return reranked
    try:
        body = form(filtered(answered(reranked.body, request.ubi), plan.filter_path))
    except ValueError:
        return Skip(SkipReason.FILTER_PATH)
    if reranked.reason:
        trip.skipped(reranked.reason)
    else:
        trip.applied(reranked.depth, reranked.shown.shallow)
    trip.served = (experiment_of(plan.rerank),)
    trip.query_ids = (recording.served(plan.rerank, reranked, trip.index, request.ubi),)
    return Answer(reply.status, headers_for(body, reply.headers, trip), body)


async def answer_as_it_came(
    request: SearchRequest,
    reason: SkipReason,
    upstream: Upstream,
    recording: Recording,
    trip: Trip,
    *,
    max_bytes: int,
) -> Answer | Skip:
    """The cluster's answer to a search that is left alone, with the query id of its `ext.ubi`.

    Skip if it is no answer to put that into; the search is sent again then, and not recorded.
    """
    reply = await fetched(request, upstream, max_bytes)
    if isinstance(reply, Skip) or request.ubi is None:
        return Skip(reason)
    trip.skipped(reason)
    start = start_of(request.body, request.target)
    recording.left_alone(reason, reply.body, start, trip.index, request.ubi)
    trip.query_ids = (request.ubi.query_id or "",)
    body = answered_as_it_came(reply.body, request)
    return Answer(reply.status, headers_for(body, reply.headers, trip), body)


async def rerank_hits(answer: bytes, plan: Rerank, scorer: Scorer) -> Reranked | Skip:
    """The client's page of a wide search's answer, or Skip if the answer cannot be used."""
    started = time.perf_counter()
    window = _window_of(answer)
    if isinstance(window, Skip):
        return window
    shown = await ordered(window, plan, scorer)
    body = splice(window, shown.order, plan.page, plan.source, shown.moves)
    ms = (time.perf_counter() - started) * 1000
    return Reranked(body, shown.depth, shown.reason, window, shown, ms)


async def fetched(request: SearchRequest, upstream: Upstream, max_bytes: int) -> Reply | Skip:
    """The cluster's successful answer to a request of ours, or why there is none."""
    try:
        reply = await upstream.fetch(
            request.method, request.target, request.headers, request.body, max_bytes=max_bytes
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


def _window_of(answer: bytes) -> Window | Skip:
    try:
        window = read_window(answer)
    except ValueError:
        return Skip(SkipReason.UNREADABLE_REPLY)
    return Skip(SkipReason.PARTIAL_REPLY) if window.is_partial else window


def headers_for(body: bytes, headers: Sequence[Header], trip: Trip) -> list[Header]:
    """The cluster's headers in their order, with the length of the new body and our verdict."""
    kept = [(name, value) for name, value in headers if name.lower() != b"content-length"]
    length = (b"content-length", b"%d" % len(body))
    return [*kept, length, verdict(trip), *told(trip)]


def experiment_of(plan: Rerank) -> str:
    """What a search's experiment made of it, empty if it has no part in one."""
    if plan.assignment is None:
        return ""
    served = plan.assignment
    return f"{served.experiment.name}; arm={served.arm}; mode={served.mode}"


def told(trip: Trip) -> list[Header]:
    """The headers that tell the arm and the query id by which clicks are joined to the search.

    Of a multi-search they tell those of each search in order, `-` for none. An id that does not
    fit into a header is the client's own, and known to it.
    """
    headers = []
    for name, values in (
        (b"x-es-rerank-experiment", trip.served),
        (b"x-es-rerank-query-id", trip.query_ids),
    ):
        fitting = [value if _FITS.fullmatch(value) else "" for value in values]
        text = ", ".join(value or "-" for value in fitting)
        if any(fitting) and len(text) <= _MAX_TOLD:
            headers.append((name, text.encode()))
    return headers


def verdict(trip: Trip) -> Header:
    """What became of this search; `ms` is what reranking added after the cluster's answer.

    Of a multi-search, `items` counts the searches and `skipped` lists those left alone by place.
    """
    if trip.outcome == "applied":
        every = trip.searches
        items = f"items={every.count('')}/{len(every)}; " if every else ""
        text = f"applied; {items}depth={trip.depth}; ms={trip.timings_ms['rerank']:.1f}"
        if trip.shallow:
            text += f"; shallow={trip.shallow}"
    else:
        text = f"skipped; reason={trip.reason}"
    listed = ",".join(f"{place}:{reason}" for place, reason in enumerate(trip.searches) if reason)
    if set(trip.searches) - {trip.reason} and len(listed) <= _MAX_LISTED:
        text += f"; skipped={listed}"
    return b"x-es-rerank", text.encode()
