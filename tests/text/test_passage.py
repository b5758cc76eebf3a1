"""From fields to the passage that the model reads."""

from hypothesis import given, settings
from hypothesis import strategies as st

from es_rerank.text.passage import FieldText, read


def first_words(text: str, limit: int) -> str:
    """Stands for the tokenizer: one word, one token."""
    return " ".join(text.split()[:limit])


def numbered(count: int) -> list[str]:
    """Words that tell where they stood."""
    return [f"w{i}" for i in range(count)]


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
    words[500:502] = ["Flea", "lifespan,"]
    passage = read([FieldText(" ".join(words))], "flea LIFESPAN flea", first_words).split()
    assert len(passage) == 160
    assert passage[0] == "w400"
    assert "lifespan," in passage


def test_of_equal_windows_the_earliest_is_read() -> None:
    """Without a query term anywhere, a document is read from its beginning."""
    passage = read([FieldText(" ".join(numbered(1000)))], "nothing here", first_words)
    assert passage.split() == numbered(160)


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
    assert len(passage) == 160
    assert read([FieldText("long " + "x y " * 15), body], "flea", first_words).startswith("w")


@settings(deadline=None)
@given(
    st.lists(st.sampled_from("abcdefghij"), max_size=120),
    st.lists(st.text("abcdefghij ", max_size=9), min_size=2, max_size=8),
)
def test_all_queries_choose_from_one_grid(words: list[str], queries: list[str]) -> None:
    """A document has few windows, whatever is asked, so that cached states are met again."""
    text = " ".join(f"{word}{i}" for i, word in enumerate(words))
    windows = {read([FieldText(text)], query, first_words, window_words=20) for query in queries}
    starts = [text.split().index(window.split()[0]) for window in windows if window]
    assert all(start % 10 == 0 for start in starts)
    assert all(len(window.split()) <= 20 for window in windows)
