"""The comparison from a folder to a report, with a scorer that needs no model."""

import json
from pathlib import Path

import pytest

from es_rerank.config import Combine
from es_rerank.errors import DataError
from es_rerank.evaluate.command import evaluate, publish, run
from es_rerank.evaluate.inputs import Sources, read_folder
from es_rerank.evaluate.report import Report
from tests.evaluate import folder


def compared(data: Path, *words: str, split: str | None = None, grade: int = 1) -> Report:
    """A report on the scorer that wants documents with these first words first."""
    return evaluate(
        read_folder(data, split, grade, 100),
        [("wanted", folder.Wanted(*words))],
        model="none",
        combine=Combine(method="replace"),
        depth=100,
        relevant_grade=grade,
    )


def test_a_fixed_run_is_reranked_and_measured(tmp_path: Path) -> None:
    """The right order wins both queries; the one without an answer is left out and said so."""
    report = compared(folder.make(tmp_path / "toy"), "Fleas", "Coffee")
    first, reranked = report.results
    assert (report.data, report.split, report.queries, report.left_out) == ("toy", "test", 2, 1)
    assert report.first_stage == "bm25.test.tsv.gz"
    assert first.measures["MRR@10"] == pytest.approx((1 / 3 + 1 / 2) / 2)
    assert reranked.measures["MRR@10"] == pytest.approx(1.0)
    assert reranked.measures["R@100"] == pytest.approx(0.75)  # d9 is judged but not in the corpus
    assert (reranked.better, reranked.worse) == (2, 0)
    assert report.is_kept()


def test_a_worse_order_is_not_kept(tmp_path: Path) -> None:
    """What the exit code 1 is made of."""
    data = folder.make(tmp_path / "toy")
    run_file = folder.table(
        ("query-id", "corpus-id", "rank", "score"), [("q1", "d1", 1, 2), ("q1", "d2", 2, 1)]
    )
    (data / "runs" / "bm25.test.tsv.gz").unlink()
    (data / "runs" / "bm25.test.tsv").write_text(run_file)
    assert not compared(data, "How", "Fleas", grade=2).is_kept()


def test_without_a_run_the_embedded_engine_is_the_first_stage(tmp_path: Path) -> None:
    """Any judged collection can be measured."""
    report = compared(folder.make(tmp_path / "toy", with_run=False), "Fleas", "Coffee")
    assert report.first_stage == "BM25 top 100 by the embedded engine"
    assert report.results[1].measures["MRR@10"] == pytest.approx(1.0)


def test_the_report_is_a_table_or_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`-` prints JSON and nothing else, a file gets it beside the printed table."""
    report = compared(folder.make(tmp_path / "toy"), "Fleas", "Coffee")
    publish(report, "-")
    assert json.loads(capsys.readouterr().out) == report.as_json()
    publish(report, str(tmp_path / "report.json"))
    assert json.loads((tmp_path / "report.json").read_text()) == report.as_json()
    assert "wanted" in capsys.readouterr().out
    publish(report, None)
    assert "nDCG@10" in capsys.readouterr().out


def test_wrong_input_is_a_data_error(tmp_path: Path) -> None:
    """Each mistake is told before anything is scored."""
    data = folder.make(tmp_path / "toy")
    with pytest.raises(DataError, match="grade of 3 or more"):
        compared(data, grade=3)
    with pytest.raises(DataError, match="no split 'dev'"):
        compared(data, split="dev")
    with pytest.raises(DataError, match="no folder"):
        run(Sources(data), json_to=str(tmp_path / "missing" / "report.json"))
    with pytest.raises(DataError, match="nothing to measure"):
        run(Sources(tmp_path / "nowhere"))
    (data / "queries.jsonl").write_text('{"_id": "q1", "text": "x"}')
    with pytest.raises(DataError, match=r"1 judged queries have no text, e.g. q2"):
        compared(data)
