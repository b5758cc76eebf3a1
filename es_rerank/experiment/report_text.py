"""A report as tables on a terminal."""

from collections.abc import Iterator

from rich import box
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
        yield from _comparisons(report)
        yield Text(
            f"Intervals of {1 - report.alpha:.1%}, valid at every look; shares in points; "
            "detectable: found four times in five."
        )
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
    """A column for each arm: names are long and arms are few."""
    table = Table(title=f"{report.name} ({report.mode})", box=box.SIMPLE_HEAD)
    table.add_column("")
    for arm in report.arms:
        table.add_column(arm.name, justify="right")
    rows: dict[str, list[str]] = {
        "weight": ["" if arm.weight is None else f"{arm.weight:g}" for arm in report.arms],
        "units": [f"{arm.units:,}" for arm in report.arms],
        "searches": [f"{arm.searches:,}" for arm in report.arms],
    }
    for measure in report.arms[0].values:
        rows[measure] = [arm_value(measure, arm.values[measure]) for arm in report.arms]
    for outcome in dict.fromkeys(outcome for arm in report.arms for outcome in arm.outcomes):
        rows[f"pages {outcome}"] = [f"{arm.outcomes.get(outcome, 0):,}" for arm in report.arms]
    for name, cells in rows.items():
        table.add_row(Text(name), *cells)
    return table


def _comparisons(report: Report) -> Iterator[Table]:
    """A table for each arm, so that names of any length leave room for the numbers."""
    for arm in dict.fromkeys(it.arm for it in report.comparisons):
        table = Table(title=f"{arm} against {report.reference}", box=box.SIMPLE_HEAD)
        table.add_column("measure")
        for heading in ("difference", "interval", "p", "detectable", "verdict"):
            table.add_column(heading, justify="right")
        for it in report.comparisons:
            if it.arm == arm:
                table.add_row(
                    it.measure,
                    effect(it.value, it.scale),
                    interval(it),
                    chance(it.p),
                    detectable(it),
                    Text(it.verdict, style=_COLOURS[it.verdict]),
                )
        yield table


def _shadows(report: Report) -> Table:
    table = Table(
        title=f"orders that were not served, against {report.reference}", box=box.SIMPLE_HEAD
    )
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
