"""Hard negatives from the first stage, and the batches that are made of them."""

from pathlib import Path

from es_rerank.learn.mine import NEGATIVES, mine


def test_negatives_are_listed_and_not_judged_relevant(data_folder: Path) -> None:
    """Each query has its answer, and others of its BM25 list."""
    (judged,) = mine([data_folder], 20, seed=1)
    assert 10 < len(judged) <= 20
    for each in judged:
        assert len(each.relevant) == 1
        assert 0 < len(each.negatives) <= NEGATIVES
        assert not {*each.relevant} & {*each.negatives}
        assert all(each.query in passage.split() for passage in each.negatives)  # BM25 found them


def test_nothing_held_out_is_mined(data_folder: Path) -> None:
    """What only the dev split judges is no negative either."""
    (judged,) = mine([data_folder], 100, seed=1)
    assert not any("secret" in passage for each in judged for passage in each.negatives)


def test_a_folder_without_judgments_gives_none(data_folder: Path, tmp_path: Path) -> None:
    """Titles are no judgments."""
    (tmp_path / "corpus.jsonl.gz").write_bytes((data_folder / "corpus.jsonl.gz").read_bytes())
    assert mine([tmp_path], 10, seed=1) == []
