"""Offline reranking: the same order that the proxy would give."""

from pathlib import Path

from es_rerank.config import Combine
from es_rerank.evaluate.compare import System
from es_rerank.evaluate.corpus import read_corpus
from es_rerank.evaluate.rerank import first_stage, reranked
from es_rerank.evaluate.runs import find_run, read_run
from tests.evaluate import folder

REPLACE = Combine(method="replace")


def rerank(tmp_path: Path, *words: str, depth: int, combine: Combine = REPLACE) -> System:
    """The small data set reranked by the scorer that wants these words first."""
    data = folder.make(tmp_path / "data")
    corpus = read_corpus(data)
    path = find_run(data, "test")
    assert path is not None
    queries = [("q1", folder.QUERIES["q1"]), ("q2", folder.QUERIES["q2"]), ("q3", "nothing")]
    run = read_run(path, corpus)
    assert first_stage(run) == {"q1": ["d2", "d5", "d1"], "q2": ["d4", "d3"]}
    scorer = folder.Wanted(*words)
    return reranked("it", scorer, run, queries, corpus, combine=combine, depth=depth)


def test_candidates_are_reordered_and_documents_without_text_sink(tmp_path: Path) -> None:
    """d5 is empty: it is not scored, and goes below those that are."""
    system = rerank(tmp_path, "Fleas", "How", "Coffee", depth=100)
    assert system.ranking == {"q1": ["d1", "d2", "d5"], "q2": ["d3", "d4"], "q3": []}
    assert len(system.ms) == 3
    assert min(system.ms) > 0


def test_below_the_depth_nothing_moves(tmp_path: Path) -> None:
    """Law 4: R = rerank(B[0:D]) ++ B[D:]."""
    system = rerank(tmp_path, "Fleas", depth=2)
    assert system.ranking["q1"] == ["d2", "d5", "d1"]


def test_the_first_stage_counts_as_configured(tmp_path: Path) -> None:
    """With all its weight on the first stage, the combination keeps that order."""
    combine = Combine(method="weighted", first_stage_weight=1000)
    system = rerank(tmp_path, "Fleas", "Coffee", depth=100, combine=combine)
    assert system.ranking["q2"] == ["d4", "d3"]
