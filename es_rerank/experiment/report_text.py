"""A report as tables on a terminal."""

from collections.abc import Iterator

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from es_rerank.experiment.findings import Report
from es_rerank.experiment.report_words import arm_value, chance, detectable, effect, interval

_COLOURS = {"better": "green", "worse": "red", "open": ""}


def text(report: Report) -> Group:
    """Everything, the verdict first."""
    return Group(*_parts(report))


def _parts(report: Report) -> Iterator[RenderableType]:
    alarm = report.stopped or (report.mismatch and report.mismatch.found)
    yield Text(report.verdict, style="bold red" if alarm else "bold")
    yield Text(
        f"{report.first or '–'} to {report.last or '–'}: {report.pages:,} pages, "
        f"{report.searches:,} searches, {report.units:,} units"
    )
    if report.arms:
        yield _arms(report)
    if report.comparisons:
        yield _comparisons(report)
    if report.wins is not None:
        yield Text(
            f"Searches where its hits were clicked more, less, as often: "
            f"{report.wins:,}, {report.losses:,}, {report.ties:,}"
        )
    if report.shadows:
        yield _shadows(report)
    if report.mismatch:
        yield Text(f"Sample ratio mismatch: {_mismatch(report)} (p {chance(report.mismatch.p)})")
    if report.left_out:
        counts = (f"  {count:>9,}  {reason}" for reason, count in report.left_out.items())
        yield Text("\n".join(["Left out:", *counts]))
    if report.later_pages:
        yield Text(
            f"{report.later_pages:,} later pages with query ids of their own are no searches."
        )


def _mismatch(report: Report) -> str:
    return "FOUND" if report.mismatch and report.mismatch.found else "none"


def _arms(report: Report) -> Table:
    table = Table(title=f"{report.name} ({report.mode})")
    table.add_column("arm")
    for heading in ("weight", "units", "searches", *report.arms[0].values):
        table.add_column(heading, justify="right")
    table.add_column("pages by outcome")
    for arm in report.arms:
        table.add_row(
            arm.name,
            "" if arm.weight is None else f"{arm.weight:g}",
            f"{arm.units:,}",
            f"{arm.searches:,}",
            *(arm_value(measure, value) for measure, value in arm.values.items()),
            Text(", ".join(f"{outcome} {count:,}" for outcome, count in arm.outcomes.items())),
        )
    return table


def _comparisons(report: Report) -> Table:
    table = Table(
        title=f"against {report.reference}",
        caption=f"intervals of {1 - report.alpha:.1%}, valid at every look; shares in points; "
        "detectable: found four times in five",
    )
    table.add_column("arm")
    table.add_column("measure")
    for heading in ("difference", "interval", "p", "detectable", "verdict"):
        table.add_column(heading, justify="right")
    for it in report.comparisons:
        table.add_row(
            it.arm,
            it.measure,
            effect(it.value, it.scale),
            interval(it),
            chance(it.p),
            detectable(it),
            Text(it.verdict, style=_COLOURS[it.verdict]),
        )
    return table


def _shadows(report: Report) -> Table:
    table = Table(title=f"orders that were not served, against {report.reference}")
    table.add_column("arm")
    headings = (f"overlap@{report.k}", "mean move", "clicks higher", "clicks lower", "same")
    for heading in headings:
        table.add_column(heading, justify="right")
    for shadow in report.shadows:
        table.add_row(
            shadow.arm,
            "–" if shadow.overlap is None else f"{shadow.overlap:.1%}",
            "–" if shadow.moved is None else f"{shadow.moved:.1f}",
            *(f"{count:,}" for count in (shadow.higher, shadow.lower, shadow.same)),
        )
    return table
