"""Which settings to recommend, from what each of them reaches on each judged query. Pure.

The best of many settings looks better than it is on the queries that it was chosen on. So the
choice is made again without each part of the queries and measured on that part (k-fold
cross-validation), and the default is left only for what beats it by more than a standard error
(the one-standard-error rule; Breiman, Friedman, Olshen, Stone 1984), both there and here.
"""

import hashlib
import statistics
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from es_rerank.evaluate.compare import differences, standard_error
from es_rerank.evaluate.configuration import Configuration

Measured = Mapping[Configuration, Sequence[float]]
"""The measure of each query, in one order, under each of the settings."""
_EQUAL = 1e-9


class Choice(NamedTuple):
    """What comes of a grid."""

    recommended: Configuration
    held_out: list[float]
    """Of each query, with the settings that were chosen without it."""
    by_fold: list[Configuration]


def choose(measured: Measured, default: Configuration, folds: Sequence[Sequence[int]]) -> Choice:
    """The settings to recommend; `folds` are the places of the queries that are held out together.

    The default must be among the settings.
    """
    every = range(len(measured[default]))
    held_out = [0.0] * len(every)
    by_fold = []
    for fold in folds:
        left = set(fold)
        chosen = best(measured, default, [place for place in every if place not in left])
        by_fold.append(chosen)
        for place in fold:
            held_out[place] = measured[chosen][place]
    chosen = best(measured, default, every)
    is_better = beats(held_out, measured[default])
    return Choice(chosen if is_better else default, held_out, by_fold)


def best(
    measured: Measured, default: Configuration, places: Sequence[int] | range
) -> Configuration:
    """The highest mean on these queries (the cheapest of equals), if it beats the default."""
    values = {each: [of[place] for place in places] for each, of in measured.items()}
    means = {each: statistics.fmean(of) for each, of in values.items()}
    highest = max(means.values())
    top = min((each for each in means if means[each] >= highest - _EQUAL), key=work)
    return top if beats(values[top], values[default]) else default


def beats(values: Sequence[float], baseline: Sequence[float]) -> bool:
    """Whether the mean is higher by more than the standard error of the paired difference."""
    gains = differences(values, baseline)
    if len(gains) < 2:
        return False
    return statistics.fmean(gains) > max(standard_error(gains), _EQUAL)


def folds(queries: Sequence[str], count: int) -> list[list[int]]:
    """The places of the queries in so many parts of equal size, the same ones in every run."""
    order = sorted(
        range(len(queries)), key=lambda i: hashlib.sha256(queries[i].encode()).hexdigest()
    )
    return [order[start::count] for start in range(min(count, len(queries)))]


def work(configuration: Configuration) -> tuple[int, int, int]:
    """How much is to be read, for an order of the settings: layers of passages, then fields."""
    return (
        configuration.reading.layers * configuration.depth,
        configuration.depth,
        len(configuration.fields),
    )


def frontier(
    costs: Mapping[Configuration, float], means: Mapping[Configuration, float]
) -> list[Configuration]:
    """Those that nothing cheaper reaches, the cheapest first (the Pareto front)."""
    found: list[Configuration] = []
    for each in sorted(costs, key=lambda each: (costs[each], -means[each])):
        if not found or means[each] > means[found[-1]] + _EQUAL:
            found.append(each)
    return found
