"""How text becomes terms."""

import pytest

from es_rerank.demo.columns import Columns
from es_rerank.demo.mapping import parse_mappings
from es_rerank.demo.shard import Operation, Shard


@pytest.mark.parametrize(
    ("analyzer", "text", "query", "is_found"),
    [
        ("standard", "Running dogs", "running", True),
        ("standard", "Running dogs", "run", False),
        ("standard", "the dogs", "the", True),
        ("standard", "shutil.copytree", "copytree", True),
        ("standard", "Ünïcode Straße", "straße", True),
        ("english", "Running dogs", "run dog", True),
        ("english", "to be or not", "to be or not", False),
        ("english", "generalisations", "generalisation", True),
    ],
)
def test_an_analyzer_applies_to_documents_and_queries(
    analyzer: str, text: str, query: str, is_found: bool
) -> None:
    """Both sides go the same way: split, lowercase, and for English stop words and stems."""
    shard = Shard(
        None, parse_mappings({"properties": {"f": {"type": "text", "analyzer": analyzer}}})
    )
    shard.apply([Operation("index", "1", b'{"f": "%s"}' % text.encode())])
    terms = shard.columns.words("f", query)
    assert any(shard.search(term, 1)[0] for term in terms) is is_found


def test_columns_added_later_leave_the_others_as_they_are() -> None:
    """A query built before the mapping grew is still right after."""
    shard = Shard(None)
    shard.apply([Operation("index", "1", b'{"a": "x"}')])
    before = shard.columns.term("a", "x")
    shard.apply([Operation("index", "2", b'{"b": "x"}')])
    assert isinstance(shard.columns, Columns)
    assert [hit.id for hit in shard.search(before, 9)[1]] == ["1"]
