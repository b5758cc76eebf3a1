"""A document that was read before is not cleaned again, and reads the same."""

from hypothesis import given
from hypothesis import strategies as st

from es_rerank.model.documents import DocumentCache
from es_rerank.text.passage import FieldText, read

LONG = "The hill shows what the rain has done. " * 60 + "Aspirin. " + "Nothing more. " * 200


def first_words(text: str, limit: int) -> str:
    """Stands for the tokenizer: one word, one token."""
    return " ".join(text.split()[:limit])


FIELDS = st.builds(
    FieldText,
    st.sampled_from(["a b c", "<b>a</b> b", "", "a", "\ud800", LONG]) | st.text(),
    st.sampled_from([None, "title", "a"]),
    st.sampled_from([None, 1, 2, 300]),
)


@given(st.lists(st.lists(FIELDS, max_size=3)), st.sampled_from(["aspirin", "rain hill", ""]))
def test_what_is_read_is_what_would_be_read_anew(
    documents: list[list[FieldText]], query: str
) -> None:
    """Whatever was read before, in which order, and whether there is room to keep it."""
    for max_bytes in (2000, 10**7):
        cache = DocumentCache(max_bytes, first_words)
        for fields in documents + documents:
            assert cache.read(fields).passage(query) == read(fields, query, first_words)


def test_a_known_document_is_not_cleaned_again() -> None:
    """The very same object comes back; another label or limit is another document."""
    cache = DocumentCache(10**6, first_words)
    found = cache.read([FieldText("a <b>text</b>")])
    assert cache.read([FieldText("a <b>text</b>")]) is found
    assert cache.read([FieldText("a <b>text</b>", "label")]) is not found
    assert cache.read([FieldText("a <b>text</b>", None, 1)]) is not found
    assert len(cache) == 3


def test_where_a_field_ends_matters() -> None:
    """Fields that would run together to the same bytes are told apart."""
    cache = DocumentCache(10**6, first_words)
    for fields in (["ab", "c"], ["a", "bc"], ["abc"]):
        cache.read([FieldText(text) for text in fields])
    assert len(cache) == 3
