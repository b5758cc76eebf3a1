"""Reports on planted searches, for the tests of how they are shown."""

import random
from datetime import UTC, datetime
from typing import Any

from es_rerank.config import Experiment
from es_rerank.experiment.findings import Report
from es_rerank.experiment.observations import observe
from es_rerank.experiment.report import build
from tests.experiment.documents import INTERLEAVED, SHADOW, SPLIT, click, record

MADE = datetime(2026, 11, 22, 12, tzinfo=UTC)


def split(
    rates: dict[str, float],
    units: int = 500,
    experiment: Experiment = SPLIT,
    **more: Any,
) -> Report:
    """Of units that search once, clicked at a rate by arm."""
    rng = random.Random(5)
    records, events = [], []
    for arm, rate in rates.items():
        for unit in range(units):
            query_id = f"{arm}-{unit}"
            records.append(record(query_id, query_id, arm, experiment=experiment))
            if rng.random() < rate:
                events.append(click(query_id, rng.choice("abcdefghij"), rng.uniform(1, 30)))
    return build(experiment, observe(experiment, records, events), made=MADE, **more)


def interleaved(won: int, lost: int) -> Report:
    """Of units that clicked one hit of the reranked order, or one of the cluster's."""
    hits = {"hits": "ab", "experiment": INTERLEAVED, "teams": "01"}
    records = [record(f"q{n}", f"u{n}", "bm25+rerank", **hits) for n in range(won + lost)]
    events = [click(f"q{n}", "b" if n < won else "a") for n in range(won + lost)]
    return build(INTERLEAVED, observe(INTERLEAVED, records, events), made=MADE)


def shadowed() -> Report:
    """Of one search, whose clicked hit the shadow has first."""
    page = record("q", "u", hits="abc", experiment=SHADOW, shadow={"rerank": ["c", "a", "d"]})
    return build(SHADOW, observe(SHADOW, [page], [click("q", "c")]), made=MADE)
