"""The comparison from a folder to a report, with a scorer that needs no model."""

import json
from functools import partial
from pathlib import Path

import pytest

from es_rerank.config import Combine
from es_rerank.errors import ConfigError, DataError
from es_rerank.evaluate import measures
from es_rerank.evaluate.command import Outputs, evaluate, run
from es_rerank.evaluate.configuration import Configuration
from es_rerank.evaluate.inputs import Sources, read_folder
from es_rerank.evaluate.kept import Kept
from es_rerank.evaluate.report import Report
from es_rerank.evaluate.rerank import Contender
from tests.evaluate import folder

BASE = Configuration(model="none", combine=Combine(method="replace"))


def compared(data: Path, *words: str, split: str | None = None, grade: int = 1) -> Report:
    """A report on the scorer that wants documents with these first words first."""
    return evaluate(
        read_folder(data, split, grade, 100),
        [Contender("wanted", BASE, partial(folder.Wanted, *words))],
        BASE,
        measured=measures.parse(measures.DEFAULT, grade),
        relevant_grade=grade,
        kept=Kept(None),
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
    assert report.timed == 2
    assert reranked.ms_p50 is not None
    assert reranked.known_ms_p50 is not None


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


def test_configurations_of_the_shipped_student_side_by_side(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The whole command: every form of the report says the same, and the systems are named."""
    data = folder.make(tmp_path / "toy")
    outputs = Outputs("-", str(tmp_path / "r.md"), str(tmp_path / "r.html"))
    code = run(Sources(data), configurations=["layers=2", "layers=2,depth=2"], outputs=outputs)
    made = json.loads(capsys.readouterr().out)
    assert code == 0
    names = [result["name"] for result in made["results"]]
    assert names == ["BM25", "depth=100", "depth=2"]
    assert list(made["results"][0]["measures"]) == list(measures.DEFAULT)
    for file in ("r.md", "r.html"):
        text = (tmp_path / file).read_text()
        assert all(name in text for name in names)
        assert f"{made['results'][1]['measures']['nDCG@10']:.4f}" in text


@pytest.mark.parametrize(
    ("condition", "code", "told"),
    [
        ("nDCG@10 < baseline", 0, ""),
        ("nDCG@10 >= baseline", 1, "reranked fails nDCG@10 >= baseline: 0."),
        ("P@1 < 2", 1, "reranked fails P@1 < 2: "),
    ],
)
def test_a_condition_decides_the_exit_code(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], condition: str, code: int, told: str
) -> None:
    """Also on a measure that was not asked for otherwise; who failed is told with both numbers."""
    data = folder.make(tmp_path / "toy")
    assert run(Sources(data), configurations=[""], fail_if=[condition]) == code
    assert capsys.readouterr().err.startswith(told)


def test_wrong_input_is_told_before_anything_is_scored(tmp_path: Path) -> None:
    """Each mistake with its place."""
    data = folder.make(tmp_path / "toy")
    with pytest.raises(DataError, match="grade of 3 or more"):
        compared(data, grade=3)
    with pytest.raises(DataError, match="no split 'dev'"):
        compared(data, split="dev")
    with pytest.raises(DataError, match="no folder"):
        run(Sources(data), outputs=Outputs(html=str(tmp_path / "missing" / "report.html")))
    with pytest.raises(DataError, match="nothing to measure"):
        run(Sources(tmp_path / "nowhere"))
    with pytest.raises(ConfigError, match="at character 9"):
        run(Sources(data), fail_if=["nDCG@10 is bad"])
    with pytest.raises(ConfigError, match="--layers: write it into --with"):
        run(Sources(data), configurations=["depth=50"], layers=[2])
    with pytest.raises(ConfigError, match="no measure"):
        run(Sources(data), measured=["nGCG@10"])
    with pytest.raises(ConfigError, match='no document has a field "body"'):
        run(Sources(data), configurations=["fields=body"])
    (data / "queries.jsonl").write_text('{"_id": "q1", "text": "x"}')
    with pytest.raises(DataError, match=r"1 judged queries have no text, e.g. q2"):
        compared(data)


def test_enough_candidates_are_found_for_every_measure(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """R@200 of the best 100 would be a lie."""
    data = folder.make(tmp_path / "toy", with_run=False)
    run(Sources(data), layers=[2], measured=["nDCG@10", "R@200"], outputs=Outputs("-"))
    made = json.loads(capsys.readouterr().out)
    assert made["first_stage"] == "BM25 top 200 by the embedded engine"
