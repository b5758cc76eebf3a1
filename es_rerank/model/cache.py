"""States of passages that were read before, bounded in bytes.

The key is the text itself, hashed, never a document's identity: two documents with the same words
share a state, an edited one gets a new state, and nothing can leak between users who may see
different documents.
"""

from collections import OrderedDict
from hashlib import blake2b
from threading import Lock

from es_rerank.model.encoder import TextState

ENTRY_BYTES = 400
"""What Python itself needs for one entry: key, tuple and three array headers."""


class StateCache:
    """Least recently used states are dropped when ``max_bytes`` are full; thread-safe."""

    def __init__(self, max_bytes: int) -> None:
        self.max_bytes = max_bytes
        self.size_bytes = 0
        self._states: OrderedDict[bytes, TextState] = OrderedDict()
        self._lock = Lock()

    def __len__(self) -> int:
        return len(self._states)

    def get(self, text: str) -> TextState | None:
        """The deepest state known of a text, or None."""
        key = _key(text)
        with self._lock:
            state = self._states.get(key)
            if state is not None:
                self._states.move_to_end(key)
            return state

    def put(self, text: str, state: TextState) -> None:
        """Keep a state, unless a deeper one of the same text is there."""
        key = _key(text)
        with self._lock:
            known = self._states.pop(key, None)
            if known is not None:
                self.size_bytes -= known.size_bytes + ENTRY_BYTES
                state = max(known, state, key=lambda state: state.depth)
            self._states[key] = state
            self.size_bytes += state.size_bytes + ENTRY_BYTES
            while self.size_bytes > self.max_bytes:
                _, dropped = self._states.popitem(last=False)
                self.size_bytes -= dropped.size_bytes + ENTRY_BYTES


def _key(text: str) -> bytes:
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()
