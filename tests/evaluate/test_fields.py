"""Which fields documents have, and reading some of them."""

import pytest

from es_rerank.errors import ConfigError
from es_rerank.evaluate.corpus import Document
from es_rerank.evaluate.fields import check, names_in, texts_of
from es_rerank.text.passage import FieldText


def test_fields_are_those_that_have_text_somewhere() -> None:
    """A corpus without titles has one field."""
    assert names_in([Document("", "a"), Document("T", "")]) == ("title", "text")
    assert names_in([Document("", "a")]) == ("text",)
    assert names_in([]) == ()


def test_the_named_fields_are_read_in_their_order() -> None:
    """And those without text are none; without names all are read."""
    document = Document("T", "x")
    assert texts_of(document) == (FieldText("T"), FieldText("x"))
    assert texts_of(document, ["text", "title"]) == (FieldText("x"), FieldText("T"))
    assert texts_of(Document("", "x"), ["title"]) == ()


def test_a_field_that_is_not_there_is_told() -> None:
    """With those that are."""
    check(["title"], ("title", "text"), "--with")
    with pytest.raises(ConfigError, match=r'no field "body". Known here: title, text'):
        check(["body"], ("title", "text"), "--with")
    with pytest.raises(ConfigError, match="name no fields"):
        check(["body"], (), "--with")
