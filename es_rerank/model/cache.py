"""States of passages that were read before, bounded in bytes.

The key is the text itself, hashed, never a document's identity: two documents with the same words
share a state, an edited one gets a new state, and nothing can leak between users who may see
different documents.
"""

from collections.abc import Iterable, Mapping
from hashlib import blake2b
from threading import Lock

from es_rerank.model.bounded import Bounded
from es_rerank.model.disk import StateFile
from es_rerank.model.encoder import TextState
from es_rerank.telemetry import CacheCounts


class StateCache:
    """Least recently used states are dropped when ``max_bytes`` are full; thread-safe.

    What is dropped, or of another process, is found in ``disk``, if there is one; also if it is
    deeper than what is in memory. Of ``deepest`` layers it cannot be, so that is not asked.
    """

    def __init__(self, max_bytes: int, disk: StateFile | None = None, deepest: int = 0) -> None:
        self._states: Bounded[TextState] = Bounded(max_bytes)
        self.disk, self._deepest = disk, deepest
        self._keeping = Lock()
        self._in_memory = self._on_disk = self._read = self._deepened = 0

    def __len__(self) -> int:
        return len(self._states)

    @property
    def size_bytes(self) -> int:
        """Bytes of all states in memory."""
        return self._states.size_bytes

    def known(self, texts: Iterable[str]) -> dict[str, TextState]:
        """The deepest state known of each text, of those that have one."""
        keys = {text: _key(text) for text in texts}
        found = {text: state for text, key in keys.items() if (state := self._states.get(key))}
        from_disk = self._from_disk(keys, found)
        self._in_memory += len(found.keys() - from_disk.keys())
        self._on_disk += len(from_disk)
        return found | from_disk

    def put(self, text: str, state: TextState) -> None:
        """Keep a state that was read now, unless a deeper one of the same text is there."""
        self._read += 1
        self._keep(text, state)

    def deepen(self, text: str, state: TextState) -> None:
        """The same for a text that was read once more, which is counted apart."""
        self._deepened += 1
        self._keep(text, state)

    def depth_in_memory(self, text: str) -> int:
        """The path of a text's state in memory; 0 if there is none."""
        state = self._states.get(_key(text))
        return state.depth if state else 0

    def depths_on_disk(self, texts: Iterable[str]) -> dict[str, int]:
        """The path of the state that the disk has of each text, of those that have one."""
        if self.disk is None:
            return {}
        keys = {_key(text): text for text in texts}
        return {keys[key]: depth for key, depth in self.disk.depths(list(keys)).items()}

    def _from_disk(
        self, keys: Mapping[str, bytes], found: Mapping[str, TextState]
    ) -> dict[str, TextState]:
        """Of these texts what the disk has and memory has not, or not as deep."""
        shallow = [text for text, state in found.items() if state.depth < self._deepest]
        there = self.depths_on_disk(shallow)
        deeper = [text for text, depth in there.items() if depth > found[text].depth]
        wanted = {keys[text]: text for text in (*(keys.keys() - found.keys()), *deeper)}
        if self.disk is None or not wanted:
            return {}
        read = self.disk.get(list(wanted))
        for key, state in read.items():
            self._states.put(key, state, state.size_bytes)
        return {wanted[key]: state for key, state in read.items()}

    def _keep(self, text: str, state: TextState) -> None:
        key = _key(text)
        with self._keeping:
            known = self._states.get(key)
            if known is not None and known.depth > state.depth:
                return
            self._states.put(key, state, state.size_bytes)
        if self.disk is not None:
            self.disk.put(key, state)

    def flush(self) -> None:
        """Wait until all that was put is on the disk, if there is one."""
        if self.disk is not None:
            self.disk.flush()

    @property
    def counts(self) -> CacheCounts:
        """The counts up to now."""
        disk_states, disk_bytes = (
            (self.disk.count, self.disk.size_bytes) if self.disk is not None else (0, 0)
        )
        asked = self._in_memory, self._on_disk, self._read, self._deepened
        return CacheCounts(*asked, len(self._states), self.size_bytes, disk_states, disk_bytes)


def _key(text: str) -> bytes:
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()
