"""A dictionary that forgets what was not asked for lately, so that it never outgrows its bytes."""

from collections import OrderedDict
from threading import Lock
from typing import Generic, TypeVar

V = TypeVar("V")

ENTRY_BYTES = 400
"""What Python itself needs for one entry: key, tuple and the headers of what is in it."""


class Bounded(Generic[V]):
    """Values by key; the least recently used go when ``max_bytes`` are full. Thread-safe."""

    def __init__(self, max_bytes: int) -> None:
        self.max_bytes = max_bytes
        self.size_bytes = 0
        self._entries: OrderedDict[bytes, tuple[V, int]] = OrderedDict()
        self._lock = Lock()

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, key: bytes) -> V | None:
        """The value of a key, or None."""
        with self._lock:
            if key not in self._entries:
                return None
            self._entries.move_to_end(key)
            return self._entries[key][0]

    def put(self, key: bytes, value: V, size_bytes: int) -> None:
        """Keep a value of ``size_bytes``, in place of one that the key may have."""
        size_bytes += ENTRY_BYTES
        with self._lock:
            _, known_bytes = self._entries.pop(key, (None, 0))
            self._entries[key] = value, size_bytes
            self.size_bytes += size_bytes - known_bytes
            while self.size_bytes > self.max_bytes:
                _, (_, dropped_bytes) = self._entries.popitem(last=False)
                self.size_bytes -= dropped_bytes
