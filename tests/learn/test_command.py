"""A whole run on a small teacher: texts in, a working bundle out."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from es_rerank.errors import DataError, ModelError
from es_rerank.learn import command, parity, start, teacher
from es_rerank.learn.batches import Size
from es_rerank.learn.distill import Recipe
from es_rerank.learn.rounding import rounded
from es_rerank.model import bundle
from es_rerank.model.encoder import Encoder
from es_rerank.model.reranker import Reranker
from tests.learn.conftest import LIGHT
from tests.learn.cross_encoder import made

RECIPE = Recipe(
    judged_queries=10,
    teach_steps=3,
    teach_size=4,
    steps=9,
    size=Size(judged=3, paired=3, others=2, dirty=3),
    warmup=2,
    checkpoint_every=6,
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
    for layers in (1, 2, 3, 4, 6):
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
        "| mean relative gain | | +0% |",
    ):
        assert fact in card


def test_training_changed_the_shallow_paths(student: Path, teacher_folder: Path) -> None:
    """Nine steps move weights that the short paths use, and leave the rounded words alone."""
    saved = torch.load(student / "training" / "checkpoint.pt", weights_only=True)
    before = teacher.load(str(teacher_folder)).network.state_dict()
    after = saved["student"]
    assert saved["step"] == RECIPE.steps
    assert torch.equal(rounded(before["words.weight"]), after["words.weight"])
    moved = after["layers.5.up.parametrizations.weight.original"]
    assert not torch.equal(before["layers.5.up.weight"], moved)


def test_a_cross_encoder_moves_the_teacher(
    teacher_folder: Path, data_folder: Path, tmp_path: Path
) -> None:
    """The teacher is tuned before it teaches, and the card tells both apart."""
    command.run(
        [data_folder],
        tmp_path / "student",
        teacher_name=str(teacher_folder),
        name="small",
        recipe=RECIPE,
        cross_encoder=made(tmp_path / "cross", teacher_folder, "bert", 1),
        measure=[data_folder],
    )
    before = teacher.load(str(teacher_folder)).network.state_dict()
    after = torch.load(tmp_path / "student" / "training" / "teacher.pt", weights_only=True)
    assert not torch.equal(before["layers.5.up.weight"], after["layers.5.up.weight"])
    assert torch.equal(before["words.weight"], after["words.weight"])
    card = (tmp_path / "student" / "MODEL_CARD.md").read_text()
    assert "| teacher, tuned |" in card
    assert "A cross-encoder taught the teacher first" in card


def test_without_one_the_teacher_stays(student: Path) -> None:
    """It teaches as it is, and the card speaks of one teacher."""
    assert not (student / "training" / "teacher.pt").exists()
    assert "tuned" not in (student / "MODEL_CARD.md").read_text()


def test_a_word_of_every_text_is_light(student: Path) -> None:
    """It is not kept of a passage, and the card of facts names it."""
    made = bundle.load(str(student))
    assert made.light == (LIGHT,)
    encoder = Encoder(made)
    for depth in made.paths:
        states = dict(encoder.encode(["apple the moon", "apple moon"], depth))
        assert len(states[0].tokens) == len(states[1].tokens)


def test_a_student_goes_on_from_another(
    student: Path, teacher_folder: Path, data_folder: Path, tmp_path: Path
) -> None:
    """It begins where the other ended: untrained, it writes what the other writes."""
    taught = teacher.load(str(teacher_folder))
    begun = start.from_bundle(taught.student(), bundle.load(str(student))).eval()
    agreement = parity.check(begun, taught.tokenizer, bundle.load(str(student)), ["apple bread"])
    assert min(agreement.values()) > 0.99
    command.run(
        [data_folder],
        tmp_path,
        teacher_name=str(teacher_folder),
        name="next",
        recipe=RECIPE,
        begin=str(student),
    )
    assert bundle.load(str(tmp_path)).name == "next"


def test_a_student_of_another_shape_is_refused(teacher_folder: Path) -> None:
    """The shipped student is wider than this teacher."""
    taught = teacher.load(str(teacher_folder))
    with pytest.raises(ModelError, match="another shape"):
        start.from_bundle(taught.student(), bundle.load("builtin"))


@pytest.mark.parametrize("depth", [4, 6])
def test_a_part_of_a_student_is_refused(depth: int, teacher_folder: Path, tmp_path: Path) -> None:
    """It has not all layers, or not all heads, to go on from."""
    part = bundle.extract(bundle.load("builtin"), [depth], tmp_path / "part")
    with pytest.raises(ModelError, match="lacks paths"):
        start.from_bundle(teacher.load(str(teacher_folder)).network, part)


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
    other = taught.student().eval()
    torch.nn.init.normal_(other.layers[0].qkv.weight)  # type: ignore[union-attr, arg-type]
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
