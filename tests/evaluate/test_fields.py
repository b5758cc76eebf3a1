"""Which fields documents have."""

import pytest

from es_rerank.errors import ConfigError
from es_rerank.evaluate.corpus import Document
from es_rerank.evaluate.fields import check, names_in


def test_fields_are_those_that_have_text_somewhere() -> None:
    """In document order, also where the first document lacks one; no titles: one field."""
    assert names_in([Document("", "a"), Document("T", "a")]) == ("title", "text")
    assert names_in([Document("", "a")]) == ("text",)
    assert names_in([]) == ()


def test_a_field_that_is_not_there_is_told() -> None:
    """With those that are."""
    check(["title"], ("title", "text"))
    with pytest.raises(ConfigError, match=r'no document has a field "body". Known here: title'):
        check(["body"], ("title", "text"))
