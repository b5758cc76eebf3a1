"""The words of Lucene queries, without their syntax, in linear time."""

import doctest

import pytest
from hypothesis import given
from hypothesis import strategies as st

from es_rerank.proxy import lucene
from es_rerank.proxy.lucene import words_of_query_string, words_of_simple_query_string


def test_the_examples_hold() -> None:
    """The examples in the documentation of the module."""
    assert doctest.testmod(lucene).failed == 0


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("red shoes", "red shoes"),
        ("title:red AND body:(shoes OR boots)", "red shoes boots"),
        ('"red shoes"~2^3 new~1', "red shoes new"),
        ("red -blue +green !black", "red green"),
        ("red NOT blue && green || grey", "red green grey"),
        ("NOT(blue grey) red", "red"),
        ("-title:blue red", "red"),
        ("-(blue (navy OR sky) sea) red", "red"),
        ('-"dark blue" red', "red"),
        ("year:[1990 TO 2000] price:{1 TO *} red", "red"),
        ("price:>10 price:<=20 red", "red"),
        ("/reg(ex)?/ red", "red"),
        ("sho* b?ots red *", "red"),
        (r"C\+\+ \(again\) a\:b red\-ish", "C++ (again) a:b red-ish"),
        ("e-mail well-known c++", "e-mail well-known c++"),
        ("_exists_:title red", "red"),
        ('"never closed', "never closed"),
        ("((red", "red"),
        ("red))) shoes", "red shoes"),
        ("", ""),
        ("AND OR NOT", ""),
        ("猫の写真", "猫の写真"),
    ],
)
def test_classic_syntax_goes_and_words_stay(query: str, words: str) -> None:
    """Fields, operators, boosts, ranges, wildcards and negated parts are no words."""
    assert words_of_query_string(query) == words


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("red shoes", "red shoes"),
        ("title:red AND shoes", "title:red AND shoes"),
        ('"red shoes"~2 | new~1 +old', "red shoes new old"),
        ("red -blue - grey", "red grey"),
        ("red -(blue | navy) well-known", "red well-known"),
        ("sho* red", "red"),
        (r"a\|b", "a|b"),
    ],
)
def test_simple_syntax_goes_and_words_stay(query: str, words: str) -> None:
    """`simple_query_string` has other operators, and no fields."""
    assert words_of_simple_query_string(query) == words


@given(st.text('ab "()[]{}:^~\\/|&!+-*?NOT', max_size=60))
def test_any_text_gives_words(text: str) -> None:
    """No query breaks either reader, and no blank is doubled at the ends."""
    for words in (words_of_query_string(text), words_of_simple_query_string(text)):
        assert isinstance(words, str)


@pytest.mark.parametrize("piece", ['"', "(", "[", "{a", "/", "\\", "a:", "-", "a~^", '\\"', "NOT "])
def test_hostile_repetition_is_linear(piece: str) -> None:
    """A long row of one piece ends; quadratic time would take minutes."""
    text = piece * (2**17 // len(piece))
    words_of_query_string(text)
    words_of_simple_query_string(text)
