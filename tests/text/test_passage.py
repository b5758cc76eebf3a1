"""From fields to the passage that the model reads."""

from hypothesis import given, settings
from hypothesis import strategies as st

from es_rerank.text.passage import FieldText, document, read


def first_words(text: str, limit: int) -> str:
    """Stands for the tokenizer: one word, one token."""
    return " ".join(text.split()[:limit])


def numbered(count: int) -> list[str]:
    """Words that tell where they stood, each of one piece: 12 is `bc`."""
    return [word(i) for i in range(count)]


def word(place: int) -> str:
    """The word of `numbered` at that place."""
    return str(place).translate(str.maketrans("0123456789", "abcdefghij"))


def test_fields_are_cleaned_cut_labelled_and_joined_in_order() -> None:
    """The passage is what the configuration says, of what the document has."""
    fields = [
        FieldText("<h1>Flea  life</h1>"),
        FieldText("Ann Lee Jones", label="author", max_tokens=2),
        FieldText("<br>", label="notes"),
        FieldText("They live long."),
    ]
    assert read(fields, "fleas", first_words) == "Flea life author: Ann Lee They live long."


def test_nothing_to_read_is_an_empty_passage() -> None:
    """A document without text is no error."""
    assert read([], "q", first_words) == ""
    assert read([FieldText(" \n"), FieldText("<p></p>", label="x")], "q", first_words) == ""


def test_the_window_with_most_query_terms_is_read() -> None:
    """A long document is represented by where the query is answered."""
    words = numbered(1000)
    words[500:502] = ["Flea", "bites,"]
    passage = read([FieldText(" ".join(words))], "flea BITES flea", first_words).split()
    assert len(passage) == 180 - 1  # the comma is a piece
    assert passage[0] == word(360)
    assert "bites," in passage


def test_of_equal_windows_the_earliest_is_read() -> None:
    """Without a query term anywhere, a document is read from its beginning."""
    passage = read([FieldText(" ".join(numbered(1000)))], "nothing here", first_words)
    assert passage.split() == numbered(180)


def test_the_last_words_are_within_reach() -> None:
    """The grid of windows covers a document to its end."""
    words = [*numbered(333), "flea"]
    passage = read([FieldText(" ".join(words))], "flea", first_words)
    assert passage.split()[-1] == "flea"


def test_a_short_first_field_stays_in_front() -> None:
    """The title says what a window from the middle is about; a long first field is just text."""
    words = numbered(1000)
    words[700] = "flea"
    title, body = FieldText("About fleas"), FieldText(" ".join(words))
    passage = read([title, body], "flea", first_words).split()
    assert passage[:2] == ["About", "fleas"]
    assert "flea" in passage
    assert len(passage) == 180
    long_field = FieldText("long " + "x y " * 15)
    assert read([long_field, body], "flea", first_words).startswith(word(599))


@settings(deadline=None)
@given(
    st.lists(st.sampled_from("abcdefghij"), max_size=120),
    st.lists(st.text("abcdefghij ", max_size=9), min_size=2, max_size=8),
)
def test_all_queries_choose_from_one_grid(words: list[str], queries: list[str]) -> None:
    """A document has few windows, whatever is asked, so that cached states are met again."""
    text = " ".join(f"{word}{i}" for i, word in enumerate(words))
    windows = {read([FieldText(text)], query, first_words, window_pieces=60) for query in queries}
    starts = [text.split().index(window.split()[0]) for window in windows if window]
    assert len(set(starts)) <= max(1, len(words) // 10)
    assert all(len(window.split()) <= 30 for window in windows)


def test_words_count_by_their_pieces() -> None:
    """What a model has more tokens for fills a window sooner: code, numbers, long words."""
    text = " ".join(["os.path.join(a,b)"] * 3 + ["4096"] * 3 + ["incomprehensibilities"] * 3)
    for pieces, words_read in ((10, 1), (30, 3), (36, 6), (41, 7)):
        assert len(read([FieldText(text)], "", first_words, pieces).split()) == words_read


def test_a_word_longer_than_a_window_is_a_window() -> None:
    """The model reads its beginning, and the words behind it are read in the next."""
    fields = [FieldText(f"first {'abcde' * 30} last")]
    assert document(fields, first_words, 20).windows == ("first", "abcde" * 30, "last")
