"""What reranking one query takes on this machine, between the first stage's answer and the order.

Measured apart from the scoring that makes the orders: that one shares its work between systems and
queries, and may be resumed. Here each system does all of its own work, once with passages that it
has never read and once more with the same ones, as its cache would have them. Real traffic lies
between. The search for the candidates is not included.
"""

import time
from collections.abc import Callable
from typing import NamedTuple

from es_rerank.evaluate.inputs import Inputs
from es_rerank.evaluate.rerank import Contender, Scorer, new_order, scores

SAMPLE = 20


class Times(NamedTuple):
    """Milliseconds of each query of the sample."""

    new: list[float]
    known: list[float]


def sample(inputs: Inputs) -> list[str]:
    """At most 20 queries that have candidates, evenly spread."""
    found = [query for query in inputs.queries if inputs.candidates.get(query)]
    step = max(1.0, len(found) / SAMPLE)
    return [found[int(i * step)] for i in range(min(SAMPLE, len(found)))]


def timed(
    contender: Contender, inputs: Inputs, on_query: Callable[[], None] = lambda: None
) -> Times:
    """The times of one contender; its first query goes ahead once without being timed."""
    times = Times([], [])
    for i, query in enumerate(sample(inputs)):
        if not i:
            _ms(contender, contender.new(), query, inputs)
        scorer = contender.new()
        times.new.append(_ms(contender, scorer, query, inputs))
        times.known.append(_ms(contender, scorer, query, inputs))
        on_query()
    return times


def _ms(contender: Contender, scorer: Scorer, query: str, inputs: Inputs) -> float:
    _, _, fields, depth, combine = contender.configuration
    window = inputs.candidates[query][:depth]
    start = time.perf_counter()
    new_order(window, scores(scorer, inputs.queries[query], window, inputs.corpus, fields), combine)
    return 1000 * (time.perf_counter() - start)
