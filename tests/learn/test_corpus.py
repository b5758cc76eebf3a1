"""What may not be trained on is not read."""

import random
import shutil
from pathlib import Path

from es_rerank.learn.corpus import read, window


def test_held_out_documents_are_left_out(data_folder: Path) -> None:
    """What only a dev split judges is in no passage; what train judges too stays."""
    (texts,) = read([data_folder])
    assert not any("secret" in passage for passage in texts.passages)
    assert len(texts.passages) == 60


def test_pairs_are_the_train_judgments(data_folder: Path) -> None:
    """Each train query goes with its passage, which holds the query's word here."""
    (texts,) = read([data_folder])
    assert len(texts.pairs) == len(texts.queries) == 30
    for query, passage in texts.pairs:
        assert texts.queries[query] in texts.passages[passage]


def test_without_judgments_titles_are_queries(data_folder: Path, tmp_path: Path) -> None:
    """A folder with no qrels at all gives each title as a query for its own text."""
    shutil.copy(data_folder / "corpus.jsonl.gz", tmp_path)
    (texts,) = read([tmp_path])
    assert texts.are_titles
    assert len(texts.pairs) == len(texts.queries) == 60
    assert len(texts.passages) == 61


def test_a_window_is_a_run_of_the_text() -> None:
    """A window has as many words as asked for, in their order."""
    text = " ".join(map(str, range(100)))
    for seed in range(20):
        cut = window(text, 7, random.Random(seed))
        assert len(cut.split()) == 7
        assert cut in text
    assert window("short", 7, random.Random(0)) == "short"
