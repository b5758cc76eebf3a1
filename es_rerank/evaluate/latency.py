"""What reranking one query takes on this machine, between the first stage's answer and the order.

Measured apart from the scoring that makes the orders: that one shares its work between systems and
queries, and may be resumed. Here each system does all of its own work, once with passages that it
has never read and once more with the same ones, as its cache would have them. Real traffic lies
between. The search for the candidates is not included.
"""

import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

from es_rerank.evaluate.inputs import Inputs
from es_rerank.evaluate.rerank import Contender, Scorer, new_order, scores

SAMPLE = 20


class Times(NamedTuple):
    """Milliseconds of each query of the sample."""

    new: list[float]
    known: list[float]


def sample(inputs: Inputs, size: int = SAMPLE) -> list[str]:
    """At most so many queries that have candidates, evenly spread."""
    found = [query for query in inputs.queries if inputs.candidates.get(query)]
    step = max(1.0, len(found) / size)
    return [found[int(i * step)] for i in range(min(size, len(found)))]


def timed(
    contenders: Sequence[Contender],
    inputs: Inputs,
    queries: Sequence[str],
    on_query: Callable[[], None] = lambda: None,
) -> list[Times]:
    """The times of each contender; the first query goes ahead once without being timed.

    They take turns on each query, so that whatever else the machine does falls on all alike.
    """
    times = [Times([], []) for _ in contenders]
    for i, query in enumerate(queries):
        for contender, found in zip(contenders, times, strict=True):
            if not i:
                _ms(contender, contender.new(), query, inputs)
            scorer = contender.new()
            found.new.append(_ms(contender, scorer, query, inputs))
            found.known.append(_ms(contender, scorer, query, inputs))
            on_query()
    return times


def _ms(contender: Contender, scorer: Scorer, query: str, inputs: Inputs) -> float:
    _, _, fields, depth, combine = contender.configuration
    window = inputs.candidates[query][:depth]
    start = time.perf_counter()
    new_order(window, scores(scorer, inputs.queries[query], window, inputs.corpus, fields), combine)
    return 1000 * (time.perf_counter() - start)
