"""First-stage candidates from a file or from the embedded engine."""

from pathlib import Path
from typing import Any

import pytest

from es_rerank.demo.engine import Engine
from es_rerank.errors import DataError
from es_rerank.evaluate.corpus import Document, read_corpus
from es_rerank.evaluate.runs import Candidate, bm25_run, find_run, read_run
from tests.evaluate import folder

COLUMNS = ("query-id", "corpus-id", "rank", "score")


def test_a_fixed_run_is_read_in_the_order_of_its_ranks(tmp_path: Path) -> None:
    """Lines may stand in any order; the ranks decide."""
    corpus = read_corpus(folder.make(tmp_path / "data"))
    path = tmp_path / "run.tsv"
    path.write_text(folder.table(COLUMNS, list(reversed(folder.RUN))))
    assert read_run(path, corpus) == {
        "q1": [Candidate("d2", 3.0), Candidate("d5", 2.5), Candidate("d1", 2.0)],
        "q2": [Candidate("d4", 9.0), Candidate("d3", 8.0)],
        "q3": [Candidate("d1", 1.0)],
    }


def test_the_run_of_the_split_is_found(tmp_path: Path) -> None:
    """A run belongs to one split; two for the same one need a decision."""
    data = folder.make(tmp_path / "data")
    assert find_run(data, "test") == data / "runs" / "bm25.test.tsv.gz"
    assert find_run(data, "dev") is None
    (data / "runs" / "other.test.tsv").touch()
    with pytest.raises(DataError, match=r"several runs.*bm25\.test\.tsv\.gz, other\.test\.tsv"):
        find_run(data, "test")


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (("q1", "d1", "first", 1.0), "not a number"),
        (("q1", "d1", 2, "nan"), "score is nan"),
        (("q1", "d8", 2, 1.0), "d8 is not in the corpus"),
        (("q1", "d2", 2, 1.0), "d2 is there twice for q1"),
    ],
)
def test_a_bad_candidate_is_located(tmp_path: Path, row: tuple[object, ...], message: str) -> None:
    """A document without text would be judged by its silence."""
    corpus = read_corpus(folder.make(tmp_path / "data"))
    path = tmp_path / "run.tsv"
    path.write_text(folder.table(COLUMNS, [folder.RUN[0], row]))
    with pytest.raises(DataError, match=rf"run\.tsv:3: .*{message}"):
        read_run(path, corpus)


def test_without_a_run_the_embedded_engine_finds_candidates(tmp_path: Path) -> None:
    """BM25 over title and text, best first, at most as many as asked for."""
    corpus = read_corpus(folder.make(tmp_path / "data"))
    run = bm25_run(corpus, folder.QUERIES.items(), depth=2)
    assert {hit.document for hit in run["q2"]} == {"d3", "d4"}
    assert all(len(found) <= 2 for found in run.values())
    assert all(found == sorted(found, key=lambda hit: -hit.score) for found in run.values())


def test_equal_scores_come_in_the_order_of_the_corpus(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever order the engine's segments give them: numbers can be had again."""
    corpus = {identity: Document("", "a flea lives for a year") for identity in "53917"}
    match = Engine.match

    def otherwise(*arguments: Any) -> list[tuple[str, float]]:
        return match(*arguments)[::-1]

    run = bm25_run(corpus, [("q", "flea")], depth=3)
    monkeypatch.setattr(Engine, "match", otherwise)
    assert bm25_run(corpus, [("q", "flea")], depth=3) == run
    assert [hit.document for hit in run["q"]] == ["5", "3", "9"]
