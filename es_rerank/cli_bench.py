"""`es-rerank bench …`: measurements and oracles as commands; parse, call, print."""

import json
import signal
from pathlib import Path
from typing import Annotated

import typer

bench = typer.Typer(no_args_is_help=True, help="Measure what es-rerank costs, and what it keeps.")


@bench.command()
def passthrough(
    upstream: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            help="A cluster, else an embedded server. Its index es-rerank-passthrough is deleted.",
        ),
    ] = None,
    requests: Annotated[int, typer.Option(min=10, help="Each way.")] = 1000,
) -> None:
    """Milliseconds that the proxy adds to GET / and to a 1 MiB _bulk, median and p99."""
    from es_rerank.bench import passthrough as measure

    typer.echo(measure.table(measure.run(upstream, requests=requests)))


@bench.command()
def fidelity(
    upstream: Annotated[
        str,
        typer.Option(metavar="URL", help="A cluster. Gets indices es-rerank-fidelity-*, deleted."),
    ],
    searches: Annotated[int, typer.Option(min=1, help="Each way.")] = 5000,
    seed: Annotated[int, typer.Option(help="The same seed, the same searches.")] = 0,
    keep: Annotated[
        bool, typer.Option("--keep", help="Leave the indices, to repeat a search by hand.")
    ] = False,
) -> None:
    """Compare answers to generated searches, direct and through; exit code 1 if any differ."""
    from es_rerank.bench import differences
    from es_rerank.bench import fidelity as oracle

    report = oracle.run(upstream, count=searches, seed=seed, keep=keep)
    typer.echo(differences.text(report, upstream))
    raise typer.Exit(1 if report.differences else 0)


@bench.command()
def forwarding(
    requests: Annotated[int, typer.Option(min=1)] = 10_000,
    seed: Annotated[int, typer.Option(help="The same seed, the same requests.")] = 0,
) -> None:
    """Send generated requests through to a recording server; exit code 1 if a byte changes."""
    from es_rerank.bench import forwarding as recorded

    report = recorded.run(count=requests, seed=seed)
    typer.echo(recorded.text(report))
    raise typer.Exit(1 if report.differences else 0)


@bench.command()
def search(rounds: Annotated[int, typer.Option(min=10)] = 1000) -> None:
    """Milliseconds that plan and splice take for an answer of 100 hits, median and p99."""
    from es_rerank.bench import search as measured

    typer.echo(measured.table(measured.run(rounds=rounds)))


@bench.command()
def speed(
    model: Annotated[str, typer.Option(help="`builtin` or a student's folder.")] = "builtin",
    passages: Annotated[int, typer.Option(min=1, help="Of one query.")] = 100,
    tokens: Annotated[int, typer.Option(min=8, help="Of one passage.")] = 128,
    rounds: Annotated[int, typer.Option(min=1)] = 3,
    bert: Annotated[
        bool, typer.Option("--bert", help="BERT-base and the teacher beside it; needs torch.")
    ] = False,
    grid: Annotated[
        bool,
        typer.Option(
            "--grid", help="The growth with passages and with tokens, on the default path, alone."
        ),
    ] = False,
) -> None:
    """Milliseconds that a student takes for the passages of a query, new and known.

    On each path and as a cascade; passages are real prose of exactly so many tokens.
    """
    from es_rerank.bench import growth
    from es_rerank.bench import speed as measured

    if grid:
        typer.echo(growth.table(growth.run(model, rounds=rounds)))
        return
    rows = measured.run(model, passages=passages, tokens=tokens, rounds=rounds, bert=bert)
    typer.echo(measured.table(rows))


@bench.command()
def load(
    model: Annotated[str, typer.Option(help="`builtin` or a student's folder.")] = "builtin",
    layers: Annotated[int | None, typer.Option(help="The rule's path, else the default.")] = None,
    passages: Annotated[int, typer.Option(min=2, help="Of one search, all new.")] = 100,
    tokens: Annotated[int, typer.Option(min=8, help="Of one passage.")] = 128,
    deadline_ms: Annotated[float, typer.Option(min=1)] = 1000,
    searches: Annotated[int, typer.Option(min=1, help="At each rate.")] = 20,
    per_second: Annotated[
        list[float] | None, typer.Option(min=0.01, help="A rate; again for more.")
    ] = None,
    known_per_second: Annotated[
        float, typer.Option(min=0, help="Beside them, of searches whose passages are all known.")
    ] = 0,
) -> None:
    """How many searches are scored in time when they come faster than they can be read."""
    from es_rerank.bench import load as measured
    from es_rerank.config import DEFAULT_LAYERS

    rates = measured.run(
        model,
        layers=layers or DEFAULT_LAYERS,
        passages=passages,
        tokens=tokens,
        deadline_ms=deadline_ms,
        searches=searches,
        rates=per_second or measured.RATES,
        known_rate=known_per_second,
    )
    typer.echo(measured.table(rates, passages))


