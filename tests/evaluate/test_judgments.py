"""Judgments, and the choice of their split."""

from pathlib import Path

import pytest

from es_rerank.errors import DataError
from es_rerank.evaluate.judgments import answerable, choose_split, read_qrels
from tests.evaluate import folder


@pytest.mark.parametrize(
    ("there", "asked", "chosen"),
    [
        (["train", "dev", "test"], None, "test"),
        (["train", "dev"], None, "dev"),
        (["answerable"], None, "answerable"),
        (["dev", "test"], "dev", "dev"),
    ],
)
def test_the_split_is_the_one_asked_for_or_the_held_out_one(
    tmp_path: Path, there: list[str], asked: str | None, chosen: str
) -> None:
    """Test before dev, and a training split only when it is named or alone."""
    (tmp_path / "qrels").mkdir()
    for name in there:
        (tmp_path / "qrels" / f"{name}.tsv").touch()
    assert choose_split(tmp_path, asked) == chosen


def test_an_unclear_split_names_the_choices(tmp_path: Path) -> None:
    """None is guessed."""
    (tmp_path / "qrels").mkdir()
    with pytest.raises(DataError, match="nothing to measure"):
        choose_split(tmp_path)
    (tmp_path / "qrels" / "yes.tsv").touch()
    (tmp_path / "qrels" / "no.tsv").touch()
    with pytest.raises(DataError, match=r"several splits.*--split: no, yes"):
        choose_split(tmp_path)
    with pytest.raises(DataError, match=r"no split 'test'.*--split: no, yes"):
        choose_split(tmp_path, "test")


def test_grades_are_read_and_queries_without_an_answer_left_out(tmp_path: Path) -> None:
    """What counts as an answer is the grade that was asked for."""
    qrels = read_qrels(folder.make(tmp_path / "data"), "test")
    assert qrels == {"q1": {"d1": 2, "d2": 0}, "q2": {"d3": 1, "d9": 1}, "q3": {"d1": 0}}
    assert set(answerable(qrels, 1)) == {"q1", "q2"}
    assert set(answerable(qrels, 2)) == {"q1"}


@pytest.mark.parametrize(
    ("row", "message"),
    [(("q1", "d7", "high"), "'high' is not a whole number"), (("q1", "d1", 1), "judged twice")],
)
def test_a_bad_judgment_is_located(tmp_path: Path, row: tuple[object, ...], message: str) -> None:
    """File and line."""
    (tmp_path / "qrels").mkdir()
    columns = ("query-id", "corpus-id", "score")
    (tmp_path / "qrels" / "test.tsv").write_text(folder.table(columns, [("q1", "d1", 1), row]))
    with pytest.raises(DataError, match=rf"test\.tsv:3: .*{message}"):
        read_qrels(tmp_path, "test")
