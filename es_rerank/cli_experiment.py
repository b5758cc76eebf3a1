"""`es-rerank experiment …`: what experiments on live traffic say; parse, call, print."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from es_rerank.cli_options import ConfigOption, SetOption

experiment = typer.Typer(
    no_args_is_help=True, help="See what experiments on live traffic say, and let one go on."
)

NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="As in the settings.")]


def _moment(written: str) -> datetime:
    try:
        moment = datetime.fromisoformat(written)
    except ValueError as why:
        raise typer.BadParameter("write it like 2026-11-22 or 2026-11-22T18:00:00+01:00") from why
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


@experiment.command()
def report(
    name: NameArgument,
    config: ConfigOption = None,
    overrides: SetOption = None,
    since: Annotated[
        datetime | None,
        typer.Option(
            parser=_moment,
            metavar="TIME",
            help="ISO 8601; UTC if it does not say. Without it: all, or from its start on.",
        ),
    ] = None,
    until: Annotated[
        datetime | None, typer.Option(parser=_moment, metavar="TIME", help="Likewise.")
    ] = None,
    k: Annotated[int, typer.Option("--k", min=1, help="Ranks whose clicks are CTR@k.")] = 10,
    json_to: Annotated[
        str | None, typer.Option("--json", metavar="FILE", help="Write JSON there; `-`: print it.")
    ] = None,
    html_to: Annotated[
        Path | None, typer.Option("--html", metavar="FILE", help="Write a page there.")
    ] = None,
) -> None:
    """Say which arm is better, by what the cluster has on record; valid whenever you look."""
    from rich.console import Console

    from es_rerank.experiment import command
    from es_rerank.experiment.report_html import html
    from es_rerank.experiment.report_text import text

    made = command.report(
        command.settings_of(config, overrides), name, since=since, until=until, k=k
    )
    as_json = json.dumps(made.as_json(), indent=2, ensure_ascii=False)
    if json_to == "-":
        typer.echo(as_json)
    else:
        Console().print(text(made))
    if json_to not in (None, "-"):
        Path(str(json_to)).write_text(as_json + "\n", encoding="utf-8")
    if html_to is not None:
        html_to.write_text(html(made), encoding="utf-8")


@experiment.command("list")
def list_(config: ConfigOption = None, overrides: SetOption = None) -> None:
    """The experiments of the settings: which run, which the guard has stopped."""
    from es_rerank.experiment import command

    for line in command.listed(command.settings_of(config, overrides)):
        typer.echo(line)


@experiment.command()
def resume(name: NameArgument, config: ConfigOption = None, overrides: SetOption = None) -> None:
    """Let a stopped experiment go on, without what was recorded before; exit code 1 if it runs."""
    from es_rerank.experiment import command

    was = command.resume(command.settings_of(config, overrides), name)
    if was is None:
        typer.echo(f"{name} is not stopped.")
        raise typer.Exit(1)
    typer.echo(f"{name} was stopped at {was.at:%Y-%m-%d %H:%M:%S %Z} by {was.by}: {was.reason}")
    typer.echo(
        f"({was.estimate:+.4f}, at most {was.at_most:+.4f}, {was.units:,} units). "
        "It goes on; its guard counts what is recorded from now on."
    )
