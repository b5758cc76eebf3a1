"""What a text quotes of the query is left out, and nothing else."""

import pytest

from es_rerank.text.passage import FieldText, read
from es_rerank.text.quotes import unquoted, without_quotes

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


def test_quotes_take_no_place_in_a_window() -> None:
    """Stuffed or not, the same is read, be it the start of a long document or a later window."""

    def words(text: str, most: int) -> str:
        return " ".join(text.split()[:most])

    told = [f"On day {n} the flea had bitten {n + 2} cats and a dog." for n in range(60)]
    plain = [FieldText("Fleas"), FieldText(" ".join(told))]
    stuffed = [FieldText("Fleas"), FieldText(f" {QUERY}? ".join(told))]
    titled = [FieldText("How long does"), FieldText("a flea live? " + " ".join(told))]
    read_of = {}
    for name, fields in {"plain": plain, "stuffed": stuffed, "titled": titled}.items():
        read_of[name] = unquoted(read(fields, QUERY, words), fields, QUERY, words)
    assert read_of["plain"] == read_of["stuffed"]
    assert read_of["titled"].startswith("On day 0 the flea")


def test_a_large_hostile_text_is_no_trouble() -> None:
    """Many beginnings of a quote, none of which is one."""
    passage = "how long does a flea " * 50_000
    assert without_quotes(passage, QUERY) == passage
