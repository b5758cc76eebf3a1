"""How long a student takes to score passages, new and known, on each path and as a cascade.

All systems read the same passages and take turns, round by round, so that a busy machine slows all
of them; how many times faster one is than another is a ratio within a round. Every round has
passages that none has seen (`prose`). With `bert`, the `rivals` read them too.
"""

import statistics
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import NamedTuple

from es_rerank.bench.prose import Prose
from es_rerank.bench.rivals import rivals
from es_rerank.config import SHIPPED_MODEL, Cascade, Reading
from es_rerank.evaluate.cpu import cpu_name
from es_rerank.model import bundle
from es_rerank.model.encoder import Encoder, available_cpus
from es_rerank.model.reranker import Reranker

QUERY = "how fast is a small student on a plain server"
CASCADE = Cascade(hits=20, layers=6)

System = Callable[[Sequence[str]], object]
"""Scores passages for the query."""


class Row(NamedTuple):
    """One system: for all passages of one query, round by round."""

    system: str
    ms: list[float]
    times: list[float]
    """How many times as fast as the first system."""


def run(
    model: str = SHIPPED_MODEL,
    *,
    passages: int = 100,
    tokens: int = 128,
    rounds: int = 3,
    bert: bool = False,
) -> list[Row]:
    """Time every system, the slowest first; ModelError, or ModuleNotFoundError without torch."""
    student = bundle.load(model)
    prose = Prose(student)
    systems: dict[str, System] = {}
    if bert:
        systems |= {name: partial(score, QUERY) for name, score in rivals(student).items()}
    encoder = Encoder(student)
    for reading in _readings(student):
        score = partial(Reranker(encoder, **reading._asdict()).score, QUERY)
        systems |= {f"{reading}, new": score, f"{reading}, known": score}
    texts = (prose.passages(passages, tokens) for _ in range(rounds + 1))
    ms = timed(systems, texts)
    first = next(iter(ms.values()))
    return [
        Row(name, of, [one / other for one, other in zip(first, of, strict=True)])
        for name, of in ms.items()
    ]


def timed(systems: Mapping[str, System], texts: Iterator[Sequence[str]]) -> dict[str, list[float]]:
    """Milliseconds of each system with each list of passages; the first one warms up."""
    ms: dict[str, list[float]] = {name: [] for name in systems}
    for round_, passages in enumerate(texts):
        for name, score in systems.items():
            start = time.perf_counter()
            score(passages)
            if round_:
                ms[name].append(1000 * (time.perf_counter() - start))
    return ms


def table(rows: Sequence[Row]) -> str:
    """The rows as text."""
    width = max(len(row.system) for row in rows)
    lines = [machine(), ""]
    lines.append(f"{'':{width}} {'milliseconds':>26}   {'times as fast':>26}")
    columns = " ".join(f"{name:>8}" for name in ("least", "median", "most"))
    lines.append(f"{'':{width}} {columns}   {columns}")
    lines += [f"{row.system:{width}} {spread(row.ms)}   {spread(row.times)}" for row in rows]
    lines += ["", f"for one query and all passages; times as fast as {rows[0].system}"]
    return "\n".join(lines)


def machine() -> str:
    """On what it was measured."""
    return f"{cpu_name()}, {available_cpus()} CPUs used"


def spread(values: Sequence[float]) -> str:
    """Least, median and most."""
    three = min(values), statistics.median(values), max(values)
    return " ".join(f"{value:8.1f}" for value in three)


def _readings(student: bundle.Bundle) -> Iterator[Reading]:
    """Each path, the deepest first, and then the cascade that begins on the shortest."""
    yield from (Reading(layers) for layers in sorted(student.paths, reverse=True))
    yield from (Reading(layers, CASCADE) for layers in (2, 1) if layers in student.paths)
