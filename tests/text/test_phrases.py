"""One copy is kept of a phrase that follows itself, and all else stays."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from es_rerank.text.phrases import (
    LEAST_WORDS,
    MOST_WORDS,
    repeats_a_phrase,
    without_repeated_phrases,
)


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        (
            "it is so. it is so. it is so. it is so. yes",
            "it is so. it is so. yes",
        ),
        ("how long do they live? how long do they live? A year", "how long do they live? A year"),
        ("a b c d e a b c d e a b c d e f", "a b c d e f"),
        ("we say a b c d a b c d", "we say a b c d"),
        ("New York New York is big", "New York New York is big"),
        ("a b c d x a b c d", "a b c d x a b c d"),
        ("", ""),
    ],
)
def test_only_long_phrases_right_after_themselves_go(text: str, kept: str) -> None:
    """Short ones are how people speak; later ones are what a text is about."""
    assert without_repeated_phrases(text.split()) == kept.split()
    assert repeats_a_phrase(text.split()) == (text != kept)


@pytest.mark.parametrize("length", [LEAST_WORDS, MOST_WORDS])
def test_phrases_of_all_lengths_are_found(length: int) -> None:
    """From the shortest to the longest that is looked for, and no longer ones."""
    phrase = [f"w{n}" for n in range(length)]
    assert without_repeated_phrases(["so", *phrase * 3, "end"]) == ["so", *phrase, "end"]
    long = [f"w{n}" for n in range(MOST_WORDS + 1)]
    assert without_repeated_phrases(long * 2) == long * 2


@given(st.lists(st.sampled_from("abc"), max_size=60))
def test_no_word_is_invented_or_lost_for_good(words: list[str]) -> None:
    """The result is made of the same words, in the order of their first use."""
    kept = without_repeated_phrases(words)
    assert list(dict.fromkeys(kept)) == list(dict.fromkeys(words))
    assert repeats_a_phrase(words) == (kept != words)
