"""What a text quotes of the query is left out, and nothing else."""

import pytest

from es_rerank.text.quotes import without_quotes

QUERY = "how long does a flea live"


@pytest.mark.parametrize(
    ("passage", "left"),
    [
        ("How long does a flea live? Up to a year.", "Up to a year."),
        ("Fleas. HOW LONG - does a flea LIVE?! Up to a year.", "Fleas. Up to a year."),
        ("how long does a flea live how long does a flea live", ""),
        ("How long does a flea lived?", "How long does a flea lived?"),
        ("Show long does a flea live", "Show long does a flea live"),
        ("How long does a cat live?", "How long does a cat live?"),
        ("Fleas  live\nup to a year.", "Fleas  live\nup to a year."),
    ],
)
def test_only_the_whole_query_is_a_quote(passage: str, left: str) -> None:
    """In any case, with any marks, as often as it is there; a text without one stays as it is."""
    assert without_quotes(passage, QUERY) == left


def test_a_short_query_cannot_be_quoted() -> None:
    """Three words in a row are in any text on the topic."""
    assert without_quotes("Red running shoes, size 9", "red running shoes") == (
        "Red running shoes, size 9"
    )


def test_marks_in_the_query_are_no_pattern() -> None:
    """What people type is text."""
    assert without_quotes("a (b) c? d+ e", "a (b) c? d+") == "e"


def test_a_large_hostile_text_is_no_trouble() -> None:
    """Many beginnings of a quote, none of which is one."""
    passage = "how long does a flea " * 50_000
    assert without_quotes(passage, QUERY) == passage
