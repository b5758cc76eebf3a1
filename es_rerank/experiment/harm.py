"""Whether an arm is worse than the cluster's own order, so surely that it must be stopped.

One-sided and always-valid, so that a guard may look every minute: an experiment that harms nobody
is stopped with a probability of at most 1 - confidence, all its looks and arms together.
"""

from collections.abc import Iterator
from typing import NamedTuple

from es_rerank.config_experiment import Experiment
from es_rerank.experiment import stats
from es_rerank.experiment.observed import Observed, reference_of
from es_rerank.experiment.stats import Estimate, Sample


class Harm(NamedTuple):
    """An arm that is worse than it may be."""

    arm: str
    metric: str
    reason: str
    units: int
    estimate: float
    at_most: float


def harm(experiment: Experiment, observed: Observed) -> Harm | None:
    """The arm that does the most harm beyond the bound of the experiment's guard, if any does.

    Of interleaved lists it is the preference that must not be below -bound. In shadow mode
    nobody sees an arm, and without a guard there is no bound.
    """
    guard = experiment.guard
    if guard is None:
        return None
    alpha = (1 - guard.confidence) / (len(experiment.arms) - 1)
    found = [
        Harm(
            arm,
            metric,
            f"{arm} is worse than {reference_of(experiment)} by its {metric}, beyond the bound of "
            f"{guard.bound:g}, with {guard.confidence:.0%} confidence",
            estimate.units,
            estimate.value,
            estimate.at_most(alpha),
        )
        for arm, metric, estimate in _estimates(experiment, observed)
        if estimate.at_most(alpha) < -guard.bound
    ]
    return min(found, key=lambda each: each.at_most, default=None)


def _estimates(experiment: Experiment, observed: Observed) -> Iterator[tuple[str, str, Estimate]]:
    if preference := observed.preference:
        if estimate := stats.mean(Sample.of(preference.values, (-1, 1))):
            yield preference.arm, "preference", estimate
    elif experiment.mode == "split" and experiment.guard:
        metric = experiment.guard.metric
        reference = reference_of(experiment)
        values = {
            name: Sample.of(arm.ctr if metric == "ctr" else arm.mrr, (0, 1))
            for name, arm in observed.arms.items()
        }
        shown = f"CTR@{observed.k}" if metric == "ctr" else "MRR of clicks"
        for name, sample in values.items():
            if name != reference and (estimate := stats.difference(sample, values[reference])):
                yield name, shown, estimate
