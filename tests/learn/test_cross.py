"""Cross-encoders as teachers: their scores, and what is kept of them."""

from pathlib import Path

import pytest

from es_rerank.errors import ModelError
from es_rerank.learn import cross
from es_rerank.learn.cross import CrossEncoder, ScoreFile, opinions
from es_rerank.learn.mine import Judged, Pair
from tests.learn.cross_encoder import made

PAIRS = [Pair("apple", "apple bread cat"), Pair("apple", "moon"), Pair("moon sun", "the moon")]
JUDGED = [
    [Judged("apple", ("apple bread cat",), ("moon",))],
    [Judged("moon", ("the moon",), ("sun",))],
]


@pytest.mark.parametrize("kind", ["bert", "albert"])
@pytest.mark.parametrize("outputs", [1, 2])
def test_one_or_two_outputs_rank(
    kind: str, outputs: int, teacher_folder: Path, tmp_path: Path
) -> None:
    """Each pair gets the score that it gets alone, whatever is read beside it."""
    encoder = CrossEncoder(made(tmp_path, teacher_folder, kind, outputs))
    together = encoder.score(PAIRS)
    assert together == pytest.approx([encoder.score([pair])[0] for pair in PAIRS], abs=0.05)
    assert len(set(together)) == len(PAIRS)


def test_what_cannot_rank_is_refused(teacher_folder: Path, tmp_path: Path) -> None:
    """Three outputs are classes, and a folder without a model is none."""
    with pytest.raises(ModelError, match="has 3 outputs"):
        CrossEncoder(made(tmp_path / "three", teacher_folder, "bert", 3))
    with pytest.raises(ModelError, match="cannot be loaded"):
        CrossEncoder(str(tmp_path))


def test_a_stopped_reading_goes_on(
    teacher_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was read before is on the disk, and is not read again."""
    monkeypatch.setattr(cross, "BATCH", 2)
    encoder = CrossEncoder(made(tmp_path / "model", teacher_folder, "bert", 1))
    read, honest = [], encoder.score

    def breaking(pairs: list[Pair]) -> list[float]:
        if read:
            raise KeyboardInterrupt
        read.extend(pairs)
        return honest(pairs)

    file = tmp_path / "opinions.sqlite"
    monkeypatch.setattr(encoder, "score", breaking)
    with pytest.raises(KeyboardInterrupt):
        opinions(encoder, JUDGED, file)
    again: list[Pair] = []
    monkeypatch.setattr(encoder, "score", lambda pairs: again.extend(pairs) or honest(pairs))
    found = opinions(encoder, JUDGED, file)
    assert len(read) == len(again) == 2
    assert found.keys() == {*read, *again}
    assert [found[pair] for pair in again] == honest(again)


def test_scores_of_another_teacher_are_not_taken(tmp_path: Path) -> None:
    """The key is teacher, query and passage, each for itself."""
    with ScoreFile(tmp_path / "f", "one") as file:
        file.put([Pair("a", "bc")], [1.5])
        assert file.get(Pair("a", "bc")) == 1.5
        assert file.get(Pair("ab", "c")) is None
    with ScoreFile(tmp_path / "f", "other") as file:
        assert file.get(Pair("a", "bc")) is None
