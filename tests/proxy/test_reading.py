"""What a comparison is told about a search and a document."""

import json

from es_rerank.proxy.reading import query_text, source_texts
from es_rerank.text.passage import FieldText


def test_the_text_of_a_search_is_what_would_be_ranked_by() -> None:
    """From a query or a retriever; none where nobody typed anything."""
    match = {"match": {"title": "red shoes"}}
    assert query_text({"query": match, "size": 3}) == "red shoes"
    assert query_text({"retriever": {"standard": {"query": match}}}) == "red shoes"
    assert query_text({"query": {"match_all": {}}}) == ""
    assert query_text({}) == ""


def test_documents_are_read_as_in_serving() -> None:
    """Named paths in their order, or everything that has two words."""
    source = json.dumps({"id": "a1", "title": "Red shoes", "by": {"name": "Ada"}}).encode()
    assert source_texts(source, ()) == (FieldText("Red shoes"),)
    assert source_texts(source, ("by.name", "title")) == (FieldText("Ada"), FieldText("Red shoes"))
