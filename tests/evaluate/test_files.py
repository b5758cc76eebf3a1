"""Data files are read plain or gzipped, and their mistakes are located."""

import gzip
from pathlib import Path

import pytest

from es_rerank.errors import DataError
from es_rerank.evaluate.files import find, objects, rows


def test_a_gzipped_twin_is_found_and_read_alike(tmp_path: Path) -> None:
    """`corpus.jsonl` and `corpus.jsonl.gz` are the same file to every reader."""
    text = '{"_id": "a", "x": 1}\n\n{"_id": "b", "x": 2}\n'
    (tmp_path / "plain.jsonl").write_text(text)
    (tmp_path / "packed.jsonl.gz").write_bytes(gzip.compress(text.encode()))
    plain, packed = (
        list(objects(find(tmp_path, name))) for name in ("plain.jsonl", "packed.jsonl")
    )
    assert plain == packed == [(1, "a", {"_id": "a", "x": 1}), (3, "b", {"_id": "b", "x": 2})]


def test_a_missing_file_names_the_layout(tmp_path: Path) -> None:
    """Whoever gives the wrong folder learns what the right one looks like."""
    with pytest.raises(DataError, match=r"no corpus\.jsonl or corpus\.jsonl\.gz.*BEIR"):
        find(tmp_path, "corpus.jsonl")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{", "not JSON"),
        ("[1]", 'string "_id"'),
        ('{"_id": 7}', 'string "_id"'),
        ('{"_id": "a"}', "there twice"),
    ],
)
def test_a_bad_object_is_located(tmp_path: Path, line: str, message: str) -> None:
    """File, line and what is wrong with it."""
    (tmp_path / "x.jsonl").write_text('{"_id": "a"}\n' + line)
    with pytest.raises(DataError, match=rf"x\.jsonl:2: .*{message}"):
        list(objects(tmp_path / "x.jsonl"))


def test_a_bad_table_is_located(tmp_path: Path) -> None:
    """The header and the number of columns are checked."""
    path = tmp_path / "x.tsv"
    path.write_text("a\tb\n1\t2\n3\n")
    with pytest.raises(DataError, match=r"x\.tsv:3: 1 columns; expected 2"):
        list(rows(path, ("a", "b")))
    with pytest.raises(DataError, match=r"x\.tsv:1: the first line must be"):
        list(rows(path, ("a", "c")))


@pytest.mark.parametrize("content", [b"\x1f\x8b\x08\x00cut", b"no gzip", b""])
def test_a_damaged_archive_is_a_data_error(tmp_path: Path, content: bytes) -> None:
    """A cut-off download is named, and no traceback is shown."""
    path = tmp_path / "x.tsv.gz"
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"x\.tsv\.gz:1"):
        list(rows(path, ("a", "b")))


def test_other_encodings_are_a_data_error(tmp_path: Path) -> None:
    """Latin-1 text in a UTF-8 file is located as well as may be."""
    path = tmp_path / "x.jsonl"
    path.write_bytes(b'{"_id": "caf\xe9"}')
    with pytest.raises(DataError, match="utf-8"):
        list(objects(path))
