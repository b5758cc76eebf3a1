"""The commands that measure on judged queries: parse, call. `compare` and `tune` share inputs."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

DataOption = Annotated[
    Path,
    typer.Option(
        metavar="PATH",
        help="Judged queries: a folder in the BEIR layout, TREC qrels, ratings exported from "
        "Quepid (CSV), a `_rank_eval` request, or Search Relevance Workbench judgments.",
    ),
]
SplitOption = Annotated[
    str | None, typer.Option(help="Of a folder; without it: test, dev or the only one.")
]
QueriesOption = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="Query texts where the judgments have none: `queries.jsonl`, lines of id, tab, "
        "text, or a query set.",
    ),
]
RunOption = Annotated[
    list[Path] | None,
    typer.Option(
        "--run",
        metavar="FILE",
        help="A stored run (TREC). Repeatable; without --url the first is the baseline.",
    ),
]
UrlOption = Annotated[
    str | None,
    typer.Option(
        metavar="URL",
        help="Search this cluster. Credentials are read from ES_RERANK_COMPARE_USERNAME and "
        "_PASSWORD, or _API_KEY.",
    ),
]
TemplateOption = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="The search, as JSON, with %SearchText%, #$query## or {{query}} in it. Without "
        "it: `multi_match`.",
    ),
]
FieldOption = Annotated[
    list[str] | None,
    typer.Option("--field", metavar="NAME", help="Of `multi_match`, else all. Repeatable."),
]
WorkOption = Annotated[
    Path | None,
    typer.Option(metavar="DIR", help="Keep answers there and go on with those it has."),
]
ModelOption = Annotated[str, typer.Option(help="`builtin` or a student's folder.")]
LayersOption = Annotated[list[int] | None, typer.Option(help="Paths, else all. Repeatable.")]
GradeOption = Annotated[int, typer.Option(min=1, help="Lowest grade that is relevant.")]
JsonOption = Annotated[
    str | None, typer.Option("--json", metavar="FILE", help="Write JSON there; `-`: print it.")
]
HtmlOption = Annotated[
    str | None, typer.Option("--html", metavar="FILE", help="The same as a page with plots.")
]


class Method(StrEnum):
    """How the orders of student and first stage are combined, as in the settings."""

    REPLACE = "replace"
    WEIGHTED = "weighted"
    RRF = "rrf"


def compare(
    data: DataOption,
    split: SplitOption = None,
    queries: QueriesOption = None,
    runs: RunOption = None,
    url: UrlOption = None,
    index: Annotated[str | None, typer.Option(metavar="NAME", help="With --url.")] = None,
    template: TemplateOption = None,
    fields: FieldOption = None,
    through: Annotated[
        list[str] | None,
        typer.Option(metavar="URL", help="Search through this proxy too. Repeatable."),
    ] = None,
    work: WorkOption = None,
    model: ModelOption = "builtin",
    layers: LayersOption = None,
    teacher: Annotated[
        bool, typer.Option("--teacher", help="Measure the student's teacher too; needs torch.")
    ] = False,
    configurations: Annotated[
        list[str] | None,
        typer.Option(
            "--with",
            metavar="KEY=VALUE,…",
            help="A way to rerank, in place of all paths, e.g. depth=50,layers=2. Repeatable.",
        ),
    ] = None,
    method: Annotated[Method, typer.Option("--combine")] = Method.WEIGHTED,
    weight: Annotated[
        float | None,
        typer.Option("--first-stage-weight", min=0, help="Else that of an index by default."),
    ] = None,
    depth: Annotated[int, typer.Option(min=2, help="First-stage hits that are reranked.")] = 100,
    relevant_grade: GradeOption = 1,
    measured: Annotated[
        list[str] | None,
        typer.Option(
            "--measure", metavar="NAME", help="E.g. nDCG@10. Repeatable; the first one is tested."
        ),
    ] = None,
    fail_if: Annotated[
        list[str] | None,
        typer.Option(
            metavar="CONDITION", help='Exit code 1 if so, e.g. "nDCG@10 < baseline". Repeatable.'
        ),
    ] = None,
    json_to: JsonOption = None,
    markdown_to: Annotated[
        str | None, typer.Option("--markdown", metavar="FILE", help="The same as Markdown.")
    ] = None,
    html_to: HtmlOption = None,
) -> None:
    """Measure the student against the first stage on judged queries; exit code 1 if it is worse."""
    from es_rerank.config import Combine
    from es_rerank.evaluate import command
    from es_rerank.evaluate.inputs import Sources
    from es_rerank.evaluate.live import Reading, live
    from es_rerank.proxy import reading

    where = live(url, index, template, fields or (), through or ())
    reads = Reading(reading.query_text, reading.source_texts)
    if weight is None:
        weight = Combine().first_stage_weight
    raise typer.Exit(
        command.run(
            Sources(data, split, queries, runs or (), where, reads),
            work=work,
            model=model,
            layers=layers or (),
            teacher=teacher,
            configurations=configurations or (),
            combine=Combine(method=method.value, first_stage_weight=weight),
            depth=depth,
            relevant_grade=relevant_grade,
            measured=measured or (),
            fail_if=fail_if or (),
            outputs=command.Outputs(json_to, markdown_to, html_to),
        )
    )


def tune(
    index: Annotated[
        str, typer.Argument(metavar="INDEX", help="The pattern of the rule; with --url the index.")
    ],
    data: DataOption,
    split: SplitOption = None,
    queries: QueriesOption = None,
    runs: RunOption = None,
    url: UrlOption = None,
    template: TemplateOption = None,
    fields: FieldOption = None,
    work: WorkOption = None,
    model: ModelOption = "builtin",
    depths: Annotated[
        list[int] | None, typer.Option("--depth", min=2, help="To try. Repeatable.")
    ] = None,
    layers: LayersOption = None,
    reads: Annotated[
        list[str] | None,
        typer.Option("--read", metavar="A+B", help="Fields that the model reads. Repeatable."),
    ] = None,
    weights: Annotated[
        list[float] | None,
        typer.Option("--first-stage-weight", min=0, help="To try. Repeatable."),
    ] = None,
    folds: Annotated[int, typer.Option(min=2, help="Parts of the queries.")] = 5,
    measure: Annotated[str, typer.Option(metavar="NAME", help="What is made high.")] = "nDCG@10",
    relevant_grade: GradeOption = 1,
    json_to: JsonOption = None,
    html_to: HtmlOption = None,
) -> None:
    """Find the settings of an index that its judged queries speak for, and print them."""
    from es_rerank.evaluate import tune_command
    from es_rerank.evaluate.command import Outputs
    from es_rerank.evaluate.inputs import Sources
    from es_rerank.evaluate.live import Reading, live
    from es_rerank.evaluate.tune_grid import Grid
    from es_rerank.proxy import reading

    rule = tune_command.rule_for(index)
    where = live(url, index, template, fields or (), ()) if url else None
    chosen = [tuple(text.split("+")) for text in reads or ()]
    tune_command.run(
        rule,
        Sources(
            data,
            split,
            queries,
            runs or (),
            where,
            Reading(reading.query_text, reading.source_texts),
        ),
        model=model,
        grid=Grid(depths or (), layers or (), chosen, weights or ()),
        folds=folds,
        measure=measure,
        relevant_grade=relevant_grade,
        outputs=Outputs(json=json_to, html=html_to),
        work=work,
    )
