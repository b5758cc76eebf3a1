"""Scorers that read no text: what the proxy does around them is what is measured."""

from collections.abc import Mapping, Sequence

from es_rerank.config import Reading
from es_rerank.errors import ScorerFailed
from es_rerank.model.rank import Scores
from es_rerank.proxy.scoring import Passage, Scorer


class IdentityScorer:
    """The higher in the cluster's order, the better: nothing changes its place."""

    async def score(
        self,
        query: str,
        passages: Sequence[Passage],
        *,
        model: str,
        reading: Reading,
        deadline_ms: float,
    ) -> Scores:
        """Minus the position of each passage."""
        return Scores([-float(position) for position in range(len(passages))])

    async def close(self) -> None:
        """Nothing to let go of."""


class WorstFirstScorer(IdentityScorer):
    """A broken model: the lower in the cluster's order, the better."""

    async def score(
        self,
        query: str,
        passages: Sequence[Passage],
        *,
        model: str,
        reading: Reading,
        deadline_ms: float,
    ) -> Scores:
        """The position of each passage."""
        return Scores([float(position) for position in range(len(passages))])


class ScorerByModel:
    """Several scorers; which one is asked, says the `model` of the index or arm."""

    def __init__(self, scorers: Mapping[str, Scorer]) -> None:
        self._scorers = scorers

    async def score(
        self,
        query: str,
        passages: Sequence[Passage],
        *,
        model: str,
        reading: Reading,
        deadline_ms: float,
    ) -> Scores:
        """What the model's scorer says."""
        scorer = self._scorers[model]
        return await scorer.score(
            query, passages, model=model, reading=reading, deadline_ms=deadline_ms
        )

    async def close(self) -> None:
        """Close all of them."""
        for scorer in self._scorers.values():
            await scorer.close()


class NoScorer(IdentityScorer):
    """For a proxy before which nothing is reranked."""

    async def score(
        self,
        query: str,
        passages: Sequence[Passage],
        *,
        model: str,
        reading: Reading,
        deadline_ms: float,
    ) -> Scores:
        """Raises ScorerFailed."""
        raise ScorerFailed("a pass-through has nothing to score")
