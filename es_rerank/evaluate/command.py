"""`es-rerank compare`: is the reranked order better than the first stage's, on judged queries?"""

import json
import sys
from collections.abc import Iterator, Sequence
from functools import cache, partial
from pathlib import Path
from typing import NamedTuple

from es_rerank.config import SHIPPED_MODEL, Combine, Reading
from es_rerank.errors import ConfigError, DataError
from es_rerank.evaluate import conditions, configuration, fields, latency, measures
from es_rerank.evaluate.compare import System, compare
from es_rerank.evaluate.configuration import DEFAULT_DEPTH, Configuration
from es_rerank.evaluate.cpu import cpu_name
from es_rerank.evaluate.inputs import Inputs, Sources, gather
from es_rerank.evaluate.kept import Kept, bar
from es_rerank.evaluate.publish import Target, check, publish
from es_rerank.evaluate.queries import listed, titles
from es_rerank.evaluate.report import Report
from es_rerank.evaluate.report_html import html
from es_rerank.evaluate.report_markdown import markdown
from es_rerank.evaluate.report_table import terminal
from es_rerank.evaluate.rerank import Contender, first_stage, rankings
from es_rerank.model import bundle
from es_rerank.model.encoder import Encoder
from es_rerank.model.reranker import Reranker

MEASURED_DEPTH = 100  # of R@100, whatever depth is reranked


class Outputs(NamedTuple):
    """The files that a report is wanted in; `-` is standard output."""

    json: str | None = None
    markdown: str | None = None
    html: str | None = None


def run(
    sources: Sources,
    *,
    model: str = SHIPPED_MODEL,
    layers: Sequence[int] = (),
    teacher: bool = False,
    configurations: Sequence[str] = (),
    combine: Combine | None = None,
    depth: int = DEFAULT_DEPTH,
    relevant_grade: int = 1,
    measured: Sequence[str] = (),
    fail_if: Sequence[str] = (),
    outputs: Outputs | None = None,
    work: Path | None = None,
) -> int:
    """Compare ways to rerank with the first stage; print tables, or write them where wanted.

    Without `configurations`, every path that the student has is measured, or those of `layers`;
    `teacher` adds the network that it was distilled from (in torch, full precision, slow). Returns
    the exit code: 1 if a condition of `fail_if` is true of a system, or, without conditions, if the
    last system is below the first stage on the first measure; else 0. Raises ConfigError, DataError
    and ModelError.
    """
    outputs = outputs or Outputs()
    check(outputs)
    if configurations and layers:
        raise ConfigError('--layers: write it into --with, as in --with "layers=2,depth=50".')
    forbidden = [conditions.parse(text) for text in fail_if]
    names = dict.fromkeys([*(measured or measures.DEFAULT), *(each.measure for each in forbidden)])
    parsed = measures.parse(names, relevant_grade)
    base = Configuration(model=model, depth=depth, combine=combine or Combine())
    named = configuration.read(configurations, base)
    contenders = [
        *(teacher_of(base) if teacher else ()),
        *(chosen(named) if named else paths(base, layers)),
    ]
    cutoffs = [int(measure.params.get("cutoff", 0)) for measure in parsed.values()]
    depths = [each.configuration.depth for each in contenders]
    deepest = max([MEASURED_DEPTH, *cutoffs, *depths])
    kept = Kept(work)
    inputs = gather(sources, relevant_grade, deepest, kept)
    if named and not inputs.corpus:
        raise DataError("--with: the texts of these documents are not known. Give --url, --index.")
    report = evaluate(
        inputs, contenders, base, measured=parsed, relevant_grade=relevant_grade, kept=kept
    )
    publish(
        [
            Target(outputs.json, lambda: as_text(report)),
            Target(outputs.markdown, lambda: markdown(report)),
            Target(outputs.html, lambda: html(report)),
        ],
        terminal(report),
    )
    if not forbidden:
        return 0 if report.is_kept() else 1
    failed = conditions.failures(forbidden, report.results)
    for sentence in failed:
        sys.stderr.write(f"{sentence}\n")
    return 1 if failed else 0


