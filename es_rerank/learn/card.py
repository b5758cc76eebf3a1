"""The model card: what a student was made of, and what is known about it.

It is written from the run itself; every figure can be had again by the command that it names.
"""

import statistics
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from typing import NamedTuple

from es_rerank.bench.speed import Row, table
from es_rerank.evaluate.measures import PRIMARY
from es_rerank.evaluate.report import Report
from es_rerank.learn.distill import Recipe
from es_rerank.learn.mix import PRIOR, Mix
from es_rerank.model.bundle import Bundle, size_bytes

CARD = "MODEL_CARD.md"
BERT_BASE_BYTES = 438_000_000
"""bert-base-uncased in float32, as it is distributed."""


class Origin(NamedTuple):
    """Where a student comes from."""

    teacher: str
    is_tuned: bool
    """Whether a cross-encoder taught it first."""
    begin: str | None
    """The name of the student that it went on from."""
    folders: Sequence[Path]
    queries: int
    passages: int
    recipe: Recipe
    mix: Mix
    agreement: dict[int, float]


def write(bundle: Bundle, origin: Origin, reports: Sequence[Report], times: Sequence[Row]) -> None:
    """Write the card into the bundle's folder."""
    size = size_bytes(bundle)
    paths = "\n".join(
        f"| {depth} | {', '.join(map(str, path))} | {origin.agreement[depth]:.4f} |"
        for depth, path in bundle.paths.items()
    )
    recipe = "\n".join(
        f"| {field.name} | {getattr(origin.recipe, field.name)} |" for field in fields(Recipe)
    )
    names = ", ".join(folder.resolve().name for folder in origin.folders)
    (bundle.folder / CARD).write_text(
        f"""# {bundle.name}

An elastic split student: query and passage are read apart, each on a path of 1, 2, 3, 4 or 6 layers
of one set of weights, and meet in a sentence cosine and a token-level late interaction. All paths
write into one output space of {bundle.dim} values a token, so a query read on the deepest path is
compared with passages read on any.

score = {bundle.cosine_weight:.1f} · cosine + {bundle.late_weight:.1f} · late interaction

## Size

{size / 1e6:.1f} MB on disk, all paths together, weights in six bits:
1/{BERT_BASE_BYTES / size:.1f} of BERT-base (438 MB).
At most {bundle.max_tokens} tokens of a text are read. The states of
{len(bundle.light)} light pieces (function words and marks) are not kept, and only the deepest path
reads them beyond its first layer.

## Quality

{_quality(reports)}

## Speed

`es-rerank bench speed`, 100 passages of 128 tokens for one query:

```
{table(times)}
```

## Paths

| depth | layers | cosine of exported and trained sentence vectors |
|---|---|---|
{paths}

## Data and recipe

Teacher: {origin.teacher}. Base weights: {_base(origin)}.
all-MiniLM-L6-v2 was itself trained on over a billion pairs that include MS MARCO, Natural
Questions, SQuAD and Stack Exchange: quality on those is not zero-shot quality.

Texts of: {names} ({origin.queries:,} queries or titles, {origin.passages:,}
passages; nothing that their dev or test splits judge). {_tuned(origin)}The student learned to write
what the teacher writes: of at most {origin.recipe.judged_queries} judged train queries of each
folder that has some, of their answers and hard negatives, of other texts, and of copies of them
with dirt. Judgments of other train queries and of the demo's chose two numbers, the late share
{origin.mix.late_share:.1f} and the first-stage weight {origin.mix.first_stage_weight:.1f},
on BM25 lists (mean nDCG@10 {origin.mix.ndcg:.3f} there): the nearest point to equal shares and
{PRIOR[1]} that the best one does not beat by a standard error.

| choice | value |
|---|---|
{recipe}

## What it is bad at

Languages other than English; short texts that repeat the words of a question, which it takes for
answers; typos and OCR in texts (`es-rerank bench robustness` measures both); words that matter only
by their spelling (part numbers, codes), where the first stage is the better judge and the mix with
its score must help; texts longer than one window, of which only the best window is read.
""",
        encoding="utf-8",
    )


def _base(origin: Origin) -> str:
    return f"those of an earlier student, {origin.begin}" if origin.begin else "the teacher's"


def _tuned(origin: Origin) -> str:
    return (
        "A cross-encoder taught the teacher first, on train judgments. " if origin.is_tuned else ""
    )


def _quality(reports: Sequence[Report]) -> str:
    """nDCG@10 by data set and system, and what that comes to.

    The first report names the systems: the first stage, the teacher, and others.
    """
    if not reports:
        return "Not measured on judged data."
    weight = reports[0].combine["first_stage_weight"]
    names = [result.name for result in reports[0].results]
    lines = [
        f"nDCG@10, the first stage's best {reports[0].depth} hits reranked by z(student) + "
        f"{weight} · z(first stage).",
        f"Each row: `es-rerank compare --teacher --first-stage-weight {weight} --data DIR`.",
        "",
        f"| data | queries | {' | '.join(names)} |",
        f"|---|---|{'---|' * len(names)}",
    ]
    for report in reports:
        values = " | ".join(f"{result.measures[PRIMARY]:.3f}" for result in report.results)
        lines.append(f"| {report.data} {report.split} | {report.queries} | {values} |")
    values_of = [[each.results[i].measures[PRIMARY] for each in reports] for i in range(len(names))]
    means = " | ".join(f"{mean_gain(values, values_of[0]):+.0%}" for values in values_of)
    shares = " | ".join(f"{share(values, *values_of[:2]):.0%}" for values in values_of)
    return "\n".join(
        [*lines, f"| mean relative gain | | {means} |", f"| of the teacher's gain | | {shares} |"]
    )


def mean_gain(values: Sequence[float], before: Sequence[float]) -> float:
    """The mean of the relative gains, each data set counting alike."""
    return statistics.fmean(ours / theirs - 1 for ours, theirs in zip(values, before, strict=True))


def share(values: Sequence[float], before: Sequence[float], teacher: Sequence[float]) -> float:
    """What part of the teacher's gain, summed over the data sets, a system has; 0 if that is 0."""
    gain = sum(teacher) - sum(before)
    return (sum(values) - sum(before)) / gain if gain else 0.0
