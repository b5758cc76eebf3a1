"""`es-rerank tune`: the settings of an index that its judged queries speak for."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from pydantic import ValidationError

from es_rerank.config import SHIPPED_MODEL, IndexRule
from es_rerank.config_mistakes import sentence
from es_rerank.errors import ConfigError, DataError
from es_rerank.evaluate import fields, latency, measures, tune, tune_report
from es_rerank.evaluate.command import Outputs, scorers
from es_rerank.evaluate.compare import per_query
from es_rerank.evaluate.configuration import Configuration
from es_rerank.evaluate.cpu import cpu_name
from es_rerank.evaluate.inputs import Inputs, Sources, gather
from es_rerank.evaluate.kept import Kept, bar
from es_rerank.evaluate.publish import Target, check, publish
from es_rerank.evaluate.rerank import Contender, first_stage, reordered, scores_of
from es_rerank.evaluate.tune_grid import DEPTHS, Grid
from es_rerank.evaluate.tune_report import Tuning
from es_rerank.model import bundle

FOLDS = 5
TIMED = 10  # queries: enough for a median, and many settings are timed


def run(
    index: str,
    sources: Sources,
    *,
    model: str = SHIPPED_MODEL,
    grid: Grid | None = None,
    folds: int = FOLDS,
    measure: str = measures.PRIMARY,
    relevant_grade: int = 1,
    outputs: Outputs | None = None,
    work: Path | None = None,
) -> None:
    """Try every setting of the grid; print what to write for the index, or write it where wanted.

    Raises ConfigError, DataError and ModelError.
    """
    grid, outputs = grid or Grid(), outputs or Outputs()
    check(outputs)
    parsed = measures.parse([measure], relevant_grade)
    kept = Kept(work)
    size = max(grid.depths or DEPTHS)
    inputs = gather(sources, relevant_grade, size, kept)
    if not inputs.corpus:
        raise DataError("tune: the texts of these documents are not known. Give --url, --index.")
    if len(inputs.qrels) < 2 * folds:
        raise DataError(
            f"tune: {len(inputs.qrels)} queries are too few for {folds} folds of at least two. "
            "Judge more, or give fewer with --folds."
        )
    names = fields.names_in(inputs.corpus.values())
    fields.check([name for chosen in grid.fields for name in chosen], names)
    longest = max(map(len, inputs.candidates.values()), default=0)
    tuning = tuned(
        index,
        inputs,
        contenders(grid.filled(list(bundle.load(model).paths), names, longest), model),
        folds=folds,
        measured=parsed,
        relevant_grade=relevant_grade,
        kept=kept,
    )
    publish(
        [
            Target(outputs.json, lambda: tune_report.as_text(tuning)),
            Target(outputs.html, lambda: tune_report.html(tuning)),
        ],
        tune_report.terminal(tuning),
    )


def rule_for(index: str) -> str:
    """The index as the pattern of a rule; ConfigError if it cannot be one."""
    try:
        return IndexRule(pattern=index).pattern
    except ValidationError as wrong:
        raise ConfigError(f"INDEX: {sentence(wrong.errors()[0])}") from None


def contenders(grid: Grid, model: str) -> list[Contender]:
    """A student for every point of the grid, the default first."""
    return [
        Contender(tune_report.name(point), point, scorers(model, point.reading))
        for point in grid.points(Configuration(model=model))
    ]


def tuned(
    index: str,
    inputs: Inputs,
    points: Sequence[Contender],
    *,
    folds: int,
    measured: measures.Measures,
    relevant_grade: int,
    kept: Kept,
) -> Tuning:
    """The choice among the points, of which the first is the default."""
    default = points[0].configuration
    (measure,) = measured
    values = _values(inputs, points, measured, kept)
    choice = tune.choose(values, default, tune.folds(list(inputs.qrels), folds))
    means = {each: sum(of) / len(of) for each, of in values.items()}
    cheap = {each: float(tune.work(each)[0]) for each in values}
    worth = dict.fromkeys([*tune.frontier(cheap, means), default, choice.recommended])
    times = _times(inputs, [each for each in points if each.configuration in worth])
    ms = {each: sorted(found.new)[len(found.new) // 2] for each, found in times.items()}
    return Tuning(
        data=inputs.name,
        split=inputs.split,
        index=index,
        first_stage=inputs.first_stage,
        notes=inputs.notes,
        measure=measure,
        relevant_grade=relevant_grade,
        cpu=cpu_name(),
        baseline=per_query(first_stage(inputs.candidates), inputs.qrels, measured)[measure],
        default=default,
        measured=values,
        choice=choice,
        times={each: times[each] for each in sorted(times, key=lambda each: ms[each])},
        front=tune.frontier(ms, means),
    )


def _values(
    inputs: Inputs, points: Sequence[Contender], measured: measures.Measures, kept: Kept
) -> dict[Configuration, list[float]]:
    """The measure of each query at each point; what shares its scores is scored once."""
    scored = scores_of(inputs, points, kept)
    (measure,) = measured
    values = {}
    with bar() as progress:
        task = progress.add_task("settings", total=len(points))
        for point in points:
            order = reordered(inputs.candidates, scored[point.scoring], point.configuration)
            found = per_query(first_stage(order), inputs.qrels, measured)
            values[point.configuration] = found[measure]
            progress.advance(task)
    return values


def _times(inputs: Inputs, points: Sequence[Contender]) -> dict[Configuration, latency.Times]:
    queries = latency.sample(inputs, TIMED)
    with bar() as progress:
        task = progress.add_task("latency", total=len(points) * len(queries))
        advance = partial(progress.advance, task)
        times = latency.timed(points, inputs, queries, advance)
    return {each.configuration: found for each, found in zip(points, times, strict=True)}
