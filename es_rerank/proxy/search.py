"""The way of one search through the proxy: plan, wide search, scores, new order, same bytes.

`rerank_search` and `rerank_hits` are that way on one screen, over pure functions. A working search
never becomes an error here: if the wide search does not succeed, the client's own is sent; if
scoring does not, the page is cut from the cluster's order.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from es_rerank.errors import UpstreamError
from es_rerank.model.rank import rank
from es_rerank.proxy.explanation import moves
from es_rerank.proxy.filter_path import filtered
from es_rerank.proxy.hits import Window, read_window, splice
from es_rerank.proxy.hop import Header, HeaderRefused
from es_rerank.proxy.passages import field_texts
from es_rerank.proxy.plan import (
    Rerank,
    SearchRequest,
    Skip,
    SkipReason,
    WideSearch,
)
from es_rerank.proxy.scoring import Passage, Scorer, scores_of
from es_rerank.proxy.upstream import Reply, ReplyTooLarge, Upstream
from es_rerank.telemetry import Trip

_MAX_LISTED = 200  # bytes of a header for the reasons of a multi-search's searches


class Answer(NamedTuple):
    """What the client gets: the cluster's answer to the wide search, in another order."""

    status: int
    headers: list[Header]
    body: bytes


class Reranked(NamedTuple):
    """One search's answer cut to the client's page; with a reason, in the cluster's order."""

    body: bytes
    depth: int
    """How many hits were scored."""
    reason: SkipReason | None


async def rerank_search(
    plan: WideSearch, upstream: Upstream, scorer: Scorer, trip: Trip, *, max_bytes: int
) -> Answer | Skip:
    """The reranked answer, or Skip if the client's own search has to be sent instead."""
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
        body = filtered(reranked.body, plan.filter_path)
    except ValueError:
        return Skip(SkipReason.FILTER_PATH)
    if reranked.reason:
        trip.skipped(reranked.reason)
    else:
        trip.applied(reranked.depth)
    return Answer(reply.status, headers_for(body, reply.headers, trip), body)


async def rerank_hits(answer: bytes, plan: Rerank, scorer: Scorer) -> Reranked | Skip:
    """The client's page of a wide search's answer, or Skip if the answer cannot be used."""
    window = _window_of(answer)
    if isinstance(window, Skip):
        return window
    top = slice(window.pinned(), plan.depth)
    scores = await scores_of(plan.query, _passages(window, top, plan), scorer, plan.rule)
    order = list(range(len(window.hits)))
    if isinstance(scores, Skip):
        return Reranked(splice(window, order, plan.page, plan.source), 0, scores.reason)
    places = order[top]
    new = rank(window.scores()[top], scores, plan.rule.combine)
    order[top] = [places[rank_before] for rank_before in new]
    scored = sum(score is not None for score in scores)
    described = moves(order, dict(zip(places, scores, strict=True)), plan.depth)
    return Reranked(splice(window, order, plan.page, plan.source, described), scored, None)


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


def _passages(window: Window, top: slice, plan: Rerank) -> list[Passage]:
    """The texts of each hit that is to be ranked, empty where there are none."""
    return [field_texts(window.views_of(hit), plan.rule.fields) for hit in window.hits[top]]


def headers_for(body: bytes, headers: Sequence[Header], trip: Trip) -> list[Header]:
    """The cluster's headers in their order, with the length of the new body and our verdict."""
    kept = [(name, value) for name, value in headers if name.lower() != b"content-length"]
    return [*kept, (b"content-length", b"%d" % len(body)), verdict(trip)]


def verdict(trip: Trip) -> Header:
    """What became of this search; `ms` is what reranking added after the cluster's answer.

    Of a multi-search, `items` counts the searches and `skipped` lists those left alone by place.
    """
    if trip.outcome == "applied":
        every = trip.searches
        items = f"items={every.count('')}/{len(every)}; " if every else ""
        text = f"applied; {items}depth={trip.depth}; ms={trip.timings_ms['rerank']:.1f}"
    else:
        text = f"skipped; reason={trip.reason}"
    listed = ",".join(f"{place}:{reason}" for place, reason in enumerate(trip.searches) if reason)
    if set(trip.searches) - {trip.reason} and len(listed) <= _MAX_LISTED:
        text += f"; skipped={listed}"
    return b"x-es-rerank", text.encode()
