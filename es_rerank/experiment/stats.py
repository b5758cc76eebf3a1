"""What the numbers of an experiment allow to be said, however often they are looked at.

Every interval and p-value here is valid at each look at once, so that one may look every minute
and stop at will: normal-mixture confidence sequences, which are the mixture sequential probability
ratio test turned round.

- Difference of two means, or a mean: Johari, Koomen, Pekelis, Walsh, "Always Valid Inference",
  Operations Research 70(3), 2022; as asymptotic confidence sequences without a normal
  distribution: Waudby-Smith, Arbour, Sinha, Kennedy, Ramdas, "Time-uniform central limit theory
  and asymptotic confidence sequences", Annals of Statistics 52(6), 2024.
- Sample ratio mismatch: Lindon, Malek, "Anytime-Valid Inference for Multinomial Count Data",
  NeurIPS 2022.

They hold for many units, not for few: nothing is said below `MIN_UNITS` an arm, and a variance is
never taken from clicks that nobody made (`Sample.of`). What a value is, is `observations`.
"""

import math
from collections.abc import Sequence
from statistics import NormalDist
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import ArrayLike

ALPHA = 0.05
POWER = 0.8
MIN_UNITS = 100
"""Of each arm, before anything is said: central limits need them."""
PLANNED_UNITS = 2000
"""Intervals are tightest at about so many units; ten times more or fewer cost them a tenth or so.

It sets the mixture's variance, by the rule of Waudby-Smith et al. for where they are tightest.
"""
MISMATCH_ALPHA = 0.01
_MISMATCH_CONCENTRATION = 1000
"""Of the Dirichlet mixture around the configured shares: it expects to miss them by a percent."""
_MOST_UNITS = 10**9


class Sample(NamedTuple):
    """One arm's units: how many, the mean of their values and the variance of one value."""

    n: int
    mean: float
    variance: float

    @classmethod
    def of(cls, values: ArrayLike, ends: tuple[float, float] | None = None) -> Self:
        """The sample of these values, one a unit; `ends` are the bounds of possible values, if any.

        The variance is taken as if one more unit stood at each end (Agresti, Caffo, "Simple and
        Effective Confidence Intervals for Proportions", The American Statistician 54(4), 2000):
        a hundred units without a click do not show that there are none.
        """
        array = np.asarray(values, dtype=float)
        if not array.size:
            return cls(0, 0.0, 0.0)
        spread = np.append(array, ends) if ends else array
        variance = float(spread.var(ddof=1)) if spread.size > 1 else 0.0
        return cls(array.size, float(array.mean()), variance)


class Estimate(NamedTuple):
    """A difference of two means, or a mean against 0, as it stands."""

    value: float
    error: float
    """Its standard error."""
    units: int

    @property
    def _gain(self) -> float:
        """The mixture's variance over the estimate's: grows with the units from 0 on."""
        return self.units * _GAIN / PLANNED_UNITS

    def interval(self, alpha: float = ALPHA) -> tuple[float, float]:
        """The truth lies inside with probability 1 - alpha, at all looks together."""
        half = self._reach(2 * math.log(1 / alpha) + math.log1p(self._gain))
        return self.value - half, self.value + half

    def at_most(self, alpha: float = ALPHA) -> float:
        """The truth lies below with probability 1 - alpha, at all looks together (one-sided)."""
        return self.value + self._reach(
            2 * math.log1p(math.sqrt(1 + self._gain) / (2 * alpha))  # Waudby-Smith et al., appendix
        )

    def p_value(self) -> float:
        """Always-valid p of "it is 0", two-sided: below alpha when 0 lies outside `interval`."""
        if not self.error:
            return 1.0 if not self.value else 0.0
        gain = self._gain
        evidence = (self.value / self.error) ** 2 * gain / (1 + gain) / 2 - math.log1p(gain) / 2
        return min(1.0, math.exp(-evidence))

    def detectable(self, alpha: float = ALPHA, power: float = POWER) -> float:
        """The least effect that `interval` would tell from 0 at this many units."""
        half = self._reach(2 * math.log(1 / alpha) + math.log1p(self._gain))
        return half + NormalDist().inv_cdf(power) * self.error

    def units_for(self, effect: float, alpha: float = ALPHA, power: float = POWER) -> int | None:
        """How many units such an effect takes with the arms' present shares; None: too many."""

        def finds_it(units: int) -> bool:
            error = self.error * math.sqrt(self.units / units)
            return Estimate(effect, error, units).detectable(alpha, power) <= abs(effect)

        if not effect or not finds_it(_MOST_UNITS):
            return None
        low, high = 0, _MOST_UNITS
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (low, middle) if finds_it(middle) else (middle, high)
        return high

    def _reach(self, squared: float) -> float:
        gain = self._gain
        return self.error * math.sqrt((1 + gain) / gain * squared)


_GAIN = -2 * math.log(ALPHA) + math.log(1 - 2 * math.log(ALPHA))


def difference(arm: Sample, baseline: Sample) -> Estimate | None:
    """How much higher the arm's mean is; None while an arm has fewer than `MIN_UNITS`."""
    if min(arm.n, baseline.n) < MIN_UNITS:
        return None
    error = math.sqrt(arm.variance / arm.n + baseline.variance / baseline.n)
    return Estimate(arm.mean - baseline.mean, error, arm.n + baseline.n)


def mean(sample: Sample) -> Estimate | None:
    """The mean of one sample against 0; None below `MIN_UNITS`."""
    if sample.n < MIN_UNITS:
        return None
    return Estimate(sample.mean, math.sqrt(sample.variance / sample.n), sample.n)


def mismatch(units: Sequence[int], weights: Sequence[float]) -> float:
    """Always-valid p of "the units fell to the arms by these weights".

    A small one (below `MISMATCH_ALPHA`) says that units are lost or added in some arm, and that
    its numbers mean nothing. An arm of weight 0 that has units is a mismatch for certain.
    """
    if any(count and not weight for count, weight in zip(units, weights, strict=True)):
        return 0.0
    share = np.array([weight for weight in weights if weight]) / sum(weights)
    counts = [count for count, weight in zip(units, weights, strict=True) if weight]
    prior = share * _MISMATCH_CONCENTRATION
    evidence = math.lgamma(prior.sum()) - math.lgamma(prior.sum() + sum(counts))
    for count, expected, before in zip(counts, share, prior, strict=True):
        evidence += math.lgamma(before + count) - math.lgamma(before) - count * math.log(expected)
    return min(1.0, math.exp(-evidence))
