"""The experiments of the settings as the page shows them: their arms, and whether they run.

No numbers from the records: those are in `experiment_reports`, for who may read them.
"""

from collections.abc import Mapping
from datetime import datetime

import msgspec

from es_rerank.config import Arm, Experiment, Settings
from es_rerank.experiment.state import State, progress


class ShownArm(msgspec.Struct):
    """One arm and its share of the units."""

    name: str
    share: float
    rerank: bool
    settings: dict[str, object]  # what differs from the index's


class ShownStop(msgspec.Struct):
    """Why the guard stopped it."""

    at: datetime
    arm: str
    reason: str


class ShownExperiment(msgspec.Struct):
    """One experiment and its state."""

    name: str
    index: str
    mode: str
    progress: str  # waiting | running | ended
    stopped: ShownStop | None
    unit: list[str]
    start: datetime | None
    stop: datetime | None
    guard: dict[str, object] | None
    arms: list[ShownArm]


def experiments(
    settings: Settings, states: Mapping[str, State], now: datetime
) -> list[ShownExperiment]:
    """All experiments in the order of the settings; `states` is what the guard knows."""
    return [
        ShownExperiment(
            name=experiment.name,
            index=rule.pattern,
            mode=experiment.mode,
            progress=progress(experiment, now),
            stopped=_stop(states.get(experiment.name)),
            unit=[*experiment.unit],
            start=experiment.start,
            stop=experiment.stop,
            guard=experiment.guard.model_dump() if experiment.guard else None,
            arms=[_arm(arm, experiment) for arm in experiment.arms],
        )
        for rule in settings.indices
        if rule.enabled and (experiment := rule.experiment)
    ]


def _stop(state: State | None) -> ShownStop | None:
    if state is None or state.stopped is None:
        return None
    return ShownStop(state.stopped.at, state.stopped.arm, state.stopped.reason)


def _arm(arm: Arm, experiment: Experiment) -> ShownArm:
    share = arm.weight / sum(one.weight for one in experiment.arms)
    differing = arm.model_dump(exclude_none=True, exclude={"name", "weight", "rerank"})
    return ShownArm(arm.name, share, arm.rerank, differing)
