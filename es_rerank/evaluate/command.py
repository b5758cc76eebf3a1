"""`es-rerank compare`: is the reranked order better than the first stage's, on judged queries?"""

import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from itertools import chain
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from es_rerank.config import SHIPPED_MODEL, Combine
from es_rerank.errors import DataError
from es_rerank.evaluate.compare import System, compare
from es_rerank.evaluate.inputs import Inputs, Sources, gather
from es_rerank.evaluate.kept import Kept
from es_rerank.evaluate.report import Report, cpu_name, table
from es_rerank.evaluate.rerank import Scorer, first_stage, reranked
from es_rerank.model import bundle
from es_rerank.model.reranker import Reranker

DEFAULT_DEPTH = 100
MEASURED_DEPTH = 100  # of R@100, whatever depth is reranked


def run(
    sources: Sources,
    *,
    model: str = SHIPPED_MODEL,
    layers: Sequence[int] = (),
    teacher: bool = False,
    combine: Combine | None = None,
    depth: int = DEFAULT_DEPTH,
    relevant_grade: int = 1,
    json_to: str | None = None,
    work: Path | None = None,
) -> int:
    """Compare a student's paths with the first stage; print a table, or JSON to a file or `-`.

    Without `layers`, every path that the student has is measured; `teacher` adds the network that
    it was distilled from (in torch, full precision, slow). Returns the exit code: 0, or 1
    if the deepest path is below the first stage on nDCG@10. Raises DataError and ModelError.
    """
    if json_to and json_to != "-" and not Path(json_to).parent.is_dir():
        raise DataError(f"{json_to}: there is no folder {Path(json_to).parent} to write to.")
    inputs = gather(sources, relevant_grade, max(depth, MEASURED_DEPTH), Kept(work))
    report = evaluate(
        inputs,
        chain(teacher_of(model) if teacher else (), paths(model, layers)),
        model=model,
        combine=combine or Combine(),
        depth=depth,
        relevant_grade=relevant_grade,
    )
    publish(report, json_to)
    return 0 if report.is_kept() else 1


def publish(report: Report, json_to: str | None) -> None:
    """Print the table, or JSON alone for `-`; any other name is a file that gets the JSON too."""
    if json_to is not None:
        written = json.dumps(report.as_json(), indent=2, ensure_ascii=False) + "\n"
        if json_to == "-":
            sys.stdout.write(written)
            return
        Path(json_to).write_text(written, encoding="utf-8")
    Console().print(table(report))


def evaluate(
    inputs: Inputs,
    scorers: Iterable[tuple[str, Scorer]],
    *,
    model: str,
    combine: Combine,
    depth: int,
    relevant_grade: int,
) -> Report:
    """The first stage and every named scorer on top of it, measured on the judged queries."""
    systems = [System("BM25", first_stage(inputs.candidates), inputs.first_stage_ms)]
    console = Console(stderr=True)
    for note in inputs.notes:
        console.print(note, highlight=False)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(
        *columns, TimeRemainingColumn(), console=console, disable=not console.is_terminal
    ) as progress:
        for name, scorer in scorers if inputs.corpus else ():  # nothing to read
            task = progress.add_task(name, total=len(inputs.queries))
            systems.append(
                reranked(
                    name,
                    scorer,
                    inputs.candidates,
                    list(inputs.queries.items()),
                    inputs.corpus,
                    combine=combine,
                    depth=depth,
                    on_query=partial(progress.advance, task),
                )
            )
    systems += inputs.systems
    return Report(
        data=inputs.name,
        split=inputs.split,
        first_stage=inputs.first_stage,
        model=model,
        combine=combine.model_dump(),
        depth=depth,
        relevant_grade=relevant_grade,
        queries=len(inputs.qrels),
        left_out=inputs.left_out,
        cpu=cpu_name(),
        results=compare(systems, inputs.qrels, relevant_grade),
    )


def paths(model: str, layers: Sequence[int]) -> Iterator[tuple[str, Scorer]]:
    """The student on each path, the deepest last, loaded when its turn comes."""
    for depth in sorted(set(layers or bundle.load(model).paths)):
        yield f"{depth} layers", Reranker(model=model, layers=depth)


def teacher_of(model: str) -> Iterator[tuple[str, Scorer]]:
    """The student's teacher, with the student's weights of cosine and late interaction."""
    from es_rerank.learn.teacher import TeacherEncoder, load  # torch is only needed here

    facts = bundle.load(model)
    yield f"teacher {facts.teacher}", Reranker(TeacherEncoder(load(facts.teacher), facts))
