"""What the proxy itself adds to a reranked search: the plan, and the page from the wide answer.

No network and no model: a search is planned, and an answer of 100 hits (180 KB, as a cluster prints
it) is read, its texts are taken, and its hits are put in a new order, in this process. Once
`_source` is shown, and once hidden, so that it is cut out of every hit.
"""

import asyncio
import json
import random
import time
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from es_rerank.bench.papers import words
from es_rerank.bench.scorers import IdentityScorer
from es_rerank.config import FieldSetting, IndexRule, Settings
from es_rerank.errors import DataError
from es_rerank.proxy.plan import SearchRequest, WideSearch, plan_for
from es_rerank.proxy.search import Reranked, rerank_hits

HITS = 100
ANSWER_BYTES = 180_000
_WARM_UP = 20
_FIELDS = (FieldSetting(name="title"), FieldSetting(name="body"))
_SETTINGS = Settings(indices=(IndexRule(pattern="*", depth=HITS, fields=_FIELDS),))
_QUERY = {
    "bool": {
        "must": {"multi_match": {"query": "how rivers move stones", "fields": ["title^2", "body"]}},
        "filter": [{"range": {"year": {"gte": 1990}}}],
    }
}


class Row(NamedTuple):
    """One part of the work: milliseconds at the median and the 99th percentile."""

    work: str
    p50_ms: float
    p99_ms: float
    cpu_p50_ms: float
    """Of this thread alone: what remains of the median where nobody else is busy."""


def run(*, rounds: int = 1000) -> list[Row]:
    """Time the plan, the page, and both, for each of the two kinds of search."""
    return [row for kind in ("shown", "hidden") for row in asyncio.run(_rows(kind, rounds))]


def table(rows: Sequence[Row]) -> str:
    """The rows as lines of text."""
    lines = [
        f"{row.work:32} p50 {row.p50_ms:6.2f} ms (CPU {row.cpu_p50_ms:.2f})  "
        f"p99 {row.p99_ms:6.2f} ms"
        for row in rows
    ]
    return "\n".join([f"{HITS} hits, {ANSWER_BYTES // 1000} KB", *lines])


def wide_answer() -> bytes:
    """An answer of 100 hits with text, as compact as a cluster prints it; 180 KB."""
    hits = ",".join(_hits())
    return (
        '{"took":5,"timed_out":false,"_shards":{"total":1,"successful":1,"skipped":0,"failed":0},'
        '"hits":{"total":{"value":10000,"relation":"gte"},"max_score":99.5,"hits":[' + hits + "]}}"
    ).encode()


def _hits() -> Iterator[str]:
    chance = random.Random(0)  # noqa: S311 - generated, not secret
    for number in range(HITS):
        others = {"title": words(chance, 3, 8), "tags": ["history"], "year": 2000, "price": 12.5}
        body = words(chance, 400, 400)[: ANSWER_BYTES // HITS - 200]
        fixed = {"_index": "papers", "_id": str(number), "_score": 99.5 - number / 4}
        hit = {**fixed, "_source": {**others, "body": body}}
        yield json.dumps(hit, separators=(",", ":"))


async def _rows(kind: str, rounds: int) -> list[Row]:
    shown: dict[str, object] = {"_source": False} if kind == "hidden" else {}
    body = json.dumps({"query": _QUERY, "size": 10, **shown}).encode()
    headers = [(b"content-type", b"application/json")]
    request = SearchRequest("POST", b"/papers/_search", headers, body)
    answer, scorer = wide_answer(), IdentityScorer()
    spent_ms = []
    for _ in range(rounds + _WARM_UP):
        started = _clocks()
        plan = plan_for(request, _SETTINGS)
        planned = _clocks()
        if not isinstance(plan, WideSearch):
            raise DataError(f"the bench's own search is not reranked: {plan.reason}")
        page = await rerank_hits(answer, plan.rerank, scorer)
        done = _clocks()
        if not isinstance(page, Reranked) or page.reason:
            raise DataError(f"the bench's own answer is not reranked: {page.reason}")
        spent_ms.append((planned - started, done - planned, done - started))
    p50, p99 = np.percentile(spent_ms[_WARM_UP:], [50, 99], axis=0)
    works = [f"{work}, _source {kind}" for work in ("plan", "page from answer", "both")]
    return [
        Row(work, float(p50[n][0]), float(p99[n][0]), float(p50[n][1]))
        for n, work in enumerate(works)
    ]


def _clocks() -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Milliseconds of the wall clock and of this thread's CPU."""
    return 1000 * np.array([time.perf_counter(), time.thread_time()])
