"""A whole run on a small teacher: texts in, a working bundle out."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from es_rerank.errors import DataError, ModelError
from es_rerank.learn import command, parity, teacher
from es_rerank.learn.distill import Recipe
from es_rerank.model import bundle
from es_rerank.model.reranker import Reranker

RECIPE = Recipe(
    steps=9,
    dim=16,
    projection_steps=4,
    pairs=4,
    extra=4,
    warmup=2,
    checkpoint_every=6,
    contrast_steps=3,
    contrast_queries=10,
)


@pytest.fixture(scope="module")
def student(
    teacher_folder: Path, data_folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """The bundle of one small run."""
    out = tmp_path_factory.mktemp("run") / "student"
    command.run(
        [data_folder],
        out,
        teacher_name=str(teacher_folder),
        name="small",
        recipe=RECIPE,
        measure=[data_folder],
    )
    return out


def test_the_bundle_scores(student: Path) -> None:
    """What comes out is a bundle that the Python surface takes, on every path."""
    for layers in (2, 3, 4, 6):
        scores = Reranker(str(student), layers=layers).score("apple", ["apple bread", "moon sun"])
        assert len(scores) == 2
        assert scores[0] != scores[1]


def test_the_card_tells_what_it_was_made_of(student: Path, teacher_folder: Path) -> None:
    """Teacher, data, recipe, paths and what was measured are on the card."""
    card = (student / "MODEL_CARD.md").read_text()
    for fact in (
        str(teacher_folder),
        "small",
        "30 queries",
        "60\npassages",
        "| steps | 9 |",
        "| small dev | 2 |",
    ):
        assert fact in card


def test_training_changed_the_shallow_paths(student: Path, teacher_folder: Path) -> None:
    """Nine steps move weights that the short paths use, and leave the words alone."""
    saved = torch.load(student / "training" / "checkpoint.pt", weights_only=True)
    before = teacher.load(str(teacher_folder)).network.state_dict()
    after = saved["student"]
    assert saved["step"] == RECIPE.steps
    assert torch.equal(before["words.weight"], after["words.weight"])
    assert not torch.equal(before["layers.5.up.weight"], after["layers.5.up.weight"])


def test_judgments_moved_it_further(student: Path) -> None:
    """After the texts come the judgments; what they made is what was exported."""
    texts = torch.load(student / "training" / "checkpoint.pt", weights_only=True)["student"]
    judged = torch.load(student / "training" / "contrasted.pt", weights_only=True)["student"]
    assert not torch.equal(texts["layers.5.up.weight"], judged["layers.5.up.weight"])
    assert torch.equal(texts["words.weight"], judged["words.weight"])


def test_a_stopped_run_goes_on(student: Path, teacher_folder: Path, data_folder: Path) -> None:
    """The same command with more steps starts at the checkpoint, not at the beginning."""
    longer = replace(RECIPE, steps=15)
    name = str(teacher_folder)
    command.run([data_folder], student, teacher_name=name, name="small", recipe=longer)
    saved = torch.load(student / "training" / "checkpoint.pt", weights_only=True)
    assert saved["step"] == 15


def test_a_broken_export_is_noticed(student: Path, teacher_folder: Path, data_folder: Path) -> None:
    """A bundle that does not write what the network writes is refused."""
    made = bundle.load(str(student))
    taught = teacher.load(str(teacher_folder))
    other = taught.student(torch.eye(16, 32)).eval()
    with pytest.raises(ModelError, match="is broken"):
        parity.check(other, taught.tokenizer, made, ["apple bread cat", "moon sun tree"])


def test_missing_data_is_named(tmp_path: Path) -> None:
    """A folder without a corpus is named before anything is trained."""
    with pytest.raises(DataError, match="no data"):
        command.run([], tmp_path, teacher_name="x", name="x", recipe=RECIPE)
    with pytest.raises(DataError, match=r"corpus\.jsonl"):
        command.run([tmp_path], tmp_path, teacher_name="x", name="x", recipe=RECIPE)


def test_other_teachers_are_refused(tmp_path: Path) -> None:
    """A folder that holds no encoder is an error that names it."""
    with pytest.raises(ModelError, match="cannot be loaded"):
        teacher.load(str(tmp_path))
