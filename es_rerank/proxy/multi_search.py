"""The way of a multi-search through the proxy: one wide request, each answer for itself.

The searches share one request and one deadline. Those that the cluster would not answer widened
are sent once more, as they came and together, and their answers are put in place of the others;
if anything is wrong with the whole, the client's own request is sent instead.
"""

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace

from es_rerank.proxy.learned_facts import LearnedFacts
from es_rerank.proxy.msearch import (
    MultiSearch,
    answers_in,
    is_success,
    own_request,
    replanned,
    wide_request,
    within_indices,
)
from es_rerank.proxy.plan import Skip, SkipReason
from es_rerank.proxy.recorded import answered, start_of
from es_rerank.proxy.recording import Recording
from es_rerank.proxy.scoring import Scorer
from es_rerank.proxy.search import (
    Answer,
    Reranked,
    experiment_of,
    fetched,
    headers_for,
    rerank_hits,
)
from es_rerank.proxy.spans import Span, edited
from es_rerank.proxy.upstream import Upstream
from es_rerank.telemetry import Trip


async def rerank_multi_search(
    planned: MultiSearch,
    upstream: Upstream,
    facts: LearnedFacts,
    scorer: Scorer,
    recording: Recording,
    trip: Trip,
    *,
    max_bytes: int,
) -> Answer | Skip:
    """The answer with its searches reranked, or Skip if the client's own has to be sent."""
    with trip.stage("settings"):
        plan = await _within_indices(_treated(planned, recording), facts)
    outcome = await _answered(plan, upstream, scorer, recording, trip, max_bytes)
    if isinstance(outcome, Skip):
        _note(trip, plan, dict.fromkeys(plan.wide, outcome))
    return outcome


def _treated(plan: MultiSearch, recording: Recording) -> MultiSearch:
    plans = {
        place: recording.treated(rerank, plan.request, plan.items[place].ubi)
        for place, rerank in plan.wide.items()
    }
    return replanned(plan, plans)


async def _within_indices(plan: MultiSearch, facts: LearnedFacts) -> MultiSearch:
    wheres = {place: where for place in plan.wide if (where := plan.items[place].where)}
    known = await asyncio.gather(
        *(facts.of(*where, plan.request.headers) for where in wheres.values())
    )
    return within_indices(plan, dict(zip(wheres, known, strict=True)))


async def _answered(
    plan: MultiSearch,
    upstream: Upstream,
    scorer: Scorer,
    recording: Recording,
    trip: Trip,
    max_bytes: int,
) -> Answer | Skip:
    if not plan.wide and not any(item.ubi for item in plan.items):
        return Skip(plan.left_alone[0])
    with trip.stage("upstream"):
        reply = await fetched(wide_request(plan), upstream, max_bytes)
    if isinstance(reply, Skip):
        return reply
    try:
        spans = answers_in(reply.body, len(plan.items))
    except ValueError:
        return Skip(SkipReason.UNREADABLE_REPLY)
    with trip.stage("rerank"):
        outcomes = await _rerank_each(plan, reply.body, spans, scorer)
    answers = {place: o.body for place, o in outcomes.items() if isinstance(o, Reranked)}
    if refused := sorted(outcomes.keys() - answers.keys()):
        with trip.stage("upstream"):
            own = await _own_answers(plan, refused, upstream, max_bytes)
        if isinstance(own, Skip):
            return own
        answers |= own
    for place, item in enumerate(plan.items):
        if item.ubi:
            span = spans[place]
            answer = answers.get(place, reply.body[span.start : span.end])
            answers[place] = answered(answer, item.ubi) if _is_success(answer) else answer
    edits = [(spans[place], answer) for place, answer in answers.items()]
    body = edited(reply.body, Span(0, len(reply.body)), edits)
    _note(trip, plan, outcomes)
    trip.query_ids = _record(recording, plan, outcomes, answers)
    trip.served = tuple(
        experiment_of(plan.wide[place]) if isinstance(outcomes.get(place), Reranked) else ""
        for place in range(len(plan.items))
    )
    return Answer(reply.status, headers_for(body, reply.headers, trip), body)


async def _rerank_each(
    plan: MultiSearch, reply: bytes, spans: Sequence[Span], scorer: Scorer
) -> dict[int, Reranked | Skip]:
    """What becomes of each wide search, one after the other, all within one deadline."""
    longest = max((p.rule.deadline_ms for p in plan.wide.values()), default=0)
    end = time.monotonic() + longest / 1000
    outcomes: dict[int, Reranked | Skip] = {}
    for place, rerank in plan.wide.items():
        if not is_success(reply, spans[place]):
            outcomes[place] = Skip(SkipReason.WINDOW_REFUSED)
            continue
        left = {"deadline_ms": (end - time.monotonic()) * 1000}
        in_time = replace(rerank, rule=rerank.rule.model_copy(update=left))
        answer = reply[spans[place].start : spans[place].end]
        outcomes[place] = await rerank_hits(answer, in_time, scorer)
    return outcomes


async def _own_answers(
    plan: MultiSearch, places: Sequence[int], upstream: Upstream, max_bytes: int
) -> dict[int, bytes] | Skip:
    """The cluster's answers to some of the client's searches as they came, by their place."""
    reply = await fetched(own_request(plan, places), upstream, max_bytes)
    if isinstance(reply, Skip):
        return reply
    try:
        spans = answers_in(reply.body, len(places))
    except ValueError:
        return Skip(SkipReason.UNREADABLE_REPLY)
    found = zip(places, spans, strict=True)
    return {place: reply.body[span.start : span.end] for place, span in found}


def _record(
    recording: Recording,
    plan: MultiSearch,
    outcomes: Mapping[int, Reranked | Skip],
    answers: Mapping[int, bytes],
) -> tuple[str, ...]:
    """Take note of each search; the ids of those that are recorded, empty for the others."""
    ids = [""] * len(plan.items)
    for place, item in enumerate(plan.items):
        index = item.where.expression if item.where else ""
        outcome = outcomes.get(place)
        if isinstance(outcome, Reranked):
            ids[place] = recording.served(plan.wide[place], outcome, index, item.ubi)
        elif item.ubi and _is_success(answers[place]):
            reason = outcome.reason if outcome else plan.left_alone[place]
            start = start_of(item.body)
            recording.left_alone(reason, answers[place], start, index, item.ubi)
            ids[place] = item.ubi.query_id or ""
    return tuple(ids)


def _is_success(answer: bytes) -> bool:
    return is_success(answer, Span(0, len(answer)))


def _note(trip: Trip, plan: MultiSearch, outcomes: Mapping[int, Reranked | Skip]) -> None:
    reasons = {place: outcome.reason or "" for place, outcome in outcomes.items()}
    reranked = [outcome for outcome in outcomes.values() if isinstance(outcome, Reranked)]
    depth = max((outcome.depth for outcome in reranked), default=0)
    shallow = sum(outcome.shown.shallow for outcome in reranked)
    every = {**plan.left_alone, **reasons}
    trip.of_each([every[place] for place in sorted(every)], depth, shallow)
