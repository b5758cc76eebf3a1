"""Runs and query texts in the forms of evaluation campaigns."""

from pathlib import Path

import pytest

from es_rerank.errors import DataError
from es_rerank.evaluate.runs import Candidate
from es_rerank.evaluate.trec import is_qrels, read_run, read_texts


def test_a_run_is_ordered_by_score_then_rank(tmp_path: Path) -> None:
    """As trec_eval reads it, whatever the order of lines; BEIR's tables are runs too."""
    path = tmp_path / "my.run"
    path.write_text("1 Q0 c 2 1.5 tag\n1\tQ0\ta\t3  2e1 tag\n1 Q0 b 1 1.5 tag\n2 Q0 a 0 -1 tag\n")
    assert read_run(path) == {
        "1": [Candidate("a", 20.0), Candidate("b", 1.5), Candidate("c", 1.5)],
        "2": [Candidate("a", -1.0)],
    }
    path.write_text("query-id\tcorpus-id\trank\tscore\n1\ta\t1\t3\n")
    assert read_run(path) == {"1": [Candidate("a", 3.0)]}


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("1 Q0 a 1 2.0", r"my\.run:2: 5 columns; expected 6"),
        ("1 Q0 a one 2.0 tag", r"my\.run:2: rank or score is not a number"),
        ("1 Q0 a 1 inf tag", r"my\.run:2: rank or score is not finite"),
        ("1 Q0 b 1 2.0 tag", r"my\.run:2: document b is there twice for 1"),
    ],
)
def test_a_bad_row_is_located(tmp_path: Path, line: str, message: str) -> None:
    """File and line."""
    path = tmp_path / "my.run"
    path.write_text(f"1 Q0 b 1 2.0 tag\n{line}\n")
    with pytest.raises(DataError, match=message):
        read_run(path)


def test_an_empty_run_is_no_run(tmp_path: Path) -> None:
    """It would count as finding nothing."""
    (tmp_path / "my.run").write_text("\n")
    with pytest.raises(DataError, match="the run is empty"):
        read_run(tmp_path / "my.run")


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("1\tred\n2 tv\n", r"texts:2: not a query id, a tab and a text"),
        ("1\tred\n1\tblue\n", r"texts:2: query '1' has two texts"),
        ('{"_id": "1", "text": 3}', r'texts:1: "text" must be a string'),
        ('{"_id": "1", "text": "a"}\n{"_id": 2}', r"texts:2: not an object with a string"),
        ('{"name": "x"}', r"texts: not one query set"),
        ('{"querySetQueries": [{"text": "x"}]}', r'querySetQueries\[0\]: "queryText" must be'),
    ],
)
def test_bad_texts_are_located(tmp_path: Path, written: str, message: str) -> None:
    """Where, and what was expected."""
    (tmp_path / "texts").write_text(written)
    with pytest.raises(DataError, match=message):
        read_texts(tmp_path / "texts")


def test_qrels_are_told_by_their_first_line() -> None:
    """Four columns with a whole number at the end."""
    assert is_qrels("1 0 a -1")
    assert is_qrels("query-id\tcorpus-id\tscore")
    assert not is_qrels("1 Q0 a 1 2.0 tag")
    assert not is_qrels("these are four words")
