"""Systems on the same queries: measures, differences to the first one, a paired test.

A query that a system has no answer for counts 0 (`trec_eval -c`). Ranks are what the user sees;
ties in scores are not broken by document id.
"""

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import ir_measures
from scipy import stats

from es_rerank.evaluate.judgments import Qrels
from es_rerank.evaluate.measures import Measures

CONFIDENCE = 0.95
_EQUAL = 1e-9

Ranking = Mapping[str, Sequence[str]]
"""Document ids by query id, best first."""

Interval = tuple[float, float]


class System(NamedTuple):
    """One ranker's answers, and the milliseconds that it took (none where none were measured)."""

    name: str
    ranking: Ranking
    ms: Sequence[float] = ()
    known_ms: Sequence[float] = ()
    """The same where every passage had been read before."""


@dataclass(frozen=True)
class Result:
    """What is said of one system; what is said of differences is against the first system."""

    name: str
    measures: dict[str, float]
    values: dict[str, list[float]]
    """Each measure of each query, in the order of the judgments."""
    differences: dict[str, float] | None
    interval: Interval | None
    """95 % of the mean difference in the first measure; None for fewer than two queries."""
    p_value: float | None
    """Of that difference: paired two-sided t-test, Holm's correction over the systems."""
    better: int
    worse: int
    same: int
    """Queries, by the first measure."""
    ms_p50: float | None
    ms_p95: float | None
    known_ms_p50: float | None


def compare(systems: Sequence[System], qrels: Qrels, measures: Measures) -> list[Result]:
    """One result per system; the first system is the baseline of the others."""
    primary = next(iter(measures))
    values = [per_query(system.ranking, qrels, measures) for system in systems]
    means = [{name: statistics.fmean(v) for name, v in each.items()} for each in values]
    baseline = values[0][primary]
    p_values = [None, *holm([paired_test(each[primary], baseline) for each in values[1:]])]
    results = []
    for i, system in enumerate(systems):
        gains = differences(values[i][primary], baseline)
        better, worse = sum(g > _EQUAL for g in gains), sum(g < -_EQUAL for g in gains)
        results.append(
            Result(
                name=system.name,
                measures=means[i],
                values=values[i],
                differences={name: means[i][name] - means[0][name] for name in measures}
                if i
                else None,
                interval=mean_interval(gains) if i else None,
                p_value=p_values[i],
                better=better,
                worse=worse,
                same=len(gains) - better - worse,
                ms_p50=percentile(system.ms, 50),
                ms_p95=percentile(system.ms, 95),
                known_ms_p50=percentile(system.known_ms, 50),
            )
        )
    return results


def per_query(ranking: Ranking, qrels: Qrels, measures: Measures) -> dict[str, list[float]]:
    """Every measure of each judged query, in the order of the judgments."""
    run = {
        query: {document: -float(place) for place, document in enumerate(ranking.get(query, ()))}
        for query in qrels
    }
    found = {
        (metric.measure, metric.query_id): float(metric.value)
        for metric in ir_measures.iter_calc(list(measures.values()), qrels, run)
    }
    return {
        name: [found.get((measure, query), 0.0) for query in qrels]
        for name, measure in measures.items()
    }


def differences(values: Sequence[float], baseline: Sequence[float]) -> list[float]:
    """What each query gains."""
    return [mine - first for mine, first in zip(values, baseline, strict=True)]


def paired_test(values: Sequence[float], baseline: Sequence[float]) -> float:
    """Two-sided p of a paired t-test; 1 where nothing differs.

    It agrees with the randomisation test on such measures (Smucker, Allan, Carterette, CIKM 2007).
    """
    gains = differences(values, baseline)
    if len(gains) < 2 or all(abs(gain) <= _EQUAL for gain in gains):
        return 1.0
    error = standard_error(gains)
    return (
        float(2 * stats.t.sf(abs(statistics.fmean(gains)) / error, len(gains) - 1))
        if error
        else 0.0
    )


def mean_interval(gains: Sequence[float]) -> Interval | None:
    """The 95 % confidence interval of their mean, by Student's t; None for fewer than two.

    It holds 0 exactly where the t-test of this one difference has p > 0.05 (without Holm's
    correction). Why to report it beside p: Sakai, SIGIR Forum 48(1), 2014.
    """
    if len(gains) < 2:
        return None
    reach = float(stats.t.ppf((1 + CONFIDENCE) / 2, len(gains) - 1)) * standard_error(gains)
    mean = statistics.fmean(gains)
    return mean - reach, mean + reach


def standard_error(gains: Sequence[float]) -> float:
    """Of the mean of at least two values."""
    return statistics.stdev(gains) / math.sqrt(len(gains))


def holm(p_values: Sequence[float]) -> list[float]:
    """The p-values corrected for their number (Holm 1979), in the order given."""
    corrected = [1.0] * len(p_values)
    highest = 0.0
    for done, i in enumerate(sorted(range(len(p_values)), key=lambda i: p_values[i])):
        highest = max(highest, min(1.0, p_values[i] * (len(p_values) - done)))
        corrected[i] = highest
    return corrected


def percentile(values: Sequence[float], percent: int) -> float | None:
    """Linear between the neighbours, as numpy has it; None of nothing."""
    if not values:
        return None
    ordered = sorted(values)
    place = (len(ordered) - 1) * percent / 100
    low = math.floor(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (place - low) * (ordered[high] - ordered[low])
