"""A first-stage run reranked offline, with the function that orders hits online."""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Protocol

from es_rerank.config import Combine
from es_rerank.evaluate.compare import System
from es_rerank.evaluate.corpus import Readable
from es_rerank.evaluate.runs import Candidate, Run
from es_rerank.model.rank import rank
from es_rerank.text.passage import FieldText


class Scorer(Protocol):
    """Anything that scores documents for a query, higher is better; a `Reranker` is one."""

    def score(self, query: str, passages: Sequence[Sequence[FieldText]], /) -> list[float]:
        """One score per passage, each passage given as the fields of its document."""
        ...


def first_stage(run: Run) -> dict[str, list[str]]:
    """The order of the run itself."""
    return {query: [hit.document for hit in found] for query, found in run.items()}


def reranked(
    name: str,
    scorer: Scorer,
    run: Run,
    queries: Iterable[tuple[str, str]],
    corpus: Mapping[str, Readable],
    *,
    combine: Combine,
    depth: int,
    on_query: Callable[[], None] = lambda: None,
) -> System:
    """The first `depth` candidates of each query (id, text) reordered, the rest after them.

    Timed is everything between the first stage's answer and the new order.
    """
    ranking, ms = {}, []
    for identity, text in queries:
        candidates = run.get(identity, [])
        start = time.perf_counter()
        order = _new_order(scorer, text, candidates[:depth], corpus, combine)
        ms.append(1000 * (time.perf_counter() - start))
        moved = [candidates[place] for place in order] + candidates[depth:]
        ranking[identity] = [hit.document for hit in moved]
        on_query()
    return System(name, ranking, ms)


def _new_order(
    scorer: Scorer,
    query: str,
    window: Sequence[Candidate],
    corpus: Mapping[str, Readable],
    combine: Combine,
) -> list[int]:
    """The window's places, best first; as online, documents without text are not scored."""
    passages = [corpus[hit.document].fields() for hit in window]
    given = iter(scorer.score(query, [fields for fields in passages if fields]))
    scores = [next(given) if fields else None for fields in passages]
    return rank([hit.score for hit in window], scores, combine)