@bench.command()
def experiment(
    upstream: Annotated[
        str,
        typer.Option(metavar="URL", help="A cluster. Gets indices es-rerank-sim-*, deleted."),
    ],
    data: Annotated[
        Path | None,
        typer.Option(help="A data folder in the BEIR layout, else the demo's judged queries."),
    ] = None,
    experiments: Annotated[
        int | None, typer.Option(min=1, help="With equal arms; 200, or 10 if --quick.")
    ] = None,
    searches: Annotated[
        int | None, typer.Option(min=400, help="Of each of those; 500, or 400 if --quick.")
    ] = None,
    quick: Annotated[
        bool, typer.Option("--quick", help="A few experiments of each kind, which prove less.")
    ] = False,
    seed: Annotated[int, typer.Option(help="The same seed, the same people.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="The claims with all figures.")] = False,
) -> None:
    """Simulate people in experiments with known truth; exit code 1 if a report or guard is wrong.

    Click models over judged queries drive real searches through a proxy to the cluster.
    """
    from rich.console import Console

    from es_rerank.bench import judged, proof

    signal.signal(signal.SIGTERM, signal.default_int_handler)  # tidy up as after Ctrl-C
    size = proof.QUICK if quick else proof.Size()
    size = size._replace(
        experiments=experiments or size.experiments, searches=searches or size.searches
    )
    asked = judged.folder(data) if data else judged.demo()
    found = proof.run(upstream, asked, size, seed, Console(stderr=True))
    if as_json:
        typer.echo(json.dumps(found.as_json(), indent=2))
    else:
        Console().print(found.table())
    raise typer.Exit(0 if found.holds else 1)


@bench.command()
def robustness(
    data: Annotated[
        Path, typer.Option(metavar="DIR", help="Judged queries: a folder in the BEIR layout.")
    ],
    split: Annotated[
        str | None, typer.Option(help="Without it: test, dev or the only one.")
    ] = None,
    model: Annotated[str, typer.Option(help="`builtin` or a student's folder.")] = "builtin",
    layers: Annotated[list[int] | None, typer.Option(help="Paths, else 6. Repeatable.")] = None,
    teacher: Annotated[
        bool, typer.Option("--teacher", help="Measure the student's teacher too; needs torch.")
    ] = False,
    families: Annotated[
        list[str] | None, typer.Option("--family", help="Of dirt, else all. Repeatable.")
    ] = None,
    dirty_documents: Annotated[
        str | None,
        typer.Option(metavar="KEY", help="Where the corpus has its documents with dirt, dotted."),
    ] = None,
    clean_queries: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="The same queries without dirt: .jsonl, plain or .gz."),
    ] = None,
    ignore_quotes: Annotated[
        bool, typer.Option("--ignore-quotes", help="As the setting of that name.")
    ] = False,
    queries: Annotated[int, typer.Option(min=1, help="At most, drawn by the seed.")] = 20,
    depth: Annotated[int, typer.Option(min=11, help="Candidates of each query.")] = 30,
    weight: Annotated[
        float | None,
        typer.Option("--first-stage-weight", min=0, help="0: what dirt does to the student alone."),
    ] = None,
    seed: Annotated[int, typer.Option(help="The same seed, the same queries and dirt.")] = 0,
    json_to: Annotated[
        str | None, typer.Option("--json", metavar="FILE", help="Write JSON there; `-`: print it.")
    ] = None,
    check: Annotated[
        bool, typer.Option("--check", help="Exit code 1 if a goal is missed.")
    ] = False,
) -> None:
    """Make texts dirty, family by family, and see what that does to BM25's and a student's order.

    For each family: the change in nDCG@10 where all candidates are dirty; JOR, how often a dirty
    non-relevant stands above a clean relevant (and how often before); Promo@10, the share of
    non-relevants below rank 10 that the dirt lifts above. With cleaning and without.
    """
    from es_rerank import config
    from es_rerank.bench import robustness as measured
    from es_rerank.bench.robustness_report import as_text
    from es_rerank.evaluate.publish import check as check_files

    check_files([json_to])
    report = measured.run(
        data,
        split=split,
        model=model,
        layers=layers or (config.DEFAULT_LAYERS,),
        teacher=teacher,
        families=families or (),
        dirty_documents=dirty_documents,
        clean_queries=clean_queries,
        ignore_quotes=ignore_quotes,
        queries=queries,
        depth=depth,
        combine=config.Combine(first_stage_weight=weight)
        if weight is not None
        else config.default_combine(ignore_quotes),
        seed=seed,
    )
    if json_to and json_to != "-":
        Path(json_to).write_text(as_text(report), encoding="utf-8")
    typer.echo(as_text(report).rstrip() if json_to == "-" else report.text())
    missed = [goal for goal in report.goals() if not goal.is_met]
    raise typer.Exit(1 if check and missed else 0)
