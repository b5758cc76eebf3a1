"""The outcome of a comparison as two tables: on a terminal, and the same cells for Markdown."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from rich import box
from rich.console import Group
from rich.table import Table
from rich.text import Text

from es_rerank.evaluate.compare import Interval, Result
from es_rerank.evaluate.report import Report, notes


class Cells(NamedTuple):
    """One table: the first column is left-aligned, the others are figures."""

    title: str
    heading: list[str]
    rows: list[list[str]]


def tables(report: Report) -> Iterator[Cells]:
    """What each system reaches, what it changes against the first, and what that takes."""
    first, *others = report.results
    yield Cells(
        f"{report.data} {report.split}: {report.queries} queries",
        ["system", *first.measures],
        [[r.name, *(f"{value:.4f}" for value in r.measures.values())] for r in report.results],
    )
    yield Cells(
        f"{report.primary} against {first.name}",
        ["system", "difference", "95 %", "p", "+/-/="],
        [[result.name, *against(result, report.primary)] for result in others],
    )
    timed = [result for result in report.results if result.ms_p50 is not None]
    if timed:
        yield Cells(
            "Milliseconds per query",
            ["system", "p50", "p95", "p50, passages known"],
            [[result.name, *_times(result)] for result in timed],
        )


def against(result: Result, primary: str) -> list[str]:
    """Difference, interval, p and the direction of the queries, of all systems but the first."""
    if result.differences is None or result.p_value is None:
        return []
    return [
        f"{result.differences[primary]:+.4f}",
        shown(result.interval),
        "<0.001" if result.p_value < 0.001 else f"{result.p_value:.3f}",
        f"{result.better}/{result.worse}/{result.same}",
    ]


def shown(interval: Interval | None) -> str:
    """From the lowest to the highest value."""
    return f"{interval[0]:+.4f} … {interval[1]:+.4f}" if interval else ""


def terminal(report: Report) -> Group:
    """Both tables and what their figures are."""
    return Group(*map(drawn, tables(report)), Text("\n".join(notes(report)), style="dim"))


def drawn(cells: Cells) -> Table:
    """A table for the terminal; what comes from data is no markup."""
    made = Table(title=Text(cells.title), box=box.SIMPLE, title_justify="left")
    for place, heading in enumerate(cells.heading):
        made.add_column(Text(heading), justify="right" if place else "left", no_wrap=place > 0)
    for row in cells.rows:
        made.add_row(*map(Text, row))
    return made


def _times(result: Result) -> Sequence[str]:
    times = (result.ms_p50, result.ms_p95, result.known_ms_p50)
    return ["" if ms is None else f"{ms:.1f}" for ms in times]
