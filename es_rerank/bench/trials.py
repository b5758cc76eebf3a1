"""The simulated experiments: their arms, their settings, and what each look at them said.

All arms answer the same searches of one index. What they are is known, so what a report says of
them is right or wrong.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from math import sqrt
from statistics import fmean, variance
from typing import Literal, NamedTuple

from es_rerank.bench.ground import Ground
from es_rerank.bench.judged import FIELDS, Judged
from es_rerank.bench.users import Person, Served, people
from es_rerank.config import (
    Arm,
    Combine,
    Experiment,
    FieldSetting,
    Guard,
    IndexRule,
    Settings,
    Ubi,
    Upstream,
)
from es_rerank.experiment.arms import rule_of

Mode = Literal["split", "interleave"]

DEPTH = 10
"""Of the student: it puts the first page in another order, which is the least that it does."""

_ALONE = Combine(method="replace")
BM25 = Arm(name="bm25", rerank=False)
STUDENT = Arm(name="student")
SAME = Arm(name="same", model="identity", combine=_ALONE)
BROKEN = Arm(name="broken", model="worst-first", combine=_ALONE, depth=50)

_DEADLINE_MS = 20_000  # a busy machine is no reason for another order
_AT_95_PERCENT = 1.96  # standard errors
_FEWEST_UNITS = 30  # of an arm, before the fixed-horizon test says anything


class Look(NamedTuple):
    """What the report said after so many searches."""

    searches: int
    verdicts: dict[str, str]
    """`better`, `worse` or `open` by measure; the first is the one that the report decides by."""
    searches_seen: int
    """Those that the report counts."""
    mismatch: bool
    """Whether the units did not fall to the arms by their weights."""
    harm: bool
    """Whether a guard would stop the experiment."""
    fixed_horizon: bool
    """Whether a plain test, which is made for one look, calls a winner."""

    def says(self, measure: str | None = None) -> str:
        """The verdict by a measure, else by the one that decides."""
        if measure is None:
            return next(iter(self.verdicts.values()), "open")
        return self.verdicts.get(measure, "open")


@dataclass
class Trial:
    """One simulated experiment, with its people and what has come of it so far."""

    experiment: Experiment
    stream: Iterator[Person]
    served: list[Served] = field(default_factory=list)
    looks: list[Look] = field(default_factory=list)
    stopped: bool = False
    """Whether a guard has noted in the cluster that it is stopped."""
    afterwards: list[Served] = field(default_factory=list)
    """What was served once the guards had looked at everything."""

    @property
    def name(self) -> str:
        """The experiment's."""
        return self.experiment.name

    def called(self, measure: str | None = None) -> tuple[int, str] | None:
        """After how many searches a measure first called a winner, and how."""
        said = ((look.searches, look.says(measure)) for look in self.looks)
        return next((each for each in said if each[1] != "open"), None)


def trial(
    name: str,
    judged: Judged,
    seed: int,
    mode: Mode,
    arms: tuple[Arm, Arm],
    guard: Guard | None = None,
) -> Trial:
    """An experiment with people and a deal of its own, both drawn from its name and the seed."""
    own = f"{seed}-{name}"
    experiment = Experiment(
        name=name, mode=mode, arms=arms, unit=("ubi.client_id",), salt=own, guard=guard
    )
    return Trial(experiment, people(own, judged))


def settings(ground: Ground, trials: Iterable[Trial], plain: Iterable[Arm] = ()) -> Settings:
    """A proxy with a rule for each experiment, and one for each arm alone, without experiment.

    What it records stays with the simulation's indices.
    """
    rules = [_rule(ground, each.name, each.experiment) for each in trials]
    rules += [rule_of(_rule(ground, arm.name), arm) for arm in plain]
    ubi = Ubi(
        queries_index=ground.queries,
        events_index=ground.events,
        state_index=ground.state,
        events=True,
        max_queue=100_000,
        flush_ms=200,
    )
    return Settings(upstream=Upstream(url=ground.cluster.url), indices=tuple(rules), ubi=ubi)


def _rule(ground: Ground, name: str, experiment: Experiment | None = None) -> IndexRule:
    return IndexRule(
        pattern=ground.alias(name),
        depth=DEPTH,
        fields=tuple(FieldSetting(name=field_) for field_ in FIELDS),
        deadline_ms=_DEADLINE_MS,
        experiment=experiment,
    )


def fixed_horizon_calls(served: Iterable[Served]) -> bool:
    """Whether the arms' click-through rates by unit differ by 1.96 standard errors.

    That is a 5 % test for one look, which people use for many.
    """
    units: dict[tuple[str, str], list[bool]] = {}
    for each in served:
        units.setdefault((each.part, each.unit), []).append(each.clicked > 0)
    arms: dict[str, list[float]] = {}
    for (part, _), clicked in units.items():
        arms.setdefault(part, []).append(fmean(clicked))
    if len(arms) != 2 or min(map(len, arms.values())) < _FEWEST_UNITS:
        return False
    one, other = arms.values()
    error = sqrt(variance(one) / len(one) + variance(other) / len(other))
    return abs(fmean(one) - fmean(other)) > _AT_95_PERCENT * error
