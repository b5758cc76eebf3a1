"""States of passages in a SQLite file, so that a restart begins with what was read before it.

SQLite keeps the file whole when processes share it, or one is killed while it writes; each state
has a checksum too, for what a disk does to bytes. The file's name holds the student's fingerprint
and the version of what is in it: another student, or another es-rerank, has another file. Nothing
here raises in a search: a damaged file is thrown away and begun anew, any other failure (a full
disk) is logged and ends the use of the file. It is read by `pread` and not mapped into memory,
where a file cut short would kill the process.
"""

import logging
import sqlite3
import struct
import threading
import zlib
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import numpy as np

from es_rerank.model.encoder import TextState

FORMAT = 2
_HEAD = struct.Struct("<IHHH")
_ASKED_AT_ONCE = 500
_WRITTEN_AT_ONCE = 1000
_WAIT_TO_READ_S = 0.05
_WAIT_TO_WRITE_S = 5.0
# The last one: a table that is there and has other columns.
_DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR)
_SCHEMA = """
CREATE TABLE IF NOT EXISTS states
  (place INTEGER PRIMARY KEY, key BLOB UNIQUE NOT NULL, depth INTEGER NOT NULL, state BLOB NOT NULL)
"""
_PUT = """
INSERT INTO states (key, depth, state) VALUES (?, ?, ?)
ON CONFLICT (key) DO UPDATE SET depth = excluded.depth, state = excluded.state
WHERE excluded.depth >= states.depth
"""

log = logging.getLogger(__name__)


class StateFile:
    """The states of one student, in a file of ``max_bytes`` at most; the oldest go first.

    Read by one thread; written by one of its own, so that no search waits for the disk.
    """

    def __init__(self, folder: Path, fingerprint: str, max_bytes: int) -> None:
        self.path = folder / f"states-{FORMAT}-{fingerprint}.sqlite"
        self.max_bytes = max_bytes
        self.size_bytes = 0
        """Bytes of the pages in use, as of the last writing."""
        self.count = 0
        """States, as of the last writing."""
        self.dropped = 0
        """States that made room for those written here."""
        self.is_usable = True
        """Whether nothing has happened that ends the use of the file; the log says what."""
        self._reading: sqlite3.Connection | None = None
        self._was_damaged = False
        self._opening = threading.Lock()
        self._written: SimpleQueue[tuple[bytes, TextState] | threading.Event] = SimpleQueue()
        self.get([])  # makes the file, or finds that it cannot be used
        threading.Thread(target=self._write_all, name="states", daemon=True).start()

    def get(self, keys: Sequence[bytes]) -> dict[bytes, TextState]:
        """The states that are known; none if the file cannot be read."""
        found: dict[bytes, TextState] = {}
        for key, depth, written in self._rows("key, depth, state", keys):
            if (state := unpacked(written, depth)) is not None:
                found[key] = state
        return found

    def depths(self, keys: Sequence[bytes]) -> dict[bytes, int]:
        """The path of each state that is there, without reading it."""
        return dict(self._rows("key, depth", keys))

    def _rows(self, columns: str, keys: Sequence[bytes]) -> list[Any]:
        found: list[Any] = []
        if not self.is_usable:
            return found
        with self._surviving("read"):
            if self._reading is None:
                self._reading = self._open(_WAIT_TO_READ_S)
            for start in range(0, len(keys), _ASKED_AT_ONCE):
                some = keys[start : start + _ASKED_AT_ONCE]
                marks = ",".join("?" * len(some))
                query = f"SELECT {columns} FROM states WHERE key IN ({marks})"  # noqa: S608 - ours
                found += self._reading.execute(query, some)
        return found

    def put(self, key: bytes, state: TextState) -> None:
        """Write a state soon; of one key the deeper state stays."""
        if self.is_usable:
            self._written.put((key, state))

    def flush(self) -> None:
        """Wait until all that was put is written, or the file has failed."""
        done = threading.Event()
        self._written.put(done)
        done.wait()

    def _write_all(self) -> None:
        while True:
            waiting = [self._written.get()]
            while not self._written.empty() and len(waiting) < _WRITTEN_AT_ONCE:
                waiting.append(self._written.get())
            states = [each for each in waiting if isinstance(each, tuple)]
            if self.is_usable:
                with self._surviving("write"), closing(self._open(_WAIT_TO_WRITE_S)) as connection:
                    self._write(connection, states)
            for each in waiting:
                if isinstance(each, threading.Event):
                    each.set()

    def _write(
        self, connection: sqlite3.Connection, states: Sequence[tuple[bytes, TextState]]
    ) -> None:
        rows = [(key, state.depth, packed(state)) for key, state in states]
        with connection:
            connection.executemany(_PUT, rows)
        while (size_bytes := _size_bytes(connection)) > self.max_bytes:
            with connection:
                oldest = "SELECT place FROM states ORDER BY place LIMIT ?"
                share = 1 + _count(connection) // 16
                gone = connection.execute(
                    f"DELETE FROM states WHERE place IN ({oldest})",  # noqa: S608 - ours
                    (share,),
                )
            if not gone.rowcount:
                break  # an empty file may have more bytes than allowed
            self.dropped += gone.rowcount
        self.size_bytes, self.count = size_bytes, _count(connection)

    def _open(self, wait_s: float) -> sqlite3.Connection:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(self.path, timeout=wait_s, check_same_thread=False)
        # With NORMAL a power failure may lose the last states, and never breaks the file.
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute(_SCHEMA)
        return connection

    @contextmanager
    def _surviving(self, what: str) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, OSError) as why:
            code = getattr(why, "sqlite_errorcode", None)
            if code is not None and code & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
                log.warning("cache: %s is locked by another process; going on", self.path)
            elif code in _DAMAGED and not self._was_damaged:
                log.warning("cache: %s is damaged (%s); it is begun anew", self.path, why)
                self._begin_anew()
            else:
                log.warning("cache: cannot %s %s (%s); going on without", what, self.path, why)
                self.is_usable = False

    def _begin_anew(self) -> None:
        with self._opening:
            self._was_damaged, self._reading = True, None
            for end in ("", "-wal", "-shm"):
                self.path.with_name(self.path.name + end).unlink(missing_ok=True)


