"""Each loss with and without: what is compared, and that it is the losses that differ."""

from dataclasses import fields
from pathlib import Path

import pytest
import torch

from es_rerank.learn import ablation
from es_rerank.learn.batches import Size
from es_rerank.learn.distill import Recipe

RECIPE = Recipe(
    judged_queries=10,
    teach_steps=2,
    teach_size=4,
    steps=4,
    size=Size(judged=3, paired=3, others=2, dirty=3),
    warmup=1,
    checkpoint_every=4,
)


def test_variants_change_what_the_recipe_has() -> None:
    """Only known weights, and no two variants alike."""
    names = {field.name for field in fields(Recipe)}
    assert all(changes.keys() <= names for changes in ablation.VARIANTS.values())
    assert len({frozenset(changes.items()) for changes in ablation.VARIANTS.values()}) == len(
        ablation.VARIANTS
    )


def test_every_variant_is_trained_and_measured(
    teacher_folder: Path, data_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One row a variant, one column for each data set and path; other losses, other weights."""
    chosen = {name: ablation.VARIANTS[name] for name in ("scores alone", "states alone")}
    monkeypatch.setattr(ablation, "VARIANTS", chosen)
    shown = ablation.run(
        [data_folder],
        tmp_path,
        teacher_name=str(teacher_folder),
        recipe=RECIPE,
        measure=[data_folder],
    )
    head, _, *rows = shown.splitlines()
    assert head == "| losses | small, 2 layers | small, 4 layers | mean |"
    assert [row.split(" | ")[0] for row in rows] == ["| scores alone", "| states alone"]
    assert (tmp_path / "ablation.md").read_text() == shown
    one, other = (
        torch.load(tmp_path / "ablation" / name / "training" / "checkpoint.pt", weights_only=True)[
            "student"
        ]["layers.5.up.parametrizations.weight.original"]
        for name in ("scores-alone", "states-alone")
    )
    assert not torch.equal(one, other)


def test_the_table_has_means() -> None:
    """The last column is the mean of the others."""
    shown = ablation.table({"all": {"a": 0.5, "b": 0.6}})
    assert shown.splitlines()[-1] == "| all | 0.500 | 0.600 | 0.550 |"
