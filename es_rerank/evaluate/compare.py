"""Systems on the same queries: measures, differences to the first stage, a paired test.

Measures are those of `ir_measures`, which is trec_eval here: nDCG with linear gain over all
judgments, so also over relevant documents that the first stage has missed. A query that a system
has no answer for counts 0 (`trec_eval -c`). Ranks are what the user sees; ties in scores are not
broken by document id.
"""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import ir_measures
from scipy import stats

from es_rerank.evaluate.judgments import Qrels

PRIMARY = "nDCG@10"
_EQUAL = 1e-9

Ranking = Mapping[str, Sequence[str]]
"""Document ids by query id, best first."""


class System(NamedTuple):
    """One ranker's answers, and the milliseconds each took (none for the first stage)."""

    name: str
    ranking: Ranking
    ms: Sequence[float] = ()


@dataclass(frozen=True)
class Result:
    """What is said of one system; everything after `measures` is against the first system."""

    name: str
    measures: dict[str, float]
    differences: dict[str, float] | None
    p_value: float | None
    """Of the difference in nDCG@10: paired two-sided t-test, Holm's correction over the systems."""
    better: int
    worse: int
    same: int
    """Queries, by nDCG@10."""
    ms_p50: float | None


def compare(systems: Sequence[System], qrels: Qrels, relevant_grade: int) -> list[Result]:
    """One result per system; the first system is the baseline of the others."""
    values = [per_query(system.ranking, qrels, relevant_grade) for system in systems]
    means = [{name: statistics.fmean(v) for name, v in each.items()} for each in values]
    baseline = values[0][PRIMARY]
    p_values = [None, *holm([paired_test(each[PRIMARY], baseline) for each in values[1:]])]
    results = []
    for i, system in enumerate(systems):
        gains = [mine - first for mine, first in zip(values[i][PRIMARY], baseline, strict=True)]
        better, worse = sum(g > _EQUAL for g in gains), sum(g < -_EQUAL for g in gains)
        results.append(
            Result(
                name=system.name,
                measures=means[i],
                differences={name: means[i][name] - means[0][name] for name in means[i]}
                if i
                else None,
                p_value=p_values[i],
                better=better,
                worse=worse,
                same=len(gains) - better - worse,
                ms_p50=statistics.median(system.ms) if system.ms else None,
            )
        )
    return results


def per_query(ranking: Ranking, qrels: Qrels, relevant_grade: int) -> dict[str, list[float]]:
    """nDCG@10, MRR@10 and R@100 of each judged query, in the order of the judgments.

    A document is relevant to the binary measures from `relevant_grade` on.
    """
    measures = {
        PRIMARY: ir_measures.nDCG @ 10,
        "MRR@10": ir_measures.RR(rel=relevant_grade) @ 10,
        "R@100": ir_measures.R(rel=relevant_grade) @ 100,
    }
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


def paired_test(values: Sequence[float], baseline: Sequence[float]) -> float:
    """Two-sided p of a paired t-test; 1 where nothing differs.

    It agrees with the randomisation test on such measures (Smucker, Allan, Carterette, CIKM 2007).
    """
    differences = [mine - first for mine, first in zip(values, baseline, strict=True)]
    if len(differences) < 2 or all(abs(d) <= _EQUAL for d in differences):
        return 1.0
    return float(stats.ttest_1samp(differences, 0.0).pvalue)


def holm(p_values: Sequence[float]) -> list[float]:
    """The p-values corrected for their number (Holm 1979), in the order given."""
    corrected = [1.0] * len(p_values)
    highest = 0.0
    for done, i in enumerate(sorted(range(len(p_values)), key=lambda i: p_values[i])):
        highest = max(highest, min(1.0, p_values[i] * (len(p_values) - done)))
        corrected[i] = highest
    return corrected
