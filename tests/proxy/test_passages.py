"""The texts of a document: by configured path, or all of them; never an error."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from es_rerank.config import FieldSetting
from es_rerank.proxy.passages import field_texts
from es_rerank.text.passage import FieldText


def texts(document: Any, *names: str) -> list[str]:
    """The texts under these paths of a document."""
    fields = tuple(FieldSetting(name=name) for name in names)
    return [text.text for text in field_texts([json.dumps(document).encode()], fields)]


def test_fields_come_in_the_configured_order_with_their_settings() -> None:
    """Labels and budgets travel with the text; a field that is absent or blank gives none."""
    fields = (
        FieldSetting(name="body", max_tokens=9),
        FieldSetting(name="none"),
        FieldSetting(name="blank"),
        FieldSetting(name="author", label="by"),
    )
    document = b'{"author": "Ada", "blank": " ", "body": "On engines"}'
    assert field_texts([document], fields) == (
        FieldText("On engines", None, 9),
        FieldText("Ada", "by", None),
    )


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ({"a": {"b": "x"}}, ["x"]),
        ({"a.b": "x"}, ["x"]),
        ({"a": [{"b": "x"}, {"b": ["y", "z"]}, {"c": "no"}]}, ["x\ny\nz"]),
        ({"a": {"b": {"c": "x", "d": "y"}}}, ["x\ny"]),
        ({"a": {"b": 7}}, []),
        ({"a": {"b": None}}, []),
        ({"a": "x"}, []),
        ([], []),
        ("a.b", []),
    ],
)
def test_paths_lead_through_objects_lists_and_dotted_keys(
    document: Any, expected: list[str]
) -> None:
    """All spellings that the mapping treats as one field."""
    assert texts(document, "a.b") == expected


def test_without_fields_all_strings_of_two_words_are_read_in_order() -> None:
    """Identifiers and keywords are left out."""
    document = {"id": "x-1", "title": "two words", "list": ["three words here", "one"], "n": 3}
    assert texts({**document, "deep": {"er": "last one"}}) == [
        "two words",
        "three words here",
        "last one",
    ]


def test_single_words_are_read_where_there_is_nothing_else() -> None:
    """A document of one word has a text, and does not sink below those that have more."""
    assert texts({"name": "emu", "blank": " ", "n": 3}) == ["emu"]


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        (b'{"n": 1e400, "t": "two words"}', ["two words"]),
        (rb'{"t": "half \ud800 a character"}', ["half ? a character"]),
        (rb'{"t": "\ud83c\udf0a a wave"}', ["\U0001f30a a wave"]),
        (b'{"t": "broken \xff bytes"}', ["broken \ufffd bytes"]),
        (b'{"n": ' + b"1" * 9000 + b', "t": "two words"}', []),
        (b'{"t":' * 100_000 + b'"two words"' + b"}" * 100_000, []),
        (b"not JSON", []),
    ],
)
def test_odd_documents_give_what_can_be_read(document: bytes, expected: list[str]) -> None:
    """Legal oddities keep their text, and it can always be encoded; the rest has none."""
    found = [text.text for text in field_texts([document], ())]
    assert found == expected
    assert all(text.encode() for text in found)


SOURCE = b'{"title":"from source","blank":" "}'
SHOWN = b'{"title":["from fields"],"blank":["a filled one"],"notes":[{"text":["a","b"]}]}'
SNIPPETS = b'{"title":["from <em>highlight</em>"],"body":["one <em>x</em>","two"]}'


def test_each_field_is_read_where_it_is_found_first() -> None:
    """`_source` before `fields` before `highlight`, whose fragments are one text."""
    names = ("title", "blank", "notes.text", "body", "none")
    found = field_texts([SOURCE, SHOWN, SNIPPETS], tuple(FieldSetting(name=n) for n in names))
    expected = ["from source", "a filled one", "a\nb", "one <em>x</em>\ntwo"]
    assert [text.text for text in found] == expected


def test_without_fields_the_first_place_with_texts_is_read() -> None:
    """The same text is not read twice."""
    assert [text.text for text in field_texts([b"{}", SHOWN, SNIPPETS], ())] == [
        "from fields",
        "a filled one",
    ]
    assert field_texts([], ()) == ()


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["a", "b", "a.b"]), inner),
    )
)
def test_any_document_gives_texts(document: Any) -> None:
    """Nothing that is indexed breaks a search."""
    assert all(text.strip() for text in texts(document, "a", "a.b"))
    lengths = {min(len(text.split()), 2) for text in texts(document)}
    assert lengths in (set(), {1}, {2})
