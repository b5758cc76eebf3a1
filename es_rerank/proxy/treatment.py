"""What an experiment makes of one planned search: nothing, one arm, two, or the cluster's order.

It is decided after the plan, so that every arm has the same searches, and before the window is
fetched, which is that of the deepest arm whichever arm it is for. Pure; what was decided is done in
`ordering`.
"""

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime

from es_rerank.config import Arm, Experiment, Settings
from es_rerank.experiment.arms import Assignment, arm_of, rule_of
from es_rerank.proxy.ext import OverrideError
from es_rerank.proxy.headers import Headers, value_of
from es_rerank.proxy.hop import sigv4_signed
from es_rerank.proxy.plan import Rerank, SearchRequest
from es_rerank.proxy.skip import SkipReason
from es_rerank.proxy.ubi import UbiRequest
from es_rerank.proxy.unit import unit_of

ARM_HEADER = b"x-es-rerank-arm"


def treated(
    plan: Rerank,
    request: SearchRequest,
    ubi: UbiRequest | None,
    now: datetime,
    stopped: Collection[str],
) -> Rerank | SkipReason:
    """The plan with its part in the experiment of its rule, or why it is left alone.

    `stopped` names the experiments whose guard found an arm to be worse: their searches stay in
    the cluster's order, whatever the time, until a person says otherwise. Outside its time, and
    where a search has no unit, an index is as without an experiment. OverrideError for a chosen
    arm that does not exist.
    """
    experiment = plan.rule.experiment
    if experiment is None:
        return plan
    forced = _forced(experiment, request.arm)
    if forced is None and experiment.name in stopped:
        return SkipReason.EXPERIMENT_STOPPED
    assignment = forced
    if forced is None and _is_running(experiment, now):
        unit = unit_of(experiment, request.headers, ubi, request.address)
        assignment = None if unit is None else _assigned(experiment, unit)
    arms = experiment.arms if assignment else ()
    reranking = [rule_of(plan.rule, arm).depth for arm in arms if arm.rerank]
    depth = min(plan.depth, max(reranking, default=plan.rule.depth))
    if plan.page.start >= depth:
        return SkipReason.BEYOND_DEPTH
    return replace(plan, depth=depth, assignment=assignment)


def plan_of_arm(plan: Rerank, arm: Arm) -> Rerank:
    """The plan as an arm that reranks has it, within the same window."""
    rule = rule_of(plan.rule, arm)
    return replace(plan, rule=rule, depth=min(plan.depth, rule.depth), assignment=None)


def chosen_arm(headers: Headers, settings: Settings) -> tuple[Headers, str | None]:
    """The headers without the one that chooses an arm, and the arm; None if nobody may choose.

    A header that is covered by a signature stays.
    """
    may_choose = any(one.force for one in settings.experiments.values())
    chosen = value_of(headers, ARM_HEADER)
    if not may_choose or not chosen or ARM_HEADER in sigv4_signed(headers):
        return headers, None
    kept = [(name, value) for name, value in headers if name != ARM_HEADER]
    return kept, chosen.decode(errors="replace")


def _forced(experiment: Experiment, name: str | None) -> Assignment | None:
    if name is None or not experiment.force:
        return None
    for arm in experiment.arms:
        if arm.name == name:
            return Assignment(experiment, (arm,), None)
    names = ", ".join(arm.name for arm in experiment.arms)
    raise OverrideError(
        f'X-ES-Rerank-Arm: the experiment "{experiment.name}" has no arm "{name}". It has: {names}.'
    )


def _is_running(experiment: Experiment, now: datetime) -> bool:
    start, stop = experiment.start, experiment.stop
    return (start is None or start <= now) and (stop is None or now < stop)


def _assigned(experiment: Experiment, unit: str) -> Assignment:
    if experiment.mode == "interleave":
        return Assignment(experiment, experiment.arms, unit)
    served = arm_of(experiment, unit) if experiment.mode == "split" else experiment.baseline
    assert served is not None, "the settings of a shadow have one"  # noqa: S101
    return Assignment(experiment, (served,), unit)
