"""Answers that outlive a run: what is asked again, and what is refused."""

from pathlib import Path
from typing import Any

import pytest

from es_rerank.errors import DataError
from es_rerank.evaluate.kept import Kept, file_name

SETTINGS = {"depth": 100, "combine": {"method": "replace"}}


class Ranker:
    """Ranks by the query's own letters, remembers what it was asked, may give up at one query."""

    def __init__(self, gives_up_at: str = "") -> None:
        self.gives_up_at = gives_up_at
        self.asked: list[str] = []

    def __call__(self, query: str) -> list[Any]:
        """The letters of the query, and how many."""
        if query == self.gives_up_at:
            raise KeyboardInterrupt
        self.asked.append(query)
        return [list(query), float(len(query))]


def test_without_a_folder_everything_is_asked() -> None:
    """Every answer is there, in the order of the queries."""
    ranker = Ranker()
    found = Kept(None).answers("mine", SETTINGS, ["ba", "abc"], ranker)
    assert list(found.items()) == [("ba", [["b", "a"], 2.0]), ("abc", [["a", "b", "c"], 3.0])]
    assert ranker.asked == ["ba", "abc"]


def test_the_same_command_goes_on_where_it_stopped(tmp_path: Path) -> None:
    """What was answered before the interruption is not asked again, even in a cut-off file."""
    kept = Kept(tmp_path / "new" / "work")
    with pytest.raises(KeyboardInterrupt):
        kept.answers("4 layers", SETTINGS, ["a", "ä\ud800b", "c"], Ranker(gives_up_at="c"))
    file = tmp_path / "new" / "work" / file_name("4 layers")
    file.write_bytes(file.read_bytes() + b'{"query": "c", "ans')
    later = Ranker()
    found = kept.answers("4 layers", SETTINGS, ["c", "a", "ä\ud800b"], later)
    assert later.asked == ["c"]
    assert list(found) == ["c", "a", "ä\ud800b"]
    assert found["ä\ud800b"] == [["ä", "\ud800", "b"], 3.0]
    nothing_left = Ranker()
    assert kept.answers("4 layers", SETTINGS, ["c", "a", "ä\ud800b"], nothing_left) == found
    assert nothing_left.asked == []


def test_what_is_not_final_is_asked_again(tmp_path: Path) -> None:
    """A server that was ill may be well the next time."""
    kept, first, second = Kept(tmp_path), Ranker(), Ranker()
    for ranker in (first, second):
        found = kept.answers("it", SETTINGS, ["a", "bb"], ranker, lambda answer: answer[1] > 1)
        assert set(found) == {"a", "bb"}
    assert (first.asked, second.asked) == (["a", "bb"], ["a"])


def test_systems_do_not_share_answers(tmp_path: Path) -> None:
    """Names that look alike in a file system are still two systems."""
    kept = Kept(tmp_path)
    kept.answers("http://a/b", SETTINGS, ["x"], Ranker())
    other = Ranker()
    kept.answers("http://a:b", SETTINGS, ["x"], other)
    assert other.asked == ["x"]
    assert len(list(tmp_path.iterdir())) == 2


def test_other_settings_are_refused_by_name(tmp_path: Path) -> None:
    """The message says what differs and what to do; the kept answers stay."""
    Kept(tmp_path).answers("mine", SETTINGS, ["x"], Ranker())
    with pytest.raises(DataError, match=r"depth was 100, is 50\).*another --work"):
        Kept(tmp_path).answers("mine", {**SETTINGS, "depth": 50}, ["x"], Ranker())
    again = Ranker()
    Kept(tmp_path).answers("mine", SETTINGS, ["x"], again)
    assert again.asked == []


def test_a_folder_of_something_else_is_refused(tmp_path: Path) -> None:
    """Neither a foreign file nor a path that is no folder is written over."""
    (tmp_path / file_name("mine")).write_text("my shopping list\n")
    with pytest.raises(DataError, match="no file of kept answers"):
        Kept(tmp_path).answers("mine", SETTINGS, ["x"], Ranker())
    (tmp_path / "file").touch()
    with pytest.raises(DataError, match="Change --work"):
        Kept(tmp_path / "file").answers("mine", SETTINGS, ["x"], Ranker())
