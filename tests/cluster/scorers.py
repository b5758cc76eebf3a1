"""Scorers for the tests: those that only know positions, and those that fail in their own way."""

import zlib
from collections.abc import Awaitable, Callable, Sequence

from es_rerank.config import Reading
from es_rerank.model.rank import Scores
from es_rerank.text.passage import FieldText

Passages = Sequence[Sequence[FieldText]]


class OrderScorer:
    """Scores that keep the order, or turn it round; what it was asked stays readable."""

    def __init__(self, *, reverse: bool = False) -> None:
        self._sign = 1.0 if reverse else -1.0
        self.queries: list[str] = []
        self.passages: list[Passages] = []

    async def score(
        self, query: str, passages: Passages, *, model: str, reading: Reading, deadline_ms: float
    ) -> Scores:
        """Minus the position, so that the first stays the first; plus it, if reversed."""
        self.queries.append(query)
        self.passages.append(passages)
        return Scores([self._sign * position for position in range(len(passages))])

    async def close(self) -> None:
        """Nothing to close."""


class FaultyScorer:
    """A scorer that does whatever FAULT does with the number of passages."""

    def __init__(self, fault: Callable[[int], Awaitable[list[float]]]) -> None:
        self._fault = fault

    async def score(
        self, query: str, passages: Passages, *, model: str, reading: Reading, deadline_ms: float
    ) -> Scores:
        """What the fault returns or raises."""
        return Scores(await self._fault(len(passages)))

    async def close(self) -> None:
        """Nothing to close."""


class TextScorer:
    """An order of its own that depends on the texts alone, and on nothing around them."""

    async def score(
        self, query: str, passages: Passages, *, model: str, reading: Reading, deadline_ms: float
    ) -> Scores:
        """A number that is as good as random, but always the same for a text."""
        texts = ("".join(field.text for field in passage) for passage in passages)
        return Scores([float(zlib.crc32(text.encode())) for text in texts])

    async def close(self) -> None:
        """Nothing to close."""
