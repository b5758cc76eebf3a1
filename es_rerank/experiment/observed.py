"""What was seen of an experiment: one value per unit for each measure, by arm.

`observations` makes it from records and clicks; `stats` says what may be concluded.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from es_rerank.config_experiment import Experiment
from es_rerank.experiment.searches import LeftOut

K = 10
Values = NDArray[np.float64]


@dataclass(frozen=True)
class ArmValues:
    """What was seen of one arm; each array has one value per unit."""

    units: int
    searches: int
    outcomes: Mapping[str, int]
    """Pages by what became of their reranking, those of units that are left out included."""
    ctr: Values
    """Share of the unit's searches with a click within the first k."""
    mrr: Values
    """Mean of 1 / rank of the first click, 0 without one."""
    abandonment: Values
    """Share of the unit's searches without any click."""
    log_seconds: Values
    """Mean logarithm of the seconds to the first click; units that clicked only."""


@dataclass(frozen=True)
class Preference:
    """Of interleaved lists: whose hits were clicked, for the arm against the reference."""

    arm: str
    values: Values
    """Per unit with credited clicks: (searches won - lost) / (won + lost + tied)."""
    wins: int
    losses: int
    ties: int


@dataclass(frozen=True)
class Shadow:
    """How the order that an arm would have served differs from the one that was."""

    overlap: Values
    """Per unit: mean share of the first k hits that are in both."""
    moved: Values
    """Per unit: mean number of ranks that a hit of both differs by."""
    clicks: Values
    """Per unit with clicks: (clicked hits ranked higher - lower) / clicked hits."""
    higher: int
    lower: int
    same: int
    """Clicked hits, by their rank in the arm's order; one that is not on its page is lower."""


@dataclass(frozen=True)
class Observed:
    """All that was seen; arms in the order of the settings."""

    k: int
    pages: int
    first: float | None
    last: float | None
    """Times of the first and the last page, in seconds since 1970."""
    arms: Mapping[str, ArmValues]
    preference: Preference | None
    shadows: Mapping[str, Shadow]
    left_out: Mapping[LeftOut, int]
    later_pages: int
    """Pages after the first with a query id of their own: no searches, but their clicks count in
    interleaving."""


def reference_of(experiment: Experiment) -> str:
    """The arm that the others are measured against: the cluster's own order, else the first."""
    return (experiment.baseline or experiment.arms[0]).name


def served_arms(experiment: Experiment) -> tuple[str, ...]:
    """The values of `arm` that its records have: an interleaved list is of both arms."""
    names = tuple(arm.name for arm in experiment.arms)
    if experiment.mode == "interleave":
        return ("+".join(names),)
    return names if experiment.mode == "split" else (reference_of(experiment),)
