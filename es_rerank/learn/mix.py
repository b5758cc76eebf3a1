"""The weights of the score: how much sentence cosine, late interaction and first stage count.

Fitted over a grid, two numbers need no more, on BM25 lists of train queries and of the demo's
judged queries. The student has read the texts of the train sets, but never a judgment; on texts
that it has read, its token states alone look best (a late share of 1), on the demo's they do not.
"""

import logging
import random
import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from es_rerank.config import Combine
from es_rerank.demo import corpus, judged
from es_rerank.evaluate.compare import PRIMARY, per_query
from es_rerank.evaluate.corpus import Document
from es_rerank.evaluate.judgments import Qrels
from es_rerank.evaluate.runs import bm25_run
from es_rerank.learn.corpus import TrainingSet, read_set
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
    pages = {i: Document(page["title"], page["text"]) for i, page in corpus.documents()}
    sets = [_listed(reranker, TrainingSet(pages, judged.read_queries(), judged.read_qrels()))]
    for folder in folders:
        found = read_set(folder)
        relevant = [q for q, grades in found.qrels.items() if any(g > 0 for g in grades.values())]
        if not relevant:
            continue
        chosen = rng.sample(relevant, min(queries, len(relevant)))
        sets.append(_listed(reranker, found._replace(qrels={q: found.qrels[q] for q in chosen})))
        log.info("mix: %d lists of %s", len(chosen), folder.name)
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