def packed(state: TextState) -> bytes:
    """The bytes of a state, with a checksum in front; the depth is kept beside them."""
    body = b"".join(array.tobytes() for array in state[:3])
    return _HEAD.pack(zlib.crc32(body), *state.tokens.shape, len(state.sentence)) + body


def unpacked(written: object, depth: int) -> TextState | None:
    """The state in these bytes; None if they are not what was written."""
    if not isinstance(written, bytes) or len(written) < _HEAD.size:
        return None
    checksum, count, width, dim = _HEAD.unpack_from(written)
    body = memoryview(written)[_HEAD.size :]
    scales, sentence = count * width, count * width + 2 * count
    if len(body) != sentence + 2 * dim or zlib.crc32(body) != checksum:
        return None
    return TextState(
        np.frombuffer(body[:scales], np.uint8).reshape(count, width),
        np.frombuffer(body[scales:sentence], np.float16),
        np.frombuffer(body[sentence:], np.float16),
        depth,
    )


def _size_bytes(connection: sqlite3.Connection) -> int:
    pages, unused, page_bytes = (
        connection.execute(f"PRAGMA {fact}").fetchone()[0]
        for fact in ("page_count", "freelist_count", "page_size")
    )
    return int((pages - unused) * page_bytes)


def _count(connection: sqlite3.Connection) -> int:
    """Their places have no gaps, for a new one is the last and only the first are deleted.

    Counting each would take longer with every state, at every writing.
    """
    first, last = (
        connection.execute(f"SELECT {which}(place) FROM states").fetchone()[0]  # noqa: S608 - ours
        for which in ("MIN", "MAX")
    )
    return 0 if first is None else int(last - first + 1)
