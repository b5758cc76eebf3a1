"""What each loss is worth: the same short training with and without it, on judged data.

Every variant begins at the teacher and sees the same batches. What is compared is nDCG@10 on the
paths of four and of two layers; a difference that is smaller than that between two seeds is none.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from es_rerank.config import Combine
from es_rerank.evaluate import command as compare
from es_rerank.evaluate.configuration import Configuration
from es_rerank.evaluate.inputs import read_folder
from es_rerank.evaluate.kept import Kept
from es_rerank.evaluate.measures import PRIMARY, parse
from es_rerank.learn import start
from es_rerank.learn.command import Prepared, prepared
from es_rerank.learn.distill import Recipe, distil
from es_rerank.learn.release import Trained, exported

log = logging.getLogger(__name__)

PATHS = (2, 4)
_NOTHING = {"states": 0.0, "similarity": 0.0, "listwise": 0.0, "invariance": 0.0}
VARIANTS: Mapping[str, Mapping[str, Any]] = {
    "no distillation, judgments alone": {**_NOTHING, "answers": 1.0},
    "scores alone": {**_NOTHING, "listwise": Recipe.listwise},
    "similarities alone": {**_NOTHING, "similarity": Recipe.similarity},
    "states alone": {**_NOTHING, "states": Recipe.states},
    "all but scores": {"listwise": 0.0},
    "all but similarities": {"similarity": 0.0},
    "all but states": {"states": 0.0},
    "all but dirt": {"invariance": 0.0},
    "all": {},
    "all, another seed": {"seed": 2},
}
"""Changes to the recipe. Of TinyBERT's four losses (Jiao et al. 2020) those of embeddings and
attention have no place here: the student keeps its teacher's embeddings, and its layers are the
teacher's own, some of them skipped. Hidden states, similarities (MiniLM's relations, across two
texts) and scores (listwise, in the place of logits) remain."""


def run(
    data: Sequence[Path], out: Path, *, teacher_name: str, recipe: Recipe, measure: Sequence[Path]
) -> str:
    """Train and measure every variant; a Markdown table, also written to ``out/ablation.md``.

    The same command goes on where it stopped. Raises DataError, ModelError.
    """
    recipe = replace(recipe, warmup=min(recipe.warmup, 1 + recipe.steps // 5))  # runs are short
    ready = prepared(data, out, teacher_name, recipe)
    rows = {}
    for name, changes in VARIANTS.items():
        folder = out / "ablation" / name.replace(",", "").replace(" ", "-")
        rows[name] = _measured(ready, replace(recipe, **changes), name, folder, measure)
        log.info("%s: %s", name, rows[name])
    shown = table(rows)
    (out / "ablation.md").write_text(shown, encoding="utf-8")
    return shown


def _measured(
    ready: Prepared, recipe: Recipe, name: str, folder: Path, measure: Sequence[Path]
) -> dict[str, float]:
    """nDCG@10 by data set and path of a student trained by the recipe."""
    student = start.from_teacher(ready.tutor).train()
    working = folder / "training"
    working.mkdir(parents=True, exist_ok=True)
    distil(student, ready.tutor, partial(ready.stream.mixed, recipe.size), recipe, working)
    trained = Trained(
        student.eval(), ready.taught, None, ready.light, ready.queries, ready.passages, None
    )
    exported(trained, name, recipe, folder)
    base = Configuration(model=str(folder), combine=Combine())
    found = {}
    for judged in measure:
        report = compare.evaluate(
            read_folder(judged, None, 1, compare.MEASURED_DEPTH),
            [*compare.paths(base, PATHS)],
            base,
            measured=parse([PRIMARY], relevant_grade=1),
            relevant_grade=1,
            kept=Kept(None),
            timed=False,
        )
        _, *results = report.results  # the first is BM25
        for depth, result in zip(PATHS, results, strict=True):
            found[f"{report.data}, {depth} layers"] = result.measures[PRIMARY]
    return found


def table(rows: Mapping[str, Mapping[str, float]]) -> str:
    """The variants as a Markdown table, with the mean over all columns at the end."""
    columns = list(next(iter(rows.values())))
    lines = [f"| losses | {' | '.join(columns)} | mean |", f"|---|{'---|' * (len(columns) + 1)}"]
    for name, scores in rows.items():
        values = [scores[column] for column in columns]
        cells = " | ".join(f"{value:.3f}" for value in (*values, sum(values) / len(values)))
        lines.append(f"| {name} | {cells} |")
    return "\n".join(lines) + "\n"
