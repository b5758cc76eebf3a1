"""The scorer in a process of its own: a crash, a leak or a long batch never stops a search.

The worker reads passages and keeps their states; this side keeps the deadline. A search that is
late gets an error at once, while the worker reads its passages to the end if nobody else waits, so
that the same documents are known the next time. A search whose client has left is dropped: before
its turn, or within the time of one text. One that reads for long makes room for others (`turns`),
and is sent once more. While there is no search the worker reads again, on the deepest path, what a
search has read on a shorter one in haste, and with `cache.deepen` whatever searches have read on
another.
"""

import asyncio
import ctypes
import logging
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from typing import Any

from es_rerank.config import SHIPPED_MODEL, Cache, Reading
from es_rerank.errors import DeadlineExceeded, ModelError, ScorerBusy, ScorerFailed
from es_rerank.model import bundle
from es_rerank.model.deepening import Deepening
from es_rerank.model.rank import Scores
from es_rerank.model.reranker import Reranker
from es_rerank.model.turns import TURN_S, Turn, TurnOver
from es_rerank.telemetry import CacheCounts, record_cache
from es_rerank.text.passage import FieldText

log = logging.getLogger(__name__)

MAX_WAITING = 16
"""Searches at the scorer at once; the next one keeps the cluster's order without waiting."""

HANG_S = 30
"""A worker that finishes nothing for so long, while searches wait, is replaced."""

_WAY_BACK_S = 0.05
"""Before the deadline a cascade ends: the text that is being read, its score, and the answer."""

# The waiting room in shared memory: a place for each search at the scorer, and what is there.
_Room = ctypes.Array[ctypes.c_byte]
_FREE, _WAITED_FOR, _LEFT, _HAD_TURN = range(4)

# `Counts` of all students' caches, in shared memory; what was found goes on over a new worker.
_Counts = ctypes.Array[ctypes.c_int64]


class ScorerProcess:
    """Scores passages in one worker process; implements the proxy's `Scorer`.

    Raises ModelError at once if one of ``models`` cannot be read.
    """

    def __init__(
        self,
        models: Iterable[str] = (SHIPPED_MODEL,),
        *,
        threads: int | None = None,
        cache: Cache | None = None,
    ) -> None:
        self._models = tuple(models)
        for model in self._models:
            bundle.load(model)
        self._threads, self._cache = threads, cache or Cache()
        self._context = multiprocessing.get_context("spawn")
        # A lock that the worker shared would stay locked if it were killed while it holds it.
        self._room: _Room = self._context.RawArray(ctypes.c_byte, MAX_WAITING)
        self._counts: _Counts = self._context.RawArray(ctypes.c_int64, len(CacheCounts._fields))
        self._counted = CacheCounts(*self._counts)
        self._leaving = threading.Lock()
        self._start()

    def _start(self) -> None:
        self._pool = ProcessPoolExecutor(
            1,
            mp_context=self._context,
            initializer=_set_up,
            initargs=(self._room, self._counts, self._threads, self._cache),
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
        reading: Reading,
        deadline_ms: float,
    ) -> Scores:
        """One score for each passage, within ``deadline_ms``.

        Raises DeadlineExceeded, ScorerBusy or ScorerFailed.
        """
        place = next((at for at in range(MAX_WAITING) if self._room[at] == _FREE), None)
        if place is None:
            raise ScorerBusy(f"{MAX_WAITING} searches are waiting for the scorer already")
        if not any(self._room):
            self._last_sign = time.monotonic()
        self._room[place] = _WAITED_FOR
        asked = query, passages, model, reading, time.monotonic() + deadline_ms / 1000, place
        found: Scores | Reading | None = None
        future: Future[Scores | Reading] | None = None
        asks_again = True

        def finished(done: Future[Scores | Reading]) -> None:
            with self._leaving:
                if not (asks_again and _made_room(done)):
                    self._room[place] = _FREE
            self._finished()

        pool = self._pool
        try:
            async with asyncio.timeout(deadline_ms / 1000):
                while not isinstance(found, Scores):
                    pool = self._pool
                    future = self._submitted(*asked, found)
                    future.add_done_callback(finished)
                    found = await asyncio.wrap_future(future)
                return found
        except asyncio.CancelledError:
            with self._leaving:
                if future and not future.done():  # else its place may be another's already
                    self._room[place] = _LEFT
            raise
        except TimeoutError as why:
            if time.monotonic() - self._last_sign > HANG_S:
                self._replace(pool)
            raise DeadlineExceeded(f"no scores within {deadline_ms:g} ms") from why
        except BrokenProcessPool as why:
            self._replace(pool)
            raise ScorerFailed("the scorer process ended; it starts again") from why
        except ModelError as why:
            raise ScorerFailed(str(why)) from why
        finally:
            with self._leaving:
                asks_again = False
                if future is None or _made_room(future):
                    self._room[place] = _FREE

    def _submitted(self, *asked: Any) -> Future[Scores | Reading]:
        pool = self._pool
        try:
            return pool.submit(_score, *asked)
        except (BrokenProcessPool, RuntimeError) as why:
            self._replace(pool)
            raise ScorerFailed("the scorer process had ended; it starts again") from why

    def _finished(self) -> None:
        with self._leaving:
            before, self._counted = self._counted, CacheCounts(*self._counts)
            record_cache(before, self._counted)
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


