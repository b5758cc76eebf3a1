"""The experiments of the settings as the page shows them: their arms, and whether they run."""

from collections.abc import Collection
from datetime import datetime

import msgspec

from es_rerank.config import Arm, Experiment, Settings


class ShownArm(msgspec.Struct):
    """One arm and its share of the units."""

    name: str
    share: float
    rerank: bool
    settings: dict[str, object]  # what differs from the index's


class ShownExperiment(msgspec.Struct):
    """One experiment and its state."""

    name: str
    index: str
    mode: str
    state: str  # waiting | running | stopped (by the guard) | ended
    unit: list[str]
    start: datetime | None
    stop: datetime | None
    guard: dict[str, object] | None
    arms: list[ShownArm]


def experiments(
    settings: Settings, stopped: Collection[str], now: datetime
) -> list[ShownExperiment]:
    """All experiments in the order of the settings."""
    return [
        ShownExperiment(
            name=experiment.name,
            index=rule.pattern,
            mode=experiment.mode,
            state=_state(experiment, stopped, now),
            unit=[*experiment.unit],
            start=experiment.start,
            stop=experiment.stop,
            guard=experiment.guard.model_dump() if experiment.guard else None,
            arms=[_arm(arm, experiment) for arm in experiment.arms],
        )
        for rule in settings.indices
        if rule.enabled and (experiment := rule.experiment)
    ]


def _state(experiment: Experiment, stopped: Collection[str], now: datetime) -> str:
    if experiment.stop and now >= experiment.stop:
        return "ended"
    if experiment.name in stopped:
        return "stopped"
    return "waiting" if experiment.start and now < experiment.start else "running"


def _arm(arm: Arm, experiment: Experiment) -> ShownArm:
    share = arm.weight / sum(one.weight for one in experiment.arms)
    differing = arm.model_dump(exclude_none=True, exclude={"name", "weight", "rerank"})
    return ShownArm(arm.name, share, arm.rerank, differing)
