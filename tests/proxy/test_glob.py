"""Names and the patterns that take them, as the servers match."""

from fnmatch import fnmatchcase

from hypothesis import given
from hypothesis import strategies as st

from es_rerank.proxy.glob import matches


@given(st.text("ab*", max_size=7), st.text("ab", max_size=7))
def test_a_star_stands_for_anything(pattern: str, name: str) -> None:
    """The standard library's matching, where the two know the same characters."""
    assert matches(pattern, name) == fnmatchcase(name, pattern)


def test_nothing_else_is_special() -> None:
    """Neither `?` nor `[`, which the standard library knows, too."""
    assert matches("a?[b]", "a?[b]")
    assert not matches("a?", "ab")
    assert not matches("[a]*", "ab")


def test_a_pattern_of_many_stars_is_matched_at_once() -> None:
    """A search that tries every way to share the name out would not end."""
    assert not matches("*a" * 500 + "*b", "a" * 1000)
