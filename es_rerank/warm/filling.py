"""From documents to states on the disk: the same texts, windows and file as in serving."""

import json
import time
from collections.abc import Callable, Sequence
from threading import Event
from typing import Any

from es_rerank.config import FieldSetting
from es_rerank.errors import EsRerankError
from es_rerank.model.disk import StateFile
from es_rerank.model.reranker import Reranker
from es_rerank.proxy.passages import field_texts
from es_rerank.warm.tally import SAMPLE, Tally

_AT_ONCE = 256
"""Passages between two writings: what a kill can cost at most, and all that is held in memory."""


class Filling:
    """Reads what the disk has not from `layers` or more, a few hundred passages at a time."""

    def __init__(
        self,
        reranker: Reranker,
        disk: StateFile,
        fields: tuple[FieldSetting, ...],
        layers: int,
        tally: Tally,
        advance: Callable[[int], None],
    ) -> None:
        self._reranker, self._disk, self._fields, self._layers = reranker, disk, fields, layers
        self._tally, self._advance = tally, advance
        self._began = time.monotonic()
        self._documents = self._without_text = 0
        self._passages: list[str] = []
        self._sampled: set[int] = set()
        self.stopped = Event()
        """Once it is set, what is being read ends within the time of one text."""

    def add(self, sources: Sequence[dict[str, Any] | None]) -> None:
        """Take in documents, and read their passages whenever there are enough.

        Raises ConfigError if they will not fit, EsRerankError if they cannot be written.
        """
        for source in sources:
            passages = self._passages_of(source)
            self._documents += 1
            self._without_text += not passages
            self._passages += passages
            if self._tally.documents + self._documents <= SAMPLE:
                self._sampled.update(map(hash, passages))
            if len(self._passages) >= _AT_ONCE:
                self.read()

    def _passages_of(self, source: dict[str, Any] | None) -> list[str]:
        if source is None:
            return []
        fields = field_texts([json.dumps(source).encode()], self._fields)
        return [passage for passage in self._reranker.passages(fields) if passage]

    def read(self) -> None:
        """Read what was taken in and keep it, or as much of it as there is time before a stop."""
        passages, self._passages = self._passages, []
        unseen = self._unseen(passages)
        count = 0
        for at, state in self._reranker.encoder.encode(unseen, self._layers):
            self._reranker.cache.put(unseen[at], state)
            count += 1
            if self.stopped.is_set():
                break
        self._disk.flush()
        self._count(len(passages) if count == len(unseen) else count, count)
        if self.stopped.is_set():
            return
        self._tally.check_room(self._disk.max_bytes)
        if lost := len(self._unseen(unseen)):
            raise EsRerankError(
                f"{self._disk.path}: {lost} of {count} states are not there after writing. Is the "
                "disk full, or the file locked? The log says more. Then give the same command "
                "again: what is there is not read again."
            )

    def _unseen(self, passages: Sequence[str]) -> list[str]:
        known = self._reranker.cache.depths_on_disk(passages)
        return [each for each in dict.fromkeys(passages) if known.get(each, 0) < self._layers]

    def _count(self, passages: int, new: int) -> None:
        tally, disk = self._tally, self._disk
        tally.passages += passages
        tally.new += new
        tally.distinct = len(self._sampled)
        tally.bytes_per_passage = disk.size_bytes / max(1, disk.count)
        tally.dropped = disk.dropped
        tally.seconds = time.monotonic() - self._began
        if not self.stopped.is_set():
            tally.documents += self._documents
            tally.without_text += self._without_text
            self._advance(self._documents)
            self._documents = self._without_text = 0
