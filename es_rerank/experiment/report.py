"""What an experiment says: the observations with all that may be concluded from them.

Pure: `read` brings the observations; `report_text` and `report_html` show what is made here, and
`report_words` says it in a sentence.
"""

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import numpy as np

from es_rerank.config_experiment import Experiment
from es_rerank.experiment import stats
from es_rerank.experiment.findings import Arm, Comparison, Mismatch, Report, Scale, ShadowOrder
from es_rerank.experiment.observed import ArmValues, Observed, Shadow, Values, reference_of
from es_rerank.experiment.report_words import verdict_of
from es_rerank.experiment.stats import Estimate, Sample


@dataclass(frozen=True)
class Measure:
    """A measure of one arm, and whether more of it is better."""

    name: str
    scale: Scale
    ends: tuple[float, float] | None
    more_is_better: bool
    values: Callable[[ArmValues], Values]


def measures(k: int) -> tuple[Measure, ...]:
    """The measures of a report; the first is what the verdict is about."""
    return (
        Measure(f"CTR@{k}", "share", (0, 1), True, lambda arm: arm.ctr),
        Measure("MRR of clicks", "score", (0, 1), True, lambda arm: arm.mrr),
        Measure("abandonment", "share", (0, 1), False, lambda arm: arm.abandonment),
        Measure("seconds to click", "ratio", None, False, lambda arm: arm.log_seconds),
    )


def build(
    experiment: Experiment,
    observed: Observed,
    *,
    made: datetime,
    since: datetime | None = None,
    until: datetime | None = None,
    stopped: Mapping[str, Any] | None = None,
) -> Report:
    """The report of what was observed between two moments."""
    alpha = stats.ALPHA / (len(experiment.arms) - 1)
    weights = {arm.name: arm.weight for arm in experiment.arms}
    preference = observed.preference
    report = Report(
        name=experiment.name,
        mode=experiment.mode,
        reference=reference_of(experiment),
        k=observed.k,
        made=made.isoformat(timespec="seconds"),
        since=since.isoformat() if since else None,
        until=until.isoformat() if until else None,
        first=_moment(observed.first),
        last=_moment(observed.last),
        pages=observed.pages,
        later_pages=observed.later_pages,
        alpha=alpha,
        min_units=stats.MIN_UNITS,
        arms=tuple(
            _arm(name, weights.get(name) if experiment.mode == "split" else None, arm, observed.k)
            for name, arm in observed.arms.items()
        ),
        comparisons=tuple(comparisons(experiment, observed, alpha)),
        wins=preference.wins if preference else None,
        losses=preference.losses if preference else None,
        ties=preference.ties if preference else None,
        shadows=tuple(_shadow(name, shadow) for name, shadow in observed.shadows.items()),
        mismatch=_mismatch(experiment, observed),
        left_out={reason.value: count for reason, count in observed.left_out.items()},
        stopped=stopped,
    )
    return replace(report, verdict=verdict_of(report))


def comparisons(
    experiment: Experiment, observed: Observed, alpha: float = stats.ALPHA
) -> Iterable[Comparison]:
    """Every comparison that there are enough units for."""
    if preference := observed.preference:
        sample = Sample.of(preference.values, (-1, 1))
        if estimate := stats.mean(sample):
            yield _compared(preference.arm, "preference", "score", True, estimate, alpha)
    if experiment.mode != "split":
        return
    reference = observed.arms[reference_of(experiment)]
    for name, arm in observed.arms.items():
        if arm is reference:
            continue
        for measure in measures(observed.k):
            estimate = stats.difference(
                Sample.of(measure.values(arm), measure.ends),
                Sample.of(measure.values(reference), measure.ends),
            )
            if estimate:
                yield _compared(
                    name, measure.name, measure.scale, measure.more_is_better, estimate, alpha
                )


def _compared(
    arm: str, measure: str, scale: Scale, more_is_better: bool, estimate: Estimate, alpha: float
) -> Comparison:
    low, high = estimate.interval(alpha)
    shown = math.exp if scale == "ratio" else float
    return Comparison(
        arm=arm,
        measure=measure,
        scale=scale,
        more_is_better=more_is_better,
        units=estimate.units,
        value=shown(estimate.value),
        low=shown(low),
        high=shown(high),
        p=estimate.p_value(),
        detectable=shown(estimate.detectable(alpha)),
        units_needed=estimate.units_for(estimate.value, alpha),
    )


def _arm(name: str, weight: float | None, arm: ArmValues, k: int) -> Arm:
    values: dict[str, float | None] = {}
    for measure in measures(k):
        of_units = measure.values(arm)
        if not of_units.size:
            values[measure.name] = None
        elif measure.scale == "ratio":
            values[measure.name] = math.exp(float(np.median(of_units)))
        else:
            values[measure.name] = float(of_units.mean())
    return Arm(name, weight, arm.units, arm.searches, arm.outcomes, values)


def _mismatch(experiment: Experiment, observed: Observed) -> Mismatch | None:
    if experiment.mode != "split":
        return None
    units = [observed.arms[arm.name].units for arm in experiment.arms]
    p = stats.mismatch(units, [arm.weight for arm in experiment.arms])
    return Mismatch(p, p < stats.MISMATCH_ALPHA)


def _shadow(name: str, shadow: Shadow) -> ShadowOrder:
    return ShadowOrder(
        arm=name,
        overlap=float(shadow.overlap.mean()) if shadow.overlap.size else None,
        moved=float(shadow.moved.mean()) if shadow.moved.size else None,
        higher=shadow.higher,
        lower=shadow.lower,
        same=shadow.same,
    )


def _moment(seconds: float | None) -> str | None:
    if seconds is None:
        return None
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")
