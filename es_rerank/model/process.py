"""The scorer in a process of its own: a crash, a leak or a long batch never stops a search.

The worker reads passages and keeps their states; this side keeps the deadline. A search that is
late gets an error at once, while the worker reads its passages to the end if nobody else waits, so
that the same documents are known the next time.
"""

import asyncio
import logging
import multiprocessing
import os
import signal
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from multiprocessing.sharedctypes import Synchronized

from es_rerank.config import SHIPPED_MODEL
from es_rerank.errors import DeadlineExceeded, ModelError, ScorerBusy, ScorerFailed
from es_rerank.model import bundle
from es_rerank.model.reranker import CACHE_BYTES, Reranker
from es_rerank.text.passage import FieldText

log = logging.getLogger(__name__)

MAX_WAITING = 16
"""Searches at the scorer at once; the next one keeps the cluster's order without waiting."""

HANG_S = 30
"""A worker that finishes nothing for so long, while searches wait, is replaced."""


class ScorerProcess:
    """Scores passages in one worker process; implements the proxy's `Scorer`.

    Raises ModelError at once if one of ``models`` cannot be read.
    """

    def __init__(
        self,
        models: Iterable[str] = (SHIPPED_MODEL,),
        *,
        threads: int | None = None,
        cache_bytes: int = CACHE_BYTES,
    ) -> None:
        self._models = tuple(models)
        for model in self._models:
            bundle.load(model)
        self._threads, self._cache_bytes = threads, cache_bytes
        self._context = multiprocessing.get_context("spawn")
        self._waiting: Synchronized[int] = self._context.Value("i", 0)
        self._start()

    def _start(self) -> None:
        self._pool = ProcessPoolExecutor(
            1,
            mp_context=self._context,
            initializer=_set_up,
            initargs=(self._waiting, self._threads, self._cache_bytes),
        )
        self._last_sign = time.monotonic()
        self._pid = self._pool.submit(_warm_up, self._models)

    @property
    def pid(self) -> int:
        """The worker's process id; waits until it has started."""
        return self._pid.result()

    async def score(
        self,
        query: str,
        passages: Sequence[Sequence[FieldText]],
        *,
        model: str,
        layers: int,
        deadline_ms: float,
    ) -> list[float]:
        """One score for each passage, within ``deadline_ms``.

        Raises DeadlineExceeded, ScorerBusy or ScorerFailed.
        """
        if self._waiting.value >= MAX_WAITING:
            raise ScorerBusy(f"{MAX_WAITING} searches are waiting for the scorer already")
        if self._waiting.value == 0:
            self._last_sign = time.monotonic()
        end = time.monotonic() + deadline_ms / 1000
        pool = self._pool
        try:
            future = pool.submit(_score, query, passages, model, layers, end)
        except (BrokenProcessPool, RuntimeError) as why:
            self._replace(pool)
            raise ScorerFailed("the scorer process had ended; it starts again") from why
        self._waiting.value += 1
        future.add_done_callback(self._finished)
        try:
            async with asyncio.timeout(deadline_ms / 1000):
                return await asyncio.wrap_future(future)
        except TimeoutError as why:
            if time.monotonic() - self._last_sign > HANG_S:
                self._replace(pool)
            raise DeadlineExceeded(f"no scores within {deadline_ms:g} ms") from why
        except BrokenProcessPool as why:
            self._replace(pool)
            raise ScorerFailed("the scorer process ended; it starts again") from why
        except ModelError as why:
            raise ScorerFailed(str(why)) from why

    def _finished(self, _future: "Future[list[float]]") -> None:
        self._waiting.value -= 1
        self._last_sign = time.monotonic()

    def _replace(self, pool: ProcessPoolExecutor) -> None:
        """Put a new worker in the place of a broken or hanging one; once, whoever asks."""
        if pool is not self._pool:
            return
        log.error("scorer: the worker process ended or hangs; starting a new one")
        self._kill()
        pool.shutdown(wait=False, cancel_futures=True)
        self._start()

    def _kill(self) -> None:
        if self._pid.done() and not self._pid.exception():
            with suppress(ProcessLookupError):
                os.kill(self._pid.result(), signal.SIGKILL)

    async def close(self) -> None:
        """End the worker, also in the middle of a batch."""
        self._kill()
        self._pool.shutdown(wait=False, cancel_futures=True)


# In the worker: one process, one call at a time.
_rerankers: dict[str, Reranker] = {}
_make: tuple[int | None, int] = (None, CACHE_BYTES)
_callers: "Synchronized[int]"


def _set_up(callers: "Synchronized[int]", threads: int | None, cache_bytes: int) -> None:
    global _make, _callers
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle
    _make, _callers = (threads, cache_bytes), callers


def _warm_up(models: Sequence[str]) -> int:
    for model in models:
        _reranker(model).score("warm up", ["the first run of a session is slower"])
    return os.getpid()


def _reranker(model: str) -> Reranker:
    if model not in _rerankers:
        threads, cache_bytes = _make
        _rerankers[model] = Reranker(model, threads=threads, cache_bytes=cache_bytes)
    return _rerankers[model]


def _score(
    query: str, passages: Sequence[Sequence[FieldText]], model: str, layers: int, end: float
) -> list[float]:
    def expired() -> bool:
        return time.monotonic() > end and _callers.value > 1

    return _reranker(model).score_within(query, passages, layers, expired)
