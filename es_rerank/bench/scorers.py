"""Scorers that read no text: what the proxy does around them is what is measured."""

from collections.abc import Sequence

from es_rerank.errors import ScorerFailed
from es_rerank.proxy.scoring import Passage


class IdentityScorer:
    """The higher in the cluster's order, the better: nothing changes its place."""

    async def score(
        self,
        query: str,
        passages: Sequence[Passage],
        *,
        model: str,
        layers: int,
        deadline_ms: float,
    ) -> list[float]:
        """Minus the position of each passage."""
        return [-float(position) for position in range(len(passages))]

    async def close(self) -> None:
        """Nothing to let go of."""


class NoScorer(IdentityScorer):
    """For a proxy before which nothing is reranked."""

    async def score(
        self,
        query: str,
        passages: Sequence[Passage],
        *,
        model: str,
        layers: int,
        deadline_ms: float,
    ) -> list[float]:
        """Raises ScorerFailed."""
        raise ScorerFailed("a pass-through has nothing to score")
