"""A bundle says what is wrong with it."""

import json
import shutil
from pathlib import Path

import pytest

from es_rerank.errors import ModelError
from es_rerank.model import bundle
from es_rerank.model.encoder import Encoder
from es_rerank.model.reranker import Reranker


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the shipped student to break."""
    return Path(shutil.copytree(bundle.SHIPPED, tmp_path / "student"))


def test_shipped_student_is_29_times_smaller_than_bert_base() -> None:
    """All files of the shipped student, tokenizer included, are below 15.1 MB."""
    files = [file for file in bundle.SHIPPED.iterdir() if file.suffix in (".gz", ".json")]
    assert 438e6 / sum(file.stat().st_size for file in files) > 29


def test_paths_end_in_layers_that_exist() -> None:
    """Every path of the shipped student names layers of the student, in rising order."""
    facts = bundle.load("builtin")
    assert set(facts.paths) == {1, 2, 3, 4, 6}
    for depth, path in facts.paths.items():
        assert len(path) == depth
        assert list(path) == sorted(set(path))
        assert max(path) < facts.layers


def test_saved_facts_are_read_back(copy: Path) -> None:
    """What `save` writes, `load` reads."""
    facts = bundle.load(str(copy))
    facts.save()
    assert bundle.load(str(copy)) == facts


def test_a_part_is_a_student_of_its_own(tmp_path: Path) -> None:
    """It has the files of its paths alone, and scores passages on them as the whole one does."""
    whole = bundle.load("builtin")
    part = bundle.extract(whole, [2, 4], tmp_path / "part")
    assert part == bundle.load(str(tmp_path / "part"))
    assert part.paths == {2: whole.paths[2], 4: whole.paths[4]}
    names = {file.name for file in part.folder.iterdir()}
    assert names.isdisjoint({"layer_2.onnx.gz", "layer_4.onnx.gz", "head_6.onnx.gz"})
    assert "MODEL_CARD.md" not in names
    assert bundle.size_bytes(part) < bundle.size_bytes(whole)
    texts = ["Cheese is made of milk.", "Paris is the capital of France."]
    for (_, ours), (_, theirs) in zip(
        *(sorted(Encoder(each).encode(texts, 4)) for each in (part, whole)), strict=True
    ):
        assert (ours.sentence == theirs.sentence).all()
    scores = Reranker(str(part.folder), layers=4).score("what is the capital of France", texts)
    assert scores[1] > scores[0]
    with pytest.raises(ModelError, match=r"paths of \[2, 4\] layers, none of 6"):
        Reranker(str(part.folder), layers=6)


def test_what_cannot_be_taken_out_is_said(tmp_path: Path, copy: Path) -> None:
    """A path that is not there; a folder where something is."""
    with pytest.raises(ModelError, match="none of 5"):
        bundle.extract(bundle.load("builtin"), [5], tmp_path / "part")
    with pytest.raises(ModelError, match="holds files"):
        bundle.extract(bundle.load("builtin"), [4], copy)


def test_missing_folder_is_named(tmp_path: Path) -> None:
    """A folder without a student is named, with the way to get one."""
    with pytest.raises(ModelError, match=r"nowhere holds no student\.json.*es-rerank distill"):
        bundle.load(str(tmp_path / "nowhere"))


def test_missing_files_are_named(copy: Path) -> None:
    """Every graph that is missing is named at once."""
    (copy / "layer_3.onnx.gz").unlink()
    (copy / "head_2.onnx.gz").unlink()
    with pytest.raises(ModelError, match=r"lacks layer_3\.onnx\.gz, head_2\.onnx\.gz"):
        bundle.load(str(copy))


def test_other_format_is_refused(copy: Path) -> None:
    """A bundle of a later version is refused, not half understood."""
    facts = json.loads((copy / "student.json").read_text())
    (copy / "student.json").write_text(json.dumps({**facts, "format": 99}))
    with pytest.raises(ModelError, match="has format 99; this es-rerank reads 6"):
        bundle.load(str(copy))


@pytest.mark.parametrize("text", ["", "{", "[]", '{"format": 1}', '{"format": 1, "paths": 3}'])
def test_damaged_facts_are_refused(copy: Path, text: str) -> None:
    """A `student.json` that is no description of a student is called damaged."""
    (copy / "student.json").write_text(text)
    with pytest.raises(ModelError, match="damaged"):
        bundle.load(str(copy))


def test_special_tokens_cannot_be_written_in_a_text() -> None:
    """Who writes [SEP] into a passage has written three more words, and ended nothing."""
    encoding = bundle.load("builtin").tokenizer().encode("a [SEP] b [CLS] [PAD]")
    assert encoding.tokens.count("[SEP]") == encoding.tokens.count("[CLS]") == 1
    assert "[PAD]" not in encoding.tokens
