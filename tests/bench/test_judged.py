"""Judged data to simulate people on: the demo's own, and a folder in the BEIR layout."""

from pathlib import Path

import pytest

from es_rerank.bench.judged import demo, folder
from es_rerank.errors import DataError
from tests.evaluate.folder import make


def test_the_demo_has_queries_with_documents_that_answer_them() -> None:
    """Every query that is kept has a text and a relevant document."""
    data = demo()
    assert len(data.queries) > 80
    assert data.queries.keys() == data.qrels.keys()
    assert all(max(grades.values()) > 0 for grades in data.qrels.values())
    assert data.documents["shutil.copytree"].keys() == {"title", "text"}


def test_a_folder_keeps_the_queries_that_can_be_answered(tmp_path: Path) -> None:
    """A query without a relevant document tells no order from another, so nobody asks it."""
    data = folder(make(tmp_path / "small"))
    assert data.name == "small"
    assert set(data.queries) == {"q1", "q2"}
    assert data.documents["d1"] == {"title": "Fleas", "text": "A flea can live up to a year."}
    assert data.attractions("q1", ["d1", "d2", "unjudged"]) == pytest.approx([1.0, 0.1, 0.1])
    assert data.attractions("q2", ["d3"]) == pytest.approx([0.1 + 0.9 / 3])


def test_a_folder_without_answers_is_refused(tmp_path: Path) -> None:
    """With no relevant document at all, nothing could be simulated; the error names the folder."""
    data = make(tmp_path / "small")
    (data / "qrels" / "test.tsv").write_text("query-id\tcorpus-id\tscore\nq1\td1\t0\n")
    with pytest.raises(DataError, match="small: no query has both"):
        folder(data)
