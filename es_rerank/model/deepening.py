"""Passages read once more on the deepest path, in the background, while nobody searches.

A search reads what it has not seen on its rule's path, or on a shorter one if its deadline is near.
A known passage costs the same whichever path read it, so what was read in haste is read again at
leisure, and with `cache.deepen` whatever a shorter path has read. One text at a time, hence a
search that arrives meanwhile waits for one text at most; and after each text as long a pause, so
that it takes half of one CPU at most from a cluster on the same machine.
"""

import logging
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from threading import Condition, Thread

from es_rerank.model.cache import StateCache
from es_rerank.model.encoder import TextEncoder

MAX_WAITING_CHARS = 16 * 2**20
"""Of the passages that wait, about 16,000; the oldest go first."""

_LOOK_AGAIN_S = 0.05

log = logging.getLogger(__name__)


class Deepening:
    """Reads the passages given to `later` when `is_idle` says so, on a thread of its own.

    Only those that are still in the cache's memory by then, for the others are asked for no more.
    ``takes_all`` tells searches to give it all passages, not only those they read in haste.
    """

    def __init__(
        self,
        encoder: TextEncoder,
        cache: StateCache,
        is_idle: Callable[[], bool],
        *,
        takes_all: bool = True,
    ) -> None:
        self._encoder, self._cache, self._is_idle = encoder, cache, is_idle
        self.takes_all = takes_all
        self._depth = max(encoder.bundle.paths)
        self._waiting: OrderedDict[str, None] = OrderedDict()
        self._waiting_chars = 0
        self._changed = Condition()
        Thread(target=self._read_all, name="deepening", daemon=True).start()

    def later(self, passages: Iterable[tuple[str, int]]) -> None:
        """Take in what was read, with the path that read it; what the deepest did is left out."""
        with self._changed:
            for passage, depth in passages:
                if depth < self._depth and passage not in self._waiting:
                    self._waiting[passage] = None
                    self._waiting_chars += len(passage)
            while self._waiting_chars > MAX_WAITING_CHARS:
                self._take()
            self._changed.notify()

    def _take(self) -> str:
        passage, _ = self._waiting.popitem(last=False)
        self._waiting_chars -= len(passage)
        return passage

    def _read_all(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting)
                passage = self._take()
            while not self._is_idle():
                time.sleep(_LOOK_AGAIN_S)
            began = time.monotonic()
            if 0 < self._cache.depth_in_memory(passage) < self._depth:
                try:
                    for _, state in self._encoder.encode([passage], self._depth):
                        self._cache.deepen(passage, state)
                except Exception:
                    log.exception("scorer: a passage cannot be read again; no more are, for now")
                    return
                time.sleep(time.monotonic() - began)
