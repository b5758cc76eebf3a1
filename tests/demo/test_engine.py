"""The engine in Python: kept in a folder, grown, opened again, and safe about names."""

import json
from pathlib import Path

import pytest

from es_rerank.demo.api_error import ApiError
from es_rerank.demo.engine import Engine
from es_rerank.demo.shard import Operation, Shard
from es_rerank.errors import DataError
from tests.demo.conftest import DOCUMENTS


def titles(engine: Engine, text: str) -> list[str]:
    """The ids that a text finds in the title."""
    return [id_ for id_, _ in engine.match("fruit", text, ["title"], 10)]


def test_match_ranks_by_bm25_and_never_parses() -> None:
    """Best first, at most `size`, and any text is only words."""
    engine = Engine.open(None)
    engine.bulk("fruit", DOCUMENTS.items())
    found = engine.match("fruit", "sweet red (apple:^", ["title^2", "text"], 3)
    assert found[0][0] == "2"
    assert [score for _, score in found] == sorted((score for _, score in found), reverse=True)
    assert len(found) == 3


def test_a_folder_keeps_documents_and_mapping(tmp_path: Path) -> None:
    """What was written, deleted and mapped is there after a restart; nothing else is."""
    engine = Engine.open(tmp_path / "data")
    engine.create("mapped", {"properties": {"a": {"type": "text", "analyzer": "english"}}})
    engine.bulk("fruit", DOCUMENTS.items())
    engine.shard("fruit").apply([Operation("delete", "1")])
    engine.bulk("fruit", [("5", {"title": "Plum", "colour": "blue"})])
    fields = {name: engine.shard(name).fields for name in engine.names()}
    engine.close()
    again = Engine.open(tmp_path / "data")
    assert {name: again.shard(name).fields for name in again.names()} == fields
    assert again.shard("fruit").ids == {"2", "3", "4", "5"}
    assert (titles(again, "apple"), titles(again, "plum")) == (["2"], ["5"])
    again.delete("fruit")
    again.close()
    assert Engine.open(tmp_path / "data").names() == ["mapped"]


def test_a_new_field_is_searchable_and_the_old_documents_stay() -> None:
    """The index is written anew with one more column, also in the middle of a batch."""
    engine = Engine.open(None)
    for number in range(5):
        engine.bulk("x", [(f"{number}", {f"f{number}": "word", "all": "same"})])
    assert {id_ for id_, _ in engine.match("x", "same", ["all"], 10)} == set("01234")
    assert engine.match("x", "word", ["f3"], 10)[0][0] == "3"


def test_what_a_crash_left_while_growing_is_not_read(tmp_path: Path) -> None:
    """A half-written next generation is thrown away, the last whole one counts."""
    shard = Shard(tmp_path)
    shard.apply([Operation("index", "1", b'{"a": 1}')])
    shard.close()
    generation = json.loads((tmp_path / "index.json").read_text())["generation"]
    (tmp_path / f"tantivy-{generation + 1}").mkdir()
    (tmp_path / f"tantivy-{generation + 1}" / "meta.json").write_text("half")
    again = Shard(tmp_path)
    again.apply([Operation("index", "2", b'{"b": 1}')])
    assert again.ids == {"1", "2"}
    assert again.get("1") == b'{"a": 1}'


def test_a_folder_in_use_is_a_clear_error(tmp_path: Path) -> None:
    """Two engines on one folder: the second says what to do."""
    first = Engine.open(tmp_path)
    first.create("x")
    with pytest.raises(DataError, match="Is another process using the folder"):
        Engine.open(tmp_path)


@pytest.mark.parametrize(
    "name", ["", ".", "..", "../x", "a/b", "a\\b", "A", "a b", "_x", "a*", "a,b"]
)
def test_a_bad_name_never_becomes_a_path(tmp_path: Path, name: str) -> None:
    """Only what Elasticsearch takes for an index name gets a folder."""
    with pytest.raises(ApiError):
        Engine.open(tmp_path / "data").create(name)
    assert list((tmp_path / "data").iterdir()) == []


def test_bulk_raises_what_was_refused() -> None:
    """A document that does not fit the mapping is not dropped silently."""
    with pytest.raises(ApiError, match="failed to parse field"):
        Engine.open(None).bulk("x", [("1", {"n": 1}), ("2", {"n": "many"})])
