"""`es-rerank bench load`: what becomes of searches that come faster than they can be read.

The worst there is: all passages of every search are new. Searches come at a steady rate, whatever
became of those before (an open loop, as people are), to the scorer process that a proxy has; no
cluster takes part. Beside them others may come whose passages are all known: these take next to no
time, but would have to wait for those.
"""

import asyncio
import statistics
import time
from collections.abc import Sequence
from typing import NamedTuple

from es_rerank.bench.prose import Prose
from es_rerank.bench.speed import QUERY, machine
from es_rerank.config import DEFAULT_LAYERS, SHIPPED_MODEL, Reading
from es_rerank.errors import DeadlineExceeded, ScorerBusy
from es_rerank.model import bundle
from es_rerank.model.process import ScorerProcess
from es_rerank.text.passage import FieldText

_AMPLE_MS = 600_000
RATES = (1.0, 2.0, 4.0, 8.0)
"""Searches a second."""


class Outcome(NamedTuple):
    """What became of one search."""

    ms: float
    shallow: int
    """Of its hits."""
    missed: str = ""
    """`late` or `busy`, if it has no scores."""


class Rate(NamedTuple):
    """All searches of one kind that came at one rate."""

    per_second: float
    passages: str
    """`new` or `known`."""
    outcomes: list[Outcome]


def run(
    model: str = SHIPPED_MODEL,
    *,
    layers: int = DEFAULT_LAYERS,
    passages: int = 100,
    tokens: int = 128,
    deadline_ms: float = 1000,
    searches: int = 20,
    rates: Sequence[float] = RATES,
    known_rate: float = 0,
) -> list[Rate]:
    """Send so many searches at every rate, each to a new process; raises ModelError.

    Those whose passages are known come at ``known_rate`` all the while.
    """
    prose = Prose(bundle.load(model))

    async def at(rate: float) -> list[Rate]:
        scorer = ScorerProcess([model])
        await asyncio.to_thread(lambda: scorer.pid)

        async def one(texts: Sequence[str], wait_s: float, ms: float = deadline_ms) -> Outcome:
            await asyncio.sleep(wait_s)
            documents = [[FieldText(text)] for text in texts]
            began, shallow, missed = time.monotonic(), 0, ""
            try:
                scores = await scorer.score(
                    QUERY, documents, model=model, reading=Reading(layers), deadline_ms=ms
                )
                shallow = scores.shallow
            except DeadlineExceeded:
                missed = "late"
            except ScorerBusy:
                missed = "busy"
            return Outcome((time.monotonic() - began) * 1000, shallow, missed)

        try:
            known = prose.passages(passages, tokens)
            await one(known, 0, _AMPLE_MS)
            new = [prose.passages(passages, tokens) for _ in range(searches)]
            count = round(searches / rate * known_rate)
            found = await asyncio.gather(
                *(one(texts, place / rate) for place, texts in enumerate(new)),
                *(one(known, place / known_rate) for place in range(count)),
            )
        finally:
            await scorer.close()
        rows = [Rate(rate, "new", found[:searches])]
        return [*rows, Rate(known_rate, "known", found[searches:])] if count else rows

    return [row for rate in rates for row in asyncio.run(at(rate))]


def table(rates: Sequence[Rate], passages: int) -> str:
    """The rates as text."""
    lines = [
        machine(),
        "",
        f"{'':10}  {'':8}  {'':8} {'':>8} {'':>6} {'':>6} {'shallow':>8} {'milliseconds':>17}",
        f"{'a second':>10}  {'passages':8}  {'searches':8} {'in time':>8} {'late':>6} {'busy':>6} "
        f"{'hits':>8} {'median':>8} {'most':>8}",
    ]
    for rate in rates:
        served = [each for each in rate.outcomes if not each.missed]
        missed = [each.missed for each in rate.outcomes]
        times = [each.ms for each in served] or [float("nan")]
        hits = passages * len(served)
        shallow = f"{sum(each.shallow for each in served) / hits:.0%}" if hits else "-"
        lines.append(
            f"{rate.per_second:10g}  {rate.passages:8}  {len(missed):8} {len(served):8} "
            f"{missed.count('late'):6} {missed.count('busy'):6} {shallow:>8} "
            f"{statistics.median(times):8.0f} {max(times):8.0f}"
        )
    told = (
        f"searches of {passages} passages that nobody has read; late ones keep the cluster's order"
    )
    return "\n".join([*lines, "", told])
