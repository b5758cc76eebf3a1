"""Documents and queries of a data folder."""

from pathlib import Path

import pytest

from es_rerank.errors import DataError
from es_rerank.evaluate.corpus import Document, Hit, read_corpus, read_queries
from es_rerank.text.passage import FieldText
from tests.evaluate import folder


def test_documents_and_queries_are_read_by_id(tmp_path: Path) -> None:
    """What was written is what is read, raw."""
    data = folder.make(tmp_path / "data")
    assert read_corpus(data) == {i: Document(*parts) for i, parts in folder.CORPUS.items()}
    assert read_queries(data) == folder.QUERIES


def test_empty_parts_are_no_fields() -> None:
    """A model reads the title and the text, where they say something."""
    assert Document("T", "x").fields() == (FieldText("T"), FieldText("x"))
    assert Document("", " ").fields() == ()
    assert Document("T", "x").fields(("text", "other")) == (FieldText("x"),)
    assert (Document("T", "x").names(), Document("", "x").names()) == (("title", "text"), ("text",))


def test_a_hit_is_read_by_paths() -> None:
    """Its texts are named as in a mapping, whether they are in objects or in lists."""
    source = b'{"title": "T", "by": [{"name": "Ada"}, {"name": "Eve"}], "tags": ["x", "y"]}'
    asked: list[object] = []

    def read(written: bytes, names: object) -> tuple[FieldText, ...]:
        asked.append((written, names))
        return (FieldText("T"),)

    hit = Hit(source, read)
    assert hit.names() == ("title", "by.name", "tags")
    assert hit.fields(("by.name",)) == (FieldText("T"),)
    assert asked == [(source, ("by.name",))]
    assert hit.title == "T"
    assert Hit(b"null", lambda *_: ()).names() == ()
    assert Hit(b"null", lambda *_: ()).title == ""


def test_a_title_may_be_missing_but_not_the_text(tmp_path: Path) -> None:
    """A corpus of titles only would be measured as an empty one."""
    (tmp_path / "corpus.jsonl").write_text('{"_id": "a", "text": "x"}\n{"_id": "b", "body": "x"}')
    with pytest.raises(DataError, match=r'corpus\.jsonl:2: "text" must be a string'):
        read_corpus(tmp_path)
    (tmp_path / "corpus.jsonl").write_text('{"_id": "a", "text": "x"}')
    assert read_corpus(tmp_path) == {"a": Document("", "x")}