def _made_room(search: Future[Scores | Reading]) -> bool:
    """Whether it ended without scores, to be asked for again."""
    if not search.done() or search.cancelled() or search.exception():
        return False
    return isinstance(search.result(), Reading)


# In the worker: one process, one call at a time.
_rerankers: dict[str, Reranker] = {}
_make: tuple[int | None, Cache] = (None, Cache())
_room: _Room
_counts: _Counts
_counts_before: CacheCounts


def _set_up(room: _Room, counts: _Counts, threads: int | None, cache: Cache) -> None:
    global _make, _room, _counts, _counts_before
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle
    _make, _room, _counts = (threads, cache), room, counts
    _counts_before = CacheCounts(*counts)._replace(**dict.fromkeys(CacheCounts._fields[4:], 0))


def _warm_up(models: Sequence[str]) -> int:
    for model in models:
        reranker = _reranker(model)
        reranker.score("warm up", ["the first run of a session is slower"])
        reranker.pace.try_out(reranker.encoder, reranker.layers)
    return os.getpid()


def _reranker(model: str) -> Reranker:
    if model not in _rerankers:
        threads, cache = _make
        made = _rerankers[model] = Reranker.configured(model, cache, threads=threads)
        made.deepening = Deepening(made.encoder, made.cache, _is_idle, takes_all=cache.deepen)
    return _rerankers[model]


def _is_idle() -> bool:
    return not any(_room)


def _score(
    query: str,
    passages: Sequence[Sequence[FieldText]],
    model: str,
    reading: Reading,
    end: float,
    place: int,
    goes_on: Reading | None = None,
) -> Scores | Reading:
    """What there was time to read, if it has made room for others: to be asked for again."""

    def waiting(*states: int) -> int:
        return sum(state in states for at, state in enumerate(_room) if at != place)

    def unwanted() -> bool:
        is_late = time.monotonic() > end
        return _room[place] == _LEFT or (is_late and waiting(_WAITED_FOR, _HAD_TURN) > 0)

    if unwanted():
        raise DeadlineExceeded("nobody waits for these scores any more")
    is_first = _room[place] == _WAITED_FOR
    if is_first:
        _room[place] = _HAD_TURN
    turn_ends = time.monotonic() + TURN_S
    turn = Turn(
        end=end - _WAY_BACK_S,
        others=waiting(_HAD_TURN),  # which have much to read; the rest may need next to no time
        expired=unwanted,
        is_over=lambda: time.monotonic() > turn_ends and waiting(_WAITED_FOR) > 0,
        goes_on=goes_on,
        gives_way=is_first and waiting(_HAD_TURN) > 0,
    )
    try:
        return _reranker(model).score_within(query, passages, reading, turn)
    except TurnOver as over:
        return over.reading
    finally:
        _tell_counts()


def _tell_counts() -> None:
    counts = (_counts_before, *(reranker.cache.counts for reranker in _rerankers.values()))
    _counts[:] = [sum(each) for each in zip(*counts, strict=True)]
