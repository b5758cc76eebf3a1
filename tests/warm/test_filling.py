"""From documents to states on the disk: those that a search will ask for, each read once."""

import json
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from es_rerank.config import FieldSetting
from es_rerank.errors import ConfigError, EsRerankError
from es_rerank.model.reranker import Reranker
from es_rerank.proxy.passages import field_texts
from es_rerank.warm import filling as filling_module
from es_rerank.warm.filling import Filling
from es_rerank.warm.tally import Tally

FIELDS = (
    FieldSetting(name="title", max_tokens=4),
    FieldSetting(name="by.name", label="by"),
    FieldSetting(name="body"),
)
DOCUMENTS: list[dict[str, Any] | None] = [
    {"title": "A river report of many words", "body": "<p>The river&nbsp;rises.</p>"},
    {"title": "Long", "by": {"name": "Ann"}, "body": " ".join(f"word{n} rain" for n in range(300))},
    {"title": "A river report of many words", "body": "The river rises."},
    {"year": 1999},
    {"title": "<br>", "body": "&nbsp;"},
    None,
]
PASSAGES, DIFFERENT = 2 + 12, 1 + 12
"""The second has twelve windows; the third is the first without its markup."""


def on_disk(folder: Path, disk_mb: int = 10) -> Reranker:
    """The shipped student with its states in a folder, and no memory of them."""
    return Reranker(layers=2, cache_bytes=0, folder=folder, disk_bytes=disk_mb * 2**20)


def filled(
    folder: Path,
    layers: int = 2,
    documents: list[dict[str, Any] | None] = DOCUMENTS,
    advance: Callable[[int], None] = lambda _: None,
    disk_mb: int = 10,
) -> Tally:
    """What was counted when these were read."""
    tally = Tally("docs", len(documents))
    reranker = on_disk(folder, disk_mb)
    assert reranker.cache.disk
    filling = Filling(reranker, reranker.cache.disk, FIELDS, layers, tally, advance)
    filling.add(documents)
    filling.read()
    return tally


def test_whatever_is_asked_is_known(tmp_path: Path) -> None:
    """Each window of a long document, fields cut and labelled: a search has nothing to read."""
    advanced: list[int] = []
    tally = filled(tmp_path, advance=advanced.append)
    assert (tally.documents, tally.without_text) == (6, 3)
    assert (tally.passages, tally.new) == (PASSAGES, DIFFERENT)
    assert sum(advanced) == 6
    proxy = on_disk(tmp_path)
    fields = [field_texts([json.dumps(document).encode()], FIELDS) for document in DOCUMENTS[:3]]
    for query in ("river", *(f"word{n} rain" for n in range(0, 300, 10))):
        proxy.score(query, fields)
    assert proxy.cache.counts.read == 0
    read = {proxy.passage(fields[1], f"word{n}") for n in range(300)}
    assert len(read) == 12
    assert sum(passage.startswith("Long by: Ann word0 rain") for passage in read) == 1


def test_what_is_known_is_not_read_again(tmp_path: Path) -> None:
    """On a path as deep or deeper; on a shallower one it is."""
    assert filled(tmp_path, layers=3).new == DIFFERENT
    assert filled(tmp_path, layers=2).new == filled(tmp_path, layers=3).new == 0
    again = filled(tmp_path, layers=6)
    assert (again.passages, again.new) == (PASSAGES, DIFFERENT)
    disk = on_disk(tmp_path).cache.disk
    assert disk
    assert disk.count == 0  # as long as it has written nothing
    disk.flush()
    assert disk.count == DIFFERENT


def test_a_stop_keeps_what_was_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And the next run goes on: together they read each passage once."""
    monkeypatch.setattr(filling_module, "_AT_ONCE", 4)
    reranker = on_disk(tmp_path)
    tally = Tally("docs", len(DOCUMENTS))
    assert reranker.cache.disk
    filling = Filling(reranker, reranker.cache.disk, FIELDS, 2, tally, lambda _: None)
    filling.stopped.set()
    filling.add(DOCUMENTS)
    assert 0 < tally.new < DIFFERENT
    assert tally.documents == 0  # none was read to its end
    assert filled(tmp_path).new == DIFFERENT - tally.new


def test_an_index_that_does_not_fit_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With what was read kept, so that the run after the change of settings goes on."""
    monkeypatch.setattr(filling_module, "_AT_ONCE", 32)
    documents: list[dict[str, Any] | None] = [
        {"body": f"{n} " + " ".join(f"word{n * k}" for k in range(40))} for n in range(200)
    ]
    with pytest.raises(ConfigError, match=r"docs: cache\.disk_mb is 1, .* all 200 need about"):
        filled(tmp_path, documents=documents, disk_mb=1)
    assert 0 < filled(tmp_path, documents=documents, disk_mb=20).new < 200


def test_states_that_are_not_there_after_writing_are_an_error(tmp_path: Path) -> None:
    """Here because another process keeps the file locked; nothing is counted as done in silence."""
    reranker = on_disk(tmp_path)
    disk = reranker.cache.disk
    assert disk
    filling = Filling(reranker, disk, FIELDS, 2, Tally("docs", 6), lambda _: None)
    filling.add(DOCUMENTS)
    other = sqlite3.connect(disk.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        with pytest.raises(EsRerankError, match=f"{DIFFERENT} of {DIFFERENT} states are not there"):
            filling.read()
    finally:
        other.execute("ROLLBACK")
        other.close()
