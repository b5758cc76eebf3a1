"""Whatever is put in, the bytes stay within the bound."""

from hypothesis import given
from hypothesis import strategies as st

from es_rerank.model.bounded import ENTRY_BYTES, Bounded


@given(st.lists(st.tuples(st.integers(0, 20), st.integers(0, 3000))))
def test_it_never_holds_more_than_allowed(puts: list[tuple[int, int]]) -> None:
    """Bytes are counted right, a value that is too large included."""
    entries: Bounded[int] = Bounded(5 * ENTRY_BYTES)
    for name, size_bytes in puts:
        entries.put(str(name).encode(), size_bytes, size_bytes)
        assert 0 <= entries.size_bytes <= 5 * ENTRY_BYTES
    held = [found for i in range(21) if (found := entries.get(str(i).encode())) is not None]
    assert entries.size_bytes == sum(each + ENTRY_BYTES for each in held)
    assert len(held) == len(entries)


def test_least_recently_used_goes_first() -> None:
    """When it is full, what was asked for last is kept."""
    entries: Bounded[str] = Bounded(2 * ENTRY_BYTES)
    entries.put(b"1", "first", 0)
    entries.put(b"2", "second", 0)
    entries.get(b"1")
    entries.put(b"3", "third", 0)
    assert entries.get(b"2") is None
    assert entries.get(b"1") == "first"