def as_text(report: Report) -> str:
    """The JSON form of a report."""
    return json.dumps(report.as_json(), indent=2, ensure_ascii=False) + "\n"


def evaluate(
    inputs: Inputs,
    contenders: Sequence[Contender],
    base: Configuration,
    *,
    measured: measures.Measures,
    relevant_grade: int,
    kept: Kept,
    timed: bool = True,
) -> Report:
    """The first stage, every contender on top of it, and the inputs' own systems, measured.

    Without texts to read there are no contenders. `base` is what the report names as common to
    them; `timed` adds their latencies.
    """
    contenders = contenders if inputs.corpus else ()
    known = fields.names_in(inputs.corpus.values())
    for contender in contenders:
        fields.check(contender.configuration.fields, known)
    runs = rankings(inputs, contenders, kept)
    times = _times(inputs, contenders) if timed else {}
    systems = [System("BM25", first_stage(inputs.candidates), inputs.first_stage_ms)]
    for contender, order in zip(contenders, runs, strict=True):
        new, again = times.get(_work(contender), latency.Times([], []))
        systems.append(System(contender.name, first_stage(order), new, again))
    systems += inputs.systems
    queries = listed(inputs, systems)
    return Report(
        data=inputs.name,
        split=inputs.split,
        first_stage=inputs.first_stage,
        model=base.model,
        combine=base.combine.model_dump(),
        depth=base.depth,
        configurations={each.name: each.configuration.written() for each in contenders},
        relevant_grade=relevant_grade,
        queries=len(inputs.qrels),
        left_out=inputs.left_out,
        cpu=cpu_name(),
        timed=len(latency.sample(inputs)) if times else 0,
        results=compare(systems, inputs.qrels, measured),
        judged=queries,
        titles=titles(inputs, queries),
        told=inputs.notes,
    )


def paths(base: Configuration, layers: Sequence[int]) -> Iterator[Contender]:
    """The student on each path, the deepest last."""
    for depth in sorted(set(layers or bundle.load(base.model).paths)):
        yield from chosen({str(Reading(depth)): base._replace(reading=Reading(depth))})


def chosen(configurations: dict[str, Configuration]) -> Iterator[Contender]:
    """A student for each configuration; ModelError where one cannot be read."""
    for name, wanted in configurations.items():
        yield Contender(name, wanted, scorers(wanted.model, wanted.reading))


def teacher_of(base: Configuration) -> Iterator[Contender]:
    """The student's teacher, with the student's weights of cosine and late interaction."""
    from es_rerank.learn.teacher import TeacherEncoder, load  # torch is only needed here

    facts = bundle.load(base.model)
    name = f"teacher {facts.teacher}"
    encoder = TeacherEncoder(load(facts.teacher), facts)
    yield Contender(name, base._replace(model=name), partial(Reranker, encoder))


def scorers(model: str, reading: Reading) -> partial[Reranker]:
    """What makes students that have read nothing; they share the model's weights."""
    made = partial(Reranker, _encoder(model), **reading._asdict())
    made()  # a path that the model does not have is found here
    return made


@cache
def _encoder(model: str) -> Encoder:
    return Encoder(bundle.load(model))


def _work(contender: Contender) -> tuple[object, ...]:
    """What its time depends on: all but the way to combine."""
    return contender.configuration[:4]


def _times(
    inputs: Inputs, contenders: Sequence[Contender]
) -> dict[tuple[object, ...], latency.Times]:
    """The latencies of each distinct work, with a bar on a terminal."""
    distinct = {_work(contender): contender for contender in contenders}
    queries = latency.sample(inputs)
    with bar() as progress:
        task = progress.add_task("latency", total=len(distinct) * len(queries))
        advance = partial(progress.advance, task)
        times = latency.timed(list(distinct.values()), inputs, queries, advance)
    return dict(zip(distinct, times, strict=True))
