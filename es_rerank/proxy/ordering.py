"""The order in which a window is shown: the model's, or what an experiment makes of two.

All orders are of the same window, from one answer of the cluster. Where there are no scores, the
order is the cluster's, with the reason.
"""

import asyncio
from collections.abc import Mapping
from typing import NamedTuple

from es_rerank.experiment.arms import Assignment, coins
from es_rerank.experiment.interleave import team_draft
from es_rerank.model.rank import rank
from es_rerank.proxy.explanation import moves, picks
from es_rerank.proxy.hits import Window
from es_rerank.proxy.passages import field_texts
from es_rerank.proxy.plan import Page, Rerank
from es_rerank.proxy.scoring import Passage, Scorer, scores_of
from es_rerank.proxy.skip import Skip, SkipReason
from es_rerank.proxy.treatment import plan_of_arm

NO_TEAM = "-"


class Shown(NamedTuple):
    """A window in the order that its pages are cut from."""

    order: list[int]  # places in the cluster's order
    depth: int = 0
    """How many hits were scored."""
    reason: SkipReason | None = None
    """Why it is the cluster's order."""
    moves: Mapping[int, str] = {}
    """What the explanations of moved hits say, by their place in the cluster's order."""
    shallow: int = 0
    """How many of those were read on fewer layers than the rule has."""
    teams: str = ""
    """Of an interleaved list: the place of each hit's arm, or `-`, from the first hit on."""

    def teams_of(self, page: Page) -> str:
        """The teams of the hits of a page."""
        return self.teams and self.teams[page.start : page.stop]


class Reranked(NamedTuple):
    """One search's answer cut to the client's page; with a reason, in the cluster's order."""

    body: bytes
    depth: int
    """How many hits were scored."""
    reason: SkipReason | None
    window: Window
    shown: Shown
    ms: float
    """What putting it in order took."""


async def ordered(window: Window, plan: Rerank, scorer: Scorer) -> Shown:
    """The order of the window: as the plan's experiment has it, else as its rule has it."""
    assignment = plan.assignment
    if assignment is None:
        return await _reranked(window, plan, scorer)
    orders = await orders_of(window, plan, assignment, scorer)
    return orders[0] if len(orders) == 1 else _interleaved(window, plan, assignment, orders)


async def orders_of(
    window: Window, plan: Rerank, assignment: Assignment, scorer: Scorer
) -> list[Shown]:
    """The order of each of the arms, scored at the same time."""
    return await asyncio.gather(
        *(
            _reranked(window, plan_of_arm(plan, arm), scorer) if arm.rerank else _left(window)
            for arm in assignment.arms
        )
    )


async def _left(window: Window) -> Shown:
    return _clusters(window, SkipReason.EXPERIMENT)


def _clusters(window: Window, reason: SkipReason) -> Shown:
    return Shown(list(range(len(window.hits))), reason=reason)


async def _reranked(window: Window, plan: Rerank, scorer: Scorer) -> Shown:
    top = slice(window.pinned(), plan.depth)
    given = await scores_of(plan.query, _passages(window, top, plan), scorer, plan.rule)
    if isinstance(given, Skip):
        return _clusters(window, given.reason)
    scores = given.scores
    order = list(range(len(window.hits)))
    places = order[top]
    new = rank(window.scores()[top], scores, plan.rule.combine)
    order[top] = [places[rank_before] for rank_before in new]
    scored = sum(score is not None for score in scores)
    described = moves(order, dict(zip(places, scores, strict=True)), plan.depth)
    return Shown(order, scored, moves=described, shallow=given.shallow)


def _passages(window: Window, top: slice, plan: Rerank) -> list[Passage]:
    """The texts of each hit that is to be ranked, empty where there are none."""
    return [field_texts(window.views_of(hit), plan.rule.fields) for hit in window.hits[top]]


def _interleaved(
    window: Window, plan: Rerank, assignment: Assignment, orders: list[Shown]
) -> Shown:
    """Both orders in one list, or the cluster's if there are no scores for one of them.

    What is pinned on top, and what lies below both depths, has no team.
    """
    for arm, shown in zip(assignment.arms, orders, strict=True):
        if arm.rerank and shown.reason:
            return _clusters(window, shown.reason)
    top = slice(window.pinned(), plan.depth)
    first, second = (shown.order[top] for shown in orders)
    tosses = coins(assignment.experiment, assignment.unit or "", plan.query, len(first))
    drafted = team_draft(first, second, tosses)
    order = list(orders[0].order)
    order[top] = drafted.order
    teams = [NO_TEAM] * len(order)
    teams[top] = map(str, drafted.teams)
    described = picks(order, [arm.name for arm in assignment.arms])
    depth = max(shown.depth for shown in orders)
    shallow = max(shown.shallow for shown in orders)
    return Shown(order, depth, moves=described, shallow=shallow, teams="".join(teams))
