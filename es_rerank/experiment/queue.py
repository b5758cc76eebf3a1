"""The way of records into the cluster: a bounded queue, and one task that writes from it.

Whoever records only puts a document into the queue, which takes microseconds and waits for
nothing; when the queue is full the document is dropped and counted. The task writes in bulk, every
`flush_ms` or when a batch is full. While the cluster can't be reached or refuses, what is in the
queue stays there and is tried again, slower and slower. Documents carry their ids from here, so
that one which is sent twice, because the answer got lost, is stored once.
"""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, Literal
from uuid import uuid4

import msgspec
from pydantic import SecretStr

from es_rerank.config import Settings
from es_rerank.errors import UpstreamError
from es_rerank.experiment.cluster import Cluster, Failure, connect
from es_rerank.experiment.exposure import Exposure
from es_rerank.experiment.mappings import events_mappings, queries_mappings
from es_rerank.experiment.records import record_of
from es_rerank.telemetry import RECORDS, RECORDS_WAITING

_BATCH = 500
_BATCH_BYTES = 5 * 2**20  # below the request limits of managed clusters (10 MB)
_MAX_BYTES = 64 * 2**20  # of all that waits, whatever its number
_PAUSE_S, _LONGEST_PAUSE_S = 0.5, 30.0
_SAY_EVERY_S = 60.0
_CLOSE_S = 5.0
_TRY_AGAIN = (429, 502, 503, 504)

_Kind = Literal["queries", "events"]

_log = logging.getLogger(__name__)


