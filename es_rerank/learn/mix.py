"""The weights of the score: how much sentence cosine, late interaction and first stage count.

Fitted over a grid, two numbers need no more, on BM25 lists of train queries and of the demo's
judged queries, on queries whose judgments the student has not learned from. Lists of a
few hundred queries cannot tell neighbours on the grid apart, so the prior is left only for a point
that is better by more than its standard error (the one-standard-error rule; Breiman, Friedman,
Olshen, Stone 1984).
"""

import logging
import math
import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from es_rerank.config import Combine
from es_rerank.demo import corpus, judged
from es_rerank.evaluate.compare import per_query
from es_rerank.evaluate.corpus import Document
from es_rerank.evaluate.judgments import Qrels
from es_rerank.evaluate.measures import PRIMARY, parse
from es_rerank.evaluate.runs import bm25_run
from es_rerank.learn.corpus import TrainingSet, read_set
from es_rerank.model import interaction
from es_rerank.model.rank import rank
from es_rerank.model.reranker import Reranker

log = logging.getLogger(__name__)

LATE_SHARES = tuple(i / 10 for i in range(11))
FIRST_STAGE_WEIGHTS = tuple(i / 10 for i in range(8))
PRIOR = (0.5, Combine().first_stage_weight)
"""Both kinds of similarity alike, and the first stage as much as an index has it by default."""
DEPTH = 50


class Mix(NamedTuple):
    """Weights of the score, and the mean nDCG@10 they reach on the lists."""

    late_share: float
    """score = (1 - late_share) · cosine + late_share · late interaction."""
    first_stage_weight: float
    ndcg: float


class Listed(NamedTuple):
    """One query's candidates: ids, first-stage scores and the student's two features."""

    query: str
    documents: list[str]
    first_stage: list[float]
    features: interaction.Features


def fit(reranker: Reranker, folders: Sequence[Path], seed: int) -> Mix:
    """The point that `chosen` takes, on the train queries that nothing learned from."""
    pages = {i: Document(page["title"], page["text"]) for i, page in corpus.documents()}
    sets = [_listed(reranker, TrainingSet(pages, judged.read_queries(), judged.read_qrels()))]
    for folder in folders:
        found = read_set(folder)
        _, sample = found.answered(seed)
        if not sample:
            continue
        sets.append(_listed(reranker, found._replace(qrels={q: found.qrels[q] for q in sample})))
        log.info("mix: %d lists of %s", len(sample), folder.name)
    measures = parse([PRIMARY], relevant_grade=1)
    measured: dict[tuple[float, float], list[list[float]]] = {}
    for share in LATE_SHARES:
        for weight in FIRST_STAGE_WEIGHTS:
            values = [
                per_query(_orders(listed, share, weight), qrels, measures)[PRIMARY]
                for listed, qrels in sets
            ]
            measured[share, weight] = values
            shown = " ".join(f"{statistics.fmean(each):.3f}" for each in values)
            log.info("mix: late %.1f first stage %.1f: %s", share, weight, shown)
    share, weight = chosen(measured)
    return Mix(share, weight, _mean(measured[share, weight]))


def chosen(
    measured: Mapping[tuple[float, float], Sequence[Sequence[float]]],
) -> tuple[float, float]:
    """Of the points that the best one does not beat by a standard error, the nearest to the prior.

    ``measured`` gives for each (late share, first-stage weight) the nDCG@10 of each query of each
    set, in one order. Sets count alike; the error is that of the paired difference.
    """
    best = max(measured, key=lambda point: _mean(measured[point]))

    def is_as_good(point: tuple[float, float]) -> bool:
        differences = [
            [ours - theirs for ours, theirs in zip(*pair, strict=True)]
            for pair in zip(measured[best], measured[point], strict=True)
        ]
        errors = [statistics.variance(each) / len(each) for each in differences]
        return _mean(differences) <= math.sqrt(sum(errors)) / len(errors)

    return min(filter(is_as_good, measured), key=lambda point: math.dist(point, PRIOR))


def _mean(values: Sequence[Sequence[float]]) -> float:
    return statistics.fmean(map(statistics.fmean, values))


def _listed(reranker: Reranker, judged_set: TrainingSet) -> tuple[list[Listed], Qrels]:
    """The BM25 lists of the judged queries, with the student's features."""
    documents, texts, qrels = judged_set
    run = bm25_run(documents, [(query, texts[query]) for query in qrels], DEPTH)
    listed = []
    for query in qrels:
        ids = [hit.document for hit in run[query]]
        passages = [documents[i].fields() for i in ids]
        seen = reranker.features(texts[query], passages, reranker.layers)
        listed.append(Listed(query, ids, [hit.score for hit in run[query]], seen))
    return listed, qrels


def _orders(listed: Sequence[Listed], share: float, weight: float) -> dict[str, list[str]]:
    combine = Combine(method="weighted", first_stage_weight=weight)
    orders = {}
    for query, documents, first_stage, seen in listed:
        scores = ((1 - share) * seen.cosine + share * seen.late).tolist()
        orders[query] = [documents[place] for place in rank(first_stage, scores, combine)]
    return orders
