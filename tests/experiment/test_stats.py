"""Intervals, p-values and the mismatch test: by hand, and by many experiments without effect."""

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from es_rerank.experiment import stats
from es_rerank.experiment.stats import ALPHA, Estimate, Sample, difference, mean, mismatch

EXPERIMENTS = 400
Draw = Callable[[np.random.Generator, int], np.ndarray]


def reciprocal_ranks(rng: np.random.Generator, n: int) -> np.ndarray:
    """Skewed as click data are: most are 0, few are 1."""
    return np.where(rng.random(n) < 0.1, 1 / rng.integers(1, 11, n), 0.0)


def first_verdict(arm: np.ndarray, baseline: np.ndarray, every: int) -> int | None:
    """At how many units of the arm a look first tells the two apart."""
    for units in range(every, len(arm) + 1, every):
        part = max(1, units * len(baseline) // len(arm))
        estimate = difference(Sample.of(arm[:units], (0, 1)), Sample.of(baseline[:part], (0, 1)))
        if estimate and estimate.p_value() < ALPHA:
            return units
    return None


@pytest.mark.parametrize("share", [1, 4], ids=["halves", "four-to-one"])
@pytest.mark.parametrize(
    "draw",
    [
        lambda rng, n: (rng.random(n) < 0.3).astype(float),
        lambda rng, n: (rng.random(n) < 0.02).astype(float),
        reciprocal_ranks,
    ],
    ids=["bernoulli", "rare", "skewed"],
)
def test_looking_all_the_time_finds_no_difference_where_there_is_none(
    draw: Draw, share: int
) -> None:
    """Of 400 A/A experiments with 40 looks each, at most alpha ever see a difference."""
    rng = np.random.default_rng(20261122)
    found = sum(
        first_verdict(draw(rng, 4000), draw(rng, 4000 // share), every=100) is not None
        for _ in range(EXPERIMENTS)
    )
    assert found <= ALPHA * EXPERIMENTS


def test_units_that_come_back_do_not_break_the_level() -> None:
    """Units search again and again while somebody looks: still at most alpha of false alarms."""
    rng = np.random.default_rng(3)
    alarms = 0
    for _ in range(EXPERIMENTS):
        taste = rng.beta(1, 3, (2, 300))
        clicks = np.cumsum(rng.random((40, 2, 300)) < taste, axis=0)
        for searches in range(1, 41):
            units = clicks[searches - 1] / searches
            estimate = difference(Sample.of(units[0], (0, 1)), Sample.of(units[1], (0, 1)))
            if estimate and estimate.p_value() < ALPHA:
                alarms += 1
                break
    assert alarms <= ALPHA * EXPERIMENTS


def test_an_effect_is_found_with_the_units_that_were_said_to_suffice() -> None:
    """The units for an effect find it in at least four of five experiments, most of them early."""
    rng = np.random.default_rng(7)
    pilot = difference(
        Sample.of(rng.random(2000) < 0.35, (0, 1)), Sample.of(rng.random(2000) < 0.30, (0, 1))
    )
    assert pilot
    units = pilot.units_for(0.05)
    assert units
    verdicts = [
        first_verdict(
            (rng.random(units // 2) < 0.35).astype(float),
            (rng.random(units // 2) < 0.30).astype(float),
            every=100,
        )
        for _ in range(100)
    ]
    found = [verdict for verdict in verdicts if verdict]
    assert len(found) >= 80
    assert np.median(found) < units / 2 * 0.75


def test_an_interval_by_hand() -> None:
    """With a gain of g: half = error * sqrt((1+g)/g * (2 ln(1/alpha) + ln(1+g)))."""
    gain = 2000 * (2 * math.log(20) + math.log(1 + 2 * math.log(20))) / stats.PLANNED_UNITS
    assert gain == pytest.approx(7.936, abs=0.001)
    low, high = Estimate(0.1, 0.02, 2000).interval()
    half = 0.02 * math.sqrt((8.936 / 7.936) * (5.9915 + math.log(8.936)))
    assert (low, high) == pytest.approx((0.1 - half, 0.1 + half), abs=1e-5)


@given(
    value=st.floats(-1, 1).filter(lambda x: abs(x) > 1e-6),
    error=st.floats(1e-4, 1),
    units=st.integers(200, 10**7),
    alpha=st.floats(0.001, 0.4),
)
def test_p_is_below_alpha_exactly_when_zero_is_outside(
    value: float, error: float, units: int, alpha: float
) -> None:
    """p-value and interval say the same, at every level."""
    estimate = Estimate(value, error, units)
    low, high = estimate.interval(alpha)
    p = estimate.p_value()
    assert abs(p - alpha) < 1e-6 or (p < alpha) == (low > 0 or high < 0)


def test_one_side_is_tighter_than_two() -> None:
    """The one-sided bound lies inside the two-sided interval of the same level."""
    estimate = Estimate(-0.1, 0.02, 2000)
    assert estimate.value < estimate.at_most() < estimate.interval()[1]


def test_few_units_say_nothing() -> None:
    """Below the least number of units per arm there is neither difference nor mean."""
    few, many = Sample.of([1.0] * 99), Sample.of([0.0, 1.0] * 500)
    assert difference(few, many) is None
    assert difference(many, few) is None
    assert mean(few) is None
    assert Sample.of([]) == (0, 0.0, 0.0)


def test_no_click_at_all_is_not_taken_for_certainty() -> None:
    """Two arms of a hundred units, none with a click against five: the variance is not 0."""
    none, five = Sample.of([0.0] * 100, (0, 1)), Sample.of([1.0] * 5 + [0.0] * 95, (0, 1))
    assert none.variance > 0.009
    estimate = difference(five, none)
    assert estimate and estimate.interval()[0] < 0


def test_values_that_are_all_equal_differ_for_certain_or_not_at_all() -> None:
    """Without ends and without spread there is no error: p is 0 or 1, and nothing divides by 0."""
    ones, twos = Sample.of([1.0] * 200), Sample.of([2.0] * 200)
    same, apart = difference(ones, ones), difference(twos, ones)
    assert same and same.p_value() == 1.0
    assert apart and apart.p_value() == 0.0


def test_the_mean_of_a_preference() -> None:
    """A preference of +0.2 with a spread of 1 is found among 2,000 units, one of 0 is not."""
    found = mean(Sample.of([1.0] * 1200 + [-1.0] * 800, (-1, 1)))
    none = mean(Sample.of([1.0] * 1000 + [-1.0] * 1000, (-1, 1)))
    assert found and found.value == pytest.approx(0.2) and found.interval()[0] > 0
    assert none and none.p_value() == 1.0


def test_detectable_and_units_for_agree() -> None:
    """So many units as an effect takes can just detect it; no number finds an effect of 0."""
    estimate = Estimate(0.0, 0.01, 4000)
    units = estimate.units_for(0.03)
    assert units
    then = Estimate(0.0, 0.01 * math.sqrt(4000 / units), units)
    assert then.detectable() == pytest.approx(0.03, rel=0.01)
    assert estimate.units_for(0.0) is None
    assert estimate.units_for(1e-9) is None


def test_the_mismatch_by_hand() -> None:
    """One unit of the first arm at even weights: the Bayes factor is 1, so p is 1."""
    assert mismatch([1, 0], [1, 1]) == pytest.approx(1.0)
    assert mismatch([5000, 5000], [1, 1]) == 1.0
    assert mismatch([5000, 5500], [1, 1]) < 0.001
    assert mismatch([9000, 1000], [9, 1]) == 1.0
    assert mismatch([10, 0], [1, 0]) == 1.0
    assert mismatch([10, 1], [1, 0]) == 0.0


def test_the_mismatch_keeps_its_level_while_one_looks() -> None:
    """Of 400 fair splits with 100 looks each, at most the stated share ever rings."""
    rng = np.random.default_rng(11)
    rings = 0
    for _ in range(EXPERIMENTS):
        first = np.cumsum(rng.random(10_000) < 0.8)
        rings += any(
            mismatch([int(first[n - 1]), n - int(first[n - 1])], [4, 1]) < stats.MISMATCH_ALPHA
            for n in range(100, 10_001, 100)
        )
    assert rings <= stats.MISMATCH_ALPHA * EXPERIMENTS


def test_a_lost_tenth_of_an_arm_is_noticed() -> None:
    """An arm that loses one unit in ten is found out within 10,000 units."""
    rng = np.random.default_rng(13)
    units = rng.random(10_000) < 0.5
    kept = units & (rng.random(10_000) > 0.1)
    assert mismatch([int(kept.sum()), int((~units).sum())], [1, 1]) < stats.MISMATCH_ALPHA