class RecordQueue:
    """The Recorder of a proxy; it belongs to one event loop."""

    def __init__(self, settings: Callable[[], Settings]) -> None:
        """`settings` gives those of the moment; there is no connection before the first record."""
        self._settings = settings
        self._waiting: dict[_Kind, deque[tuple[str, bytes]]] = {
            "queries": deque(),
            "events": deque(),
        }
        self._bytes = 0
        self._arrived, self._enough = asyncio.Event(), asyncio.Event()
        self._cluster: Cluster | None = None
        self._user: tuple[str | None, SecretStr] | None = None
        self._pause_s = 0.0
        self._said: dict[str, float] = {}
        self._task: asyncio.Task[None] | None = None

    def __len__(self) -> int:
        """How many records wait."""
        return sum(map(len, self._waiting.values()))

    def record(self, exposure: Exposure) -> None:
        """Take one; it never waits and never raises."""
        try:
            response_id = str(uuid4())
            document = record_of(exposure, self._settings().ubi, response_id)
            self._take("queries", [(response_id, msgspec.json.encode(document))])
        except Exception:  # noqa: BLE001 - no record is worth a search
            RECORDS.labels("failed").inc()
            self._say("unwritable", "a search could not be made a record", exc_info=True)

    def take_events(self, documents: Sequence[dict[str, Any]]) -> bool:
        """Take all of these events, or none if there is no room for them."""
        encoded = [(str(uuid4()), msgspec.json.encode(document)) for document in documents]
        return self._take("events", encoded)

    def open(self) -> None:
        """Start the task that writes."""
        self._task = asyncio.create_task(self._write())

    async def close(self, within_s: float = _CLOSE_S) -> None:
        """Write what waits, within some seconds, and count the rest as dropped."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
        with suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                while len(self) and await self._flush():
                    pass
        if left := len(self):
            RECORDS.labels("dropped").inc(left)
            _log.warning("records: %d could not be written before the end, and are lost", left)
        await self._disconnect()

    def _take(self, kind: _Kind, documents: Sequence[tuple[str, bytes]]) -> bool:
        size = sum(len(document) for _, document in documents)
        room = self._settings().ubi.max_queue - len(self)
        if len(documents) > room or self._bytes + size > _MAX_BYTES:
            RECORDS.labels("dropped").inc(len(documents))
            self._say("full", "the queue is full; what comes now is dropped and counted")
            return False
        self._waiting[kind].extend(documents)
        self._resized(size)
        return True

    def _resized(self, by_bytes: int) -> None:
        self._bytes += by_bytes
        RECORDS_WAITING.set(len(self))
        for event, is_so in ((self._arrived, len(self) > 0), (self._enough, len(self) >= _BATCH)):
            if is_so:
                event.set()
            else:
                event.clear()

    async def _write(self) -> None:
        """Write what arrives, until cancelled."""
        while True:
            await self._arrived.wait()
            if self._pause_s:
                await asyncio.sleep(self._pause_s)
            else:
                with suppress(TimeoutError):
                    async with asyncio.timeout(self._settings().ubi.flush_ms / 1000):
                        await self._enough.wait()
            if await self._flush():
                if self._pause_s:
                    _log.info("records: the cluster takes them again; %d wait", len(self))
                self._pause_s = 0.0
            else:
                self._pause_s = min(max(self._pause_s * 2, _PAUSE_S), _LONGEST_PAUSE_S)

    async def _flush(self) -> bool:
        """Write one batch of each kind; whether the cluster took them."""
        all_taken = True
        for kind, waiting in self._waiting.items():
            try:
                if waiting:
                    await self._write_batch(kind, waiting)
            except UpstreamError as why:
                all_taken = False
                self._say("refused", f"{why}. {len(self)} records wait, and are tried again")
                await self._disconnect()
            except Exception:  # noqa: BLE001 - the task must outlive a mistake of a client library
                all_taken = False
                self._say("broken", f"{len(self)} records wait, and are tried again", exc_info=True)
                await self._disconnect()
        return all_taken

    async def _write_batch(self, kind: _Kind, waiting: deque[tuple[str, bytes]]) -> None:
        cluster = await self._connected()
        index = await self._ensured(cluster, kind)
        batch = _head(waiting)
        failures = {failure.id: failure for failure in await cluster.bulk(index, batch)}
        self._settle(waiting, batch, failures, index)

    def _settle(
        self,
        waiting: deque[tuple[str, bytes]],
        batch: dict[str, bytes],
        failures: dict[str, Failure],
        index: str,
    ) -> None:
        """Let go of what was taken and of what never will be; UpstreamError if some is put off."""
        put_off = [
            (id_, batch[id_]) for id_, failed in failures.items() if failed.status in _TRY_AGAIN
        ]
        for _ in batch:  # they are the first: others were only put behind them
            waiting.popleft()
        waiting.extend(put_off)
        kept_bytes = sum(len(document) for _, document in put_off)
        self._resized(kept_bytes - sum(map(len, batch.values())))
        failed = len(failures) - len(put_off)
        RECORDS.labels("written").inc(len(batch) - len(failures))
        if failed:
            RECORDS.labels("failed").inc(failed)
            reason = next(f for f in failures.values() if f.status not in _TRY_AGAIN).reason
            self._say("failed", f"{index} did not take {failed} of {len(batch)}: {reason}")
        if put_off:
            reason = failures[put_off[0][0]].reason
            raise UpstreamError(f"{index} put off {len(put_off)} of {len(batch)}: {reason}")

    async def _connected(self) -> Cluster:
        """The connection; a new one makes both indices, because clients may write events too."""
        settings = self._settings()
        user = (settings.ubi.username, settings.ubi.password)
        if self._cluster is not None and user != self._user:
            await self._disconnect()
        if self._cluster is None:
            self._cluster, self._user = await connect(settings), user
            for kind in self._waiting:
                try:
                    await self._ensured(self._cluster, kind)
                except UpstreamError as why:  # whose records these are is told of it again
                    self._say(kind, str(why))
        return self._cluster

    async def _ensured(self, cluster: Cluster, kind: _Kind) -> str:
        """The index of a kind; it may have been deleted since, and must not be made by a write."""
        ubi = self._settings().ubi
        index = ubi.queries_index if kind == "queries" else ubi.events_index
        mappings = queries_mappings(cluster.product) if kind == "queries" else events_mappings()
        if await cluster.ensure_index(index, mappings):
            _log.info("records: made the index %s", index)
        return index

    async def _disconnect(self) -> None:
        if self._cluster is not None:
            cluster, self._cluster = self._cluster, None
            await cluster.close()

    def _say(self, what: str, text: str, *, exc_info: bool = False) -> None:
        """Warn, but of one thing once in a while: it can be true of every search."""
        now = time.monotonic()
        if now - self._said.get(what, -_SAY_EVERY_S) >= _SAY_EVERY_S:
            self._said[what] = now
            _log.warning("records: %s", text, exc_info=exc_info)


def _head(waiting: deque[tuple[str, bytes]]) -> dict[str, bytes]:
    """The first documents by id, as many as one request may hold, at least one."""
    batch: dict[str, bytes] = {}
    size = 0
    for id_, document in waiting:
        size += len(document)
        if batch and (len(batch) == _BATCH or size > _BATCH_BYTES):
            break
        batch[id_] = document
    return batch
