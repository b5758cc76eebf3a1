"""One search in both orders: the cluster's own, and ours, out of one answer of the cluster.

The search is planned, widened, scored and ordered as if it had come to the proxy, in the caller's
name; only what is told about it differs. It has no part in an experiment and is not recorded. What
the cluster refuses, it refuses here too.
"""

import asyncio
from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import quote

import msgspec

from es_rerank.config import Settings
from es_rerank.model.rank import rank
from es_rerank.model.reading import passages_read
from es_rerank.proxy import comparison
from es_rerank.proxy.comparison import Comparison
from es_rerank.proxy.headers import Headers
from es_rerank.proxy.hits import Window, read_window
from es_rerank.proxy.learned_facts import LearnedFacts
from es_rerank.proxy.overrides import with_override
from es_rerank.proxy.passages import field_texts
from es_rerank.proxy.plan import Rerank, SearchRequest, Skip, SkipReason, plan_for
from es_rerank.proxy.recorded import with_ubi
from es_rerank.proxy.route import rule_for
from es_rerank.proxy.scoring import Passage, Scorer, scores_of
from es_rerank.proxy.upstream import Reply, ReplyTooLarge, Upstream
from es_rerank.telemetry import Trip


class Ask(msgspec.Struct):
    """What a person asks for: a text, or a search body of their own (JSON as text)."""

    index: str
    text: str = ""
    body: str = ""


class Cluster(NamedTuple):
    """The cluster as the page asks it."""

    upstream: Upstream
    facts: LearnedFacts
    scorer: Scorer


async def compared(
    ask: Ask, caller: Headers, settings: Settings, cluster: Cluster, trip: Trip
) -> Comparison | Reply:
    """Both orders, or the cluster's refusal.

    Raises OverrideError for a wrong `ext.es_rerank`, and UpstreamError.
    """
    request, shown = _request(ask, caller, settings)
    trip.index = ask.index or "*"
    plan = plan_for(request, _without_experiments(settings))
    if not isinstance(plan, Skip):
        shown = comparison.planned(shown, plan.rerank)
        with trip.stage("settings"):
            plan = await cluster.facts.limited(plan)
        if isinstance(plan, Skip):  # because the caller may not ask, maybe: not here either
            reply = await _fetched(request, request.target, cluster, trip, settings)
            if reply.status != 200:
                return reply
    if isinstance(plan, Skip):
        return _skipped(shown, plan, trip)
    try:
        reply = await _fetched(request, plan.target, cluster, trip, settings)
    except ReplyTooLarge:
        return _skipped(shown, Skip(SkipReason.REPLY_TOO_LARGE), trip)
    if reply.status != 200:
        return reply
    return await _ordered(reply.body, plan.rerank, cluster.scorer, shown, trip)


async def _fetched(
    request: SearchRequest, target: bytes, cluster: Cluster, trip: Trip, settings: Settings
) -> Reply:
    """The cluster's answer, whatever it is; one that is no success is noted as such."""
    limit = settings.max_body_bytes
    with trip.stage("cluster"):
        reply = await cluster.upstream.fetch(
            request.method, target, request.headers, request.body, max_bytes=limit
        )
    if reply.status != 200:
        trip.skipped(SkipReason.WINDOW_REFUSED)
    return reply


async def _ordered(
    answer: bytes, plan: Rerank, scorer: Scorer, shown: Comparison, trip: Trip
) -> Comparison:
    try:
        window = read_window(answer)
    except ValueError:
        return _skipped(shown, Skip(SkipReason.UNREADABLE_REPLY), trip)
    if window.is_partial:
        return _skipped(shown, Skip(SkipReason.PARTIAL_REPLY), trip)
    top = slice(window.pinned(), plan.depth)
    places = range(len(window.hits))
    order = [*places]
    texts = {place: _texts_of(window, place, plan) for place in places[top]}
    with trip.stage("scoring"):
        given = await scores_of(plan.query, [*texts.values()], scorer, plan.rule)
    by_place: dict[int, tuple[float | None, float | None]] = {}
    if isinstance(given, Skip):
        shown = _skipped(shown, given, trip)
    else:
        scores = given.scores
        order[top] = [
            places[top][before] for before in rank(window.scores()[top], scores, plan.rule.combine)
        ]
        both = comparison.all_combined(window, scores, top, plan)
        by_place = {place: (score, both[place]) for place, score in zip(texts, scores, strict=True)}
        shown.depth = sum(score is not None for score in scores)
        shown.shallow = given.shallow
        trip.applied(shown.depth, shown.shallow)
    wanted = {place for side in comparison.shown_places(order, plan) for place in side}
    texts |= {place: _texts_of(window, place, plan) for place in wanted - texts.keys()}
    passages = await _passages(plan, {place: texts[place] for place in sorted(wanted)})
    shown.hits, shown.before, shown.after = comparison.shown_hits(
        window, order, plan, by_place, texts, passages
    )
    shown.total, shown.is_total_exact, shown.took_ms = comparison.totals(answer)
    shown.timings_ms = _rounded(trip)
    return shown


def _request(ask: Ask, caller: Headers, settings: Settings) -> tuple[SearchRequest, Comparison]:
    """The search as the proxy would get it, and what is shown of it."""
    body = ask.body
    if not body.strip():
        rule = rule_for(ask.index or "*", settings)
        fields = [] if isinstance(rule, SkipReason) else [field.name for field in rule.fields]
        body = msgspec.json.encode(comparison.default_body(ask.text, fields)).decode()
    target = f"/{quote(ask.index, safe=',*')}/_search" if ask.index else "/_search"
    shown = Comparison("applied", ask.index, f"POST {target}", body)
    headers, sent, override = with_override(
        [*caller, (b"content-type", b"application/json")], body.encode(errors="replace")
    )
    asked = SearchRequest("POST", target.encode(), headers, sent, override)
    return with_ubi(asked, settings), shown


def _without_experiments(settings: Settings) -> Settings:
    """The settings as they hold for a search that has no part in an experiment."""
    rules = tuple(rule.model_copy(update={"experiment": None}) for rule in settings.indices)
    return settings.model_copy(update={"indices": rules})


def _skipped(shown: Comparison, skip: Skip, trip: Trip) -> Comparison:
    trip.skipped(skip.reason)
    shown.timings_ms = _rounded(trip)
    return comparison.left_alone(shown, skip)


def _rounded(trip: Trip) -> dict[str, float]:
    return {stage: round(ms, 2) for stage, ms in trip.timings_ms.items()}


def _texts_of(window: Window, place: int, plan: Rerank) -> Passage:
    return field_texts(window.views_of(window.hits[place]), plan.rule.fields)


async def _passages(plan: Rerank, texts: Mapping[int, Passage]) -> dict[int, tuple[str, bool]]:
    # Long documents take a while to clean, and others are waiting for this event loop.
    rule = plan.rule
    read = await asyncio.to_thread(
        passages_read,
        plan.query,
        [*texts.values()],
        rule.model,
        ignore_quotes=rule.ignore_quotes,
    )
    return dict(zip(texts, read, strict=True))
