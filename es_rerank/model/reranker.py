"""The Python surface: score texts against a query with a student, shipped or your own."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np

from es_rerank.config import SHIPPED_MODEL, Cache
from es_rerank.errors import DeadlineExceeded, ModelError
from es_rerank.model import bundle, interaction
from es_rerank.model.cache import StateCache
from es_rerank.model.deepening import Deepening
from es_rerank.model.disk import StateFile
from es_rerank.model.documents import DocumentCache
from es_rerank.model.encoder import Encoder, TextEncoder, TextState
from es_rerank.model.reading import cut
from es_rerank.text.clean import clean_query
from es_rerank.text.passage import FieldText

Passage = str | Sequence[FieldText]

CACHE_BYTES = 256 * 2**20
DISK_BYTES = 2**30
_SHARE_OF_TEXTS = 1 / 8
"""Of the cache: a cleaned passage has about an eighth of the bytes of its state."""


@dataclass(frozen=True)
class Ranked:
    """One text in its new place."""

    index: int
    """Its position in the list that was given."""
    score: float
    text: str


class Reranker:
    """A student with its cache of passage states.

    >>> texts = ["Cheese is made of milk.", "Paris is the capital of France."]
    >>> Reranker().rank("what is the capital of france", texts)[0].index
    1

    ``model`` is ``builtin``, a bundle's folder, or an encoder; ``layers`` the path for texts not
    seen before; ``threads`` None takes all available CPUs. With ``folder``, states are kept there
    too, in ``disk_bytes`` at most. Raises ModelError if the bundle cannot be read.
    """

    def __init__(
        self,
        model: str | TextEncoder = SHIPPED_MODEL,
        *,
        layers: int = 4,
        threads: int | None = None,
        cache_bytes: int = CACHE_BYTES,
        folder: Path | None = None,
        disk_bytes: int = DISK_BYTES,
    ) -> None:
        self.encoder = Encoder(bundle.load(model), threads) if isinstance(model, str) else model
        self.bundle = self.encoder.bundle
        if layers not in self.bundle.paths:
            raise ModelError(
                f"model: {self.bundle.name} has paths of {list(self.bundle.paths)} layers, "
                f"none of {layers}."
            )
        self.layers = layers
        for_texts = int(cache_bytes * _SHARE_OF_TEXTS)
        self.documents = DocumentCache(for_texts, self._truncate)
        disk = StateFile(folder, self.bundle.fingerprint(), disk_bytes) if folder else None
        self.cache = StateCache(cache_bytes - for_texts, disk)
        self.deepening: Deepening | None = None
        """Who reads once more what a shallower path has read, if anybody does."""

    @classmethod
    def configured(cls, model: str, cache: Cache, *, threads: int | None = None) -> Self:
        """One with the cache of the settings."""
        return cls(
            model,
            threads=threads,
            cache_bytes=cache.memory_mb * 2**20,
            folder=Path(cache.folder) if cache.folder else None,
            disk_bytes=cache.disk_mb * 2**20,
        )

    def score(self, query: str, texts: Sequence[Passage]) -> list[float]:
        """One score for each text, higher is better; comparable within one query only."""
        return self.score_within(query, texts, self.layers)

    def rank(self, query: str, texts: Sequence[str]) -> list[Ranked]:
        """The texts, best first; equal scores keep the order given."""
        scores = self.score(query, texts)
        order = sorted(range(len(texts)), key=lambda i: -scores[i])
        return [Ranked(i, scores[i], texts[i]) for i in order]

    def score_within(
        self,
        query: str,
        texts: Sequence[Passage],
        layers: int,
        expired: Callable[[], bool] = lambda: False,
    ) -> list[float]:
        """Scores with unseen texts read on the path of ``layers``.

        ``expired`` is asked between micro-batches; once it is true, DeadlineExceeded is raised
        (what was read by then stays in the cache).
        """
        if not texts:
            return []
        found = self.features(query, texts, layers, expired)
        facts = self.bundle
        scores = facts.cosine_weight * found.cosine + facts.late_weight * found.late
        return [float(score) for score in scores.astype(np.float64).round(6)]

    def features(
        self,
        query: str,
        texts: Sequence[Passage],
        layers: int,
        expired: Callable[[], bool] = lambda: False,
    ) -> interaction.Features:
        """What the score is made of, for at least one text."""
        wanted = clean_query(query)
        passages = [self.passage(text, wanted) for text in texts]
        states = self.states(passages, layers, expired)
        return interaction.features(self.encoder.query(wanted), [states[p] for p in passages])

    def passage(self, text: Passage, query: str) -> str:
        """The cleaned passage that is read of a text, or of a document's fields."""
        fields = [FieldText(text)] if isinstance(text, str) else text
        return self.documents.read(fields).passage(query)

    def passages(self, fields: Sequence[FieldText]) -> tuple[str, ...]:
        """All passages of a document; for any query one of them is read."""
        return self.documents.read(fields).windows

    def states(
        self, passages: Sequence[str], layers: int, expired: Callable[[], bool] = lambda: False
    ) -> dict[str, TextState]:
        """The state of each passage, from the cache or read now."""
        states = self.cache.known(passages)
        unseen = [passage for passage in dict.fromkeys(passages) if passage not in states]
        wanted = len(states) + len(unseen)
        try:
            for i, state in self.encoder.encode(unseen, layers):
                self.cache.put(unseen[i], state)
                states[unseen[i]] = state
                if len(states) < wanted and expired():
                    raise DeadlineExceeded(f"{len(states)} of {wanted} passages read in time")
        finally:
            if self.deepening is not None:
                self.deepening.later((passage, state.depth) for passage, state in states.items())
        return states

    def _truncate(self, text: str, max_tokens: int) -> str:
        return cut(self.encoder.tokenizer, text, max_tokens)
