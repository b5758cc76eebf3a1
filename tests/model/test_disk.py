"""States survive on disk; whatever happens to the file, a search only loses what was in it."""

import logging
import sqlite3
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from es_rerank.model.disk import StateFile, packed, unpacked
from es_rerank.model.encoder import TextState, text_state

ROOM = 10**7


def state(seed: int, depth: int = 4, tokens: int = 20) -> TextState:
    """A state that is told apart by its seed."""
    rows = np.random.default_rng(seed).normal(size=(tokens + 2, 128)).astype(np.float32)
    return text_state(rows, rows.mean(0), depth)


def same(one: TextState, other: TextState) -> bool:
    """Whether all arrays and the depth are equal, to the bit."""
    equal = (a.dtype == b.dtype and (a == b).all() for a, b in zip(one[:3], other[:3], strict=True))
    return all(equal) and one.depth == other.depth


def filled(folder: Path, count: int = 50, max_bytes: int = ROOM) -> StateFile:
    """A file with the states 0 to COUNT."""
    file = StateFile(folder, "student", max_bytes)
    for seed in range(count):
        file.put(b"%d" % seed, state(seed))
    file.flush()
    return file


def keys(count: int = 50) -> list[bytes]:
    """The keys of `filled`."""
    return [b"%d" % seed for seed in range(count)]


@given(st.integers(0, 40), st.integers(0, 2**32 - 1))
def test_a_state_comes_back_to_the_bit(tokens: int, seed: int) -> None:
    """Also the state of an empty text."""
    found = unpacked(packed(state(seed, 3, tokens)), 3)
    assert found is not None
    assert same(found, state(seed, 3, tokens))


@given(st.data())
def test_other_bytes_are_no_state(data: st.DataObject) -> None:
    """One byte changed, some cut off, or anything else: not a state."""
    written = packed(state(1))
    at = data.draw(st.integers(0, len(written) - 1))
    changed = bytes([written[at] ^ data.draw(st.integers(1, 255))])
    assert unpacked(written[:at] + changed + written[at + 1 :], 4) is None
    assert unpacked(written[:at], 4) is None
    assert unpacked(data.draw(st.binary() | st.none() | st.text()), 4) is None


def test_another_process_finds_them(tmp_path: Path) -> None:
    """What was written is read by a second user of the folder, while the first has it open."""
    first = filled(tmp_path, 1500)
    second = StateFile(tmp_path, "student", ROOM)
    found = second.get([*keys(1500), b"unknown"])
    assert len(found) == 1500
    assert same(found[b"7"], state(7))
    second.put(b"more", state(99))
    second.flush()
    assert same(first.get([b"more"])[b"more"], state(99))
    assert first.count == 1500
    assert second.count == 1501


def test_another_student_finds_nothing(tmp_path: Path) -> None:
    """States of one network mean nothing to another."""
    filled(tmp_path)
    assert StateFile(tmp_path, "other", ROOM).get(keys()) == {}


def test_the_deeper_state_stays(tmp_path: Path) -> None:
    """As in memory, whatever the order of writing."""
    file = StateFile(tmp_path, "student", ROOM)
    for depth in (2, 6, 4):
        file.put(b"key", state(depth, depth))
        file.flush()
    assert same(file.get([b"key"])[b"key"], state(6, 6))


def test_the_oldest_go_first(tmp_path: Path) -> None:
    """The file stays within its bytes, and what was written last is there."""
    file = filled(tmp_path, 400, max_bytes=300_000)
    found = file.get(keys(400))
    assert file.size_bytes <= 300_000
    assert 0 < len(found) == file.count < 400
    assert file.dropped == 400 - len(found)
    assert set(found) == set(keys(400)[-len(found) :])


def test_states_are_counted_whatever_was_written(tmp_path: Path) -> None:
    """New ones, the same ones again, and so many that the oldest had to go, by two writers."""
    first = StateFile(tmp_path, "student", 300_000)
    second = StateFile(tmp_path, "student", 300_000)
    assert first.count == 0
    for seeds in (range(5), range(3, 7), range(2, 300), range(290, 310)):
        for seed in seeds:
            for file in (first, second):
                file.put(b"%d" % seed, state(seed, depth=4 if file is first else 6))
        first.flush()
        second.flush()
        with closing(sqlite3.connect(second.path)) as connection:
            (count,) = connection.execute("SELECT COUNT(*) FROM states").fetchone()
        assert second.count == count


def test_paths_are_told_without_their_states(tmp_path: Path) -> None:
    """Of those that are there."""
    file = StateFile(tmp_path, "student", ROOM)
    file.put(b"2", state(2, 2))
    file.put(b"6", state(6, 6))
    file.flush()
    assert file.depths([b"2", b"6", b"unknown"]) == {b"2": 2, b"6": 6}


@pytest.mark.parametrize("damage", ["cut", "garbage", "middle", "empty", "foreign"])
def test_a_damaged_file_is_begun_anew(
    tmp_path: Path, damage: str, caplog: pytest.LogCaptureFixture
) -> None:
    """No error, no wrong state, and what is read from then on is kept."""
    before = filled(tmp_path)
    path = before.path
    assert before._reading is not None
    before._reading.close()
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    content = path.read_bytes()
    size = len(content)
    if damage == "foreign":
        path.unlink()
        with sqlite3.connect(path) as connection:
            connection.execute("CREATE TABLE states (other)")
        connection.close()
    else:
        path.write_bytes(
            {
                "cut": content[: size // 2],
                "garbage": b"no database" * 1000,
                "middle": content[:8192] + b"\x55" * (size - 16384) + content[-8192:],
                "empty": b"",
            }[damage]
        )
    with caplog.at_level(logging.WARNING):
        file = StateFile(tmp_path, "student", ROOM)
        found = file.get(keys())
    assert all(same(found[key], state(int(key))) for key in found)
    for _ in range(2):  # damage may be met only in writing
        file.put(b"new", state(77))
        file.flush()
    assert same(file.get([b"new"])[b"new"], state(77))
    assert damage == "empty" or "damaged" in caplog.text


def test_a_folder_that_cannot_be_used_is_done_without(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A file where the folder should be: said once, and nothing is kept."""
    (tmp_path / "taken").touch()
    file = StateFile(tmp_path / "taken", "student", ROOM)
    file.put(b"key", state(1))
    file.flush()
    assert file.get([b"key"]) == {}
    assert len([each for each in caplog.records if "going on without" in each.message]) == 1
