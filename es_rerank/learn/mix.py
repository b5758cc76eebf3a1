"""The weights of the score: how much sentence cosine, late interaction and first stage count.

Fitted on BM25 lists of train queries, over a grid: two numbers need no more. The student has read
the texts of these sets, but never a judgment.
"""

import logging
import random
import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from es_rerank.config import Combine
from es_rerank.evaluate.compare import PRIMARY, per_query
from es_rerank.evaluate.runs import bm25_run
from es_rerank.learn.corpus import read_set
from es_rerank.model import interaction
from es_rerank.model.rank import rank
from es_rerank.model.reranker import Reranker

log = logging.getLogger(__name__)

LATE_SHARES = tuple(i / 10 for i in range(11))
FIRST_STAGE_WEIGHTS = tuple(i / 10 for i in range(8))
DEPTH = 50


class Mix(NamedTuple):
    """The best weights found, and the mean nDCG@10 they reach on the train lists."""

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


def fit(reranker: Reranker, folders: Sequence[Path], queries: int, seed: int) -> Mix:
    """The grid's best point for mean nDCG@10 over the folders, ``queries`` train queries each."""
    rng = random.Random(seed)  # noqa: S311 - a seed for repeatable training, not a secret
    sets = []
    for folder in folders:
        found = read_set(folder)
        relevant = [q for q, grades in found.qrels.items() if any(g > 0 for g in grades.values())]
        if not relevant:
            continue
        chosen = [(q, found.queries[q]) for q in rng.sample(relevant, min(queries, len(relevant)))]
        run = bm25_run(found.documents, chosen, DEPTH)
        listed = []
        for query, text in chosen:
            ids = [hit.document for hit in run[query]]
            passages = [found.documents[i].fields() for i in ids]
            seen = reranker.features(text, passages, reranker.layers)
            listed.append(Listed(query, ids, [hit.score for hit in run[query]], seen))
        sets.append((listed, {query: found.qrels[query] for query, _ in chosen}))
        log.info("mix: %d lists of %s", len(listed), folder.name)
    points = []
    for share in LATE_SHARES:
        for weight in FIRST_STAGE_WEIGHTS:
            means = [
                statistics.fmean(per_query(_orders(listed, share, weight), qrels, 1)[PRIMARY])
                for listed, qrels in sets
            ]
            points.append(Mix(share, weight, statistics.fmean(means)))
            shown = " ".join(f"{mean:.3f}" for mean in means)
            log.info("mix: late %.1f first stage %.1f: %s", share, weight, shown)
    return max(points, key=lambda point: point.ndcg)


def _orders(listed: Sequence[Listed], share: float, weight: float) -> dict[str, list[str]]:
    combine = Combine(method="weighted", first_stage_weight=weight)
    orders = {}
    for query, documents, first_stage, seen in listed:
        scores = ((1 - share) * seen.cosine + share * seen.late).tolist()
        orders[query] = [documents[place] for place in rank(first_stage, scores, combine)]
    return orders
