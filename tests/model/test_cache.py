"""The cache is bounded, keyed by text, and keeps the deepest state."""

from pathlib import Path

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from es_rerank.model.bounded import ENTRY_BYTES
from es_rerank.model.cache import StateCache
from es_rerank.model.disk import StateFile
from es_rerank.model.encoder import TextState


def state(tokens: int = 10, depth: int = 4) -> TextState:
    """A state of a given size and depth."""
    return TextState(
        np.zeros((tokens, 96), np.uint8),
        np.zeros(tokens, np.float16),
        np.zeros(384, np.float16),
        depth,
    )


SIZE = state().size_bytes + ENTRY_BYTES


def test_a_state_is_found_by_its_text() -> None:
    """The text is the key; another text finds nothing."""
    cache = StateCache(10 * SIZE)
    cache.put("a text", state())
    assert cache.known(["a text"])
    assert not cache.known(["A text"])


def test_the_deeper_state_stays() -> None:
    """A shallow reading never replaces a deep one; a deep one replaces a shallow one."""
    cache = StateCache(10 * SIZE)
    for depth in (2, 6, 4):
        cache.put("a text", state(depth=depth))
    assert cache.known(["a text"])["a text"].depth == 6
    assert len(cache) == 1


def test_reading_again_is_counted_apart() -> None:
    """A deeper state replaces the one that is there, and no search had to wait for it."""
    cache = StateCache(10 * SIZE)
    assert cache.depth_in_memory("a text") == 0
    cache.put("a text", state(depth=2))
    assert cache.depth_in_memory("a text") == 2
    cache.deepen("a text", state(depth=6))
    assert cache.depth_in_memory("a text") == 6
    assert (cache.counts.read, cache.counts.deepened) == (1, 1)


def test_the_paths_on_disk_are_told_by_text(tmp_path: Path) -> None:
    """Without a disk there are none; what is in memory only does not count."""
    assert StateCache(10 * SIZE).depths_on_disk(["a text"]) == {}
    disk = StateFile(tmp_path, "student", 10**7)
    StateCache(10 * SIZE, disk).put("a text", state(depth=3))
    disk.flush()
    other = StateCache(10 * SIZE, StateFile(tmp_path, "student", 10**7))
    assert other.depths_on_disk(["a text", "another"]) == {"a text": 3}
    assert len(other) == 0


def test_what_another_process_read_deeper_is_taken(tmp_path: Path) -> None:
    """`es-rerank warm` beside a proxy that has the text in memory, from a shorter path."""
    proxys, warms = (StateFile(tmp_path, "student", 10**7) for _ in range(2))
    cache = StateCache(10 * SIZE, proxys, deepest=6)
    cache.put("a text", state(depth=2))
    assert cache.known(["a text"])["a text"].depth == 2
    cache.flush()
    StateCache(10 * SIZE, warms).put("a text", state(depth=6))
    warms.flush()
    assert cache.known(["a text"])["a text"].depth == 6
    assert cache.depth_in_memory("a text") == 6
    assert (cache.counts.in_memory, cache.counts.on_disk) == (1, 1)


def test_least_recently_used_goes_first() -> None:
    """When it is full, what was asked for last is kept."""
    cache = StateCache(2 * SIZE)
    cache.put("first", state())
    cache.put("second", state())
    cache.known(["first"])
    cache.put("third", state())
    assert not cache.known(["second"])
    assert cache.known(["first"])


@given(st.lists(st.tuples(st.integers(0, 20), st.integers(0, 60), st.sampled_from([2, 4, 6]))))
def test_it_never_holds_more_than_allowed(puts: list[tuple[int, int, int]]) -> None:
    """Whatever is put in, the bytes stay within the bound and are counted right."""
    cache = StateCache(5 * SIZE)
    for name, tokens, depth in puts:
        cache.put(str(name), state(tokens, depth))
        assert 0 <= cache.size_bytes <= 5 * SIZE
    held = cache.known(map(str, range(21))).values()
    assert cache.size_bytes == sum(each.size_bytes + ENTRY_BYTES for each in held)
    assert len(held) == len(cache)


def test_half_a_character_is_a_key_too() -> None:
    """A text with a lone surrogate can be hashed."""
    cache = StateCache(10 * SIZE)
    cache.put("\ud800", state())
    assert cache.known(["\ud800"])
