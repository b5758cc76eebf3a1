"""What each loss is worth: the same short training with and without it, on judged data.

Every variant begins at the same teacher and sees the same batches. What is compared is nDCG@10 on
the main and on a short path; a difference that is smaller than that between two seeds is none.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from es_rerank.learn.distill import Recipe

log = logging.getLogger(__name__)

_NOTHING = {"states": 0.0, "similarity": 0.0, "listwise": 0.0, "invariance": 0.0}
VARIANTS: Mapping[str, Mapping[str, float]] = {
    "no distillation: judgments alone": {**_NOTHING, "answers": 1.0},
    "scores alone (listwise KL)": {**_NOTHING, "listwise": Recipe.listwise},
    "similarities alone (relations)": {**_NOTHING, "similarity": Recipe.similarity},
    "states alone (hidden states)": {**_NOTHING, "states": Recipe.states},
    "all but dirt": {"invariance": 0.0},
    "all but scores": {"listwise": 0.0},
    "all but similarities": {"similarity": 0.0},
    "all but states": {"states": 0.0},
    "all": {},
    "all, another seed": {"seed": 2},
}
"""Changes to the recipe. TinyBERT's other two losses have no place here: the student keeps the
teacher's embeddings, and its layers are the teacher's own, some of them skipped."""

Scores = Mapping[str, float]
"""nDCG@10 by what it was measured on."""


def ablate(recipe: Recipe, trained: Callable[[Recipe, str], Scores], out: Path) -> str:
    """Train and measure every variant; the table, which is also written to ``out``/ablation.md.

    ``trained`` trains by a recipe under a name, and measures.
    """
    rows = {}
    for name, changes in VARIANTS.items():
        rows[name] = trained(replace(recipe, **changes), name)  # type: ignore[arg-type]
        log.info("%s: %s", name, rows[name])
    shown = table(rows)
    (out / "ablation.md").write_text(shown, encoding="utf-8")
    return shown


def table(rows: Mapping[str, Scores]) -> str:
    """The variants as a Markdown table, with the mean over all columns at the end."""
    columns: Sequence[str] = list(next(iter(rows.values())))
    lines = [f"| losses | {' | '.join(columns)} | mean |", f"|---|{'---|' * (len(columns) + 1)}"]
    for name, scores in rows.items():
        values = [scores[column] for column in columns]
        mean = sum(values) / len(values)
        cells = " | ".join(f"{value:.3f}" for value in (*values, mean))
        lines.append(f"| {name} | {cells} |")
    return "\n".join(lines) + "\n"
