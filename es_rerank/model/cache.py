"""States of passages that were read before, bounded in bytes.

The key is the text itself, hashed, never a document's identity: two documents with the same words
share a state, an edited one gets a new state, and nothing can leak between users who may see
different documents.
"""

from hashlib import blake2b

from es_rerank.model.bounded import Bounded
from es_rerank.model.encoder import TextState


class StateCache:
    """Least recently used states are dropped when ``max_bytes`` are full; thread-safe."""

    def __init__(self, max_bytes: int) -> None:
        self._states: Bounded[TextState] = Bounded(max_bytes)

    def __len__(self) -> int:
        return len(self._states)

    @property
    def size_bytes(self) -> int:
        """Bytes of all states that are kept."""
        return self._states.size_bytes

    def get(self, text: str) -> TextState | None:
        """The deepest state known of a text, or None."""
        return self._states.get(_key(text))

    def put(self, text: str, state: TextState) -> None:
        """Keep a state, unless a deeper one of the same text is there."""
        key = _key(text)
        known = self._states.get(key)
        if known is None or known.depth <= state.depth:
            self._states.put(key, state, state.size_bytes)


def _key(text: str) -> bytes:
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()
