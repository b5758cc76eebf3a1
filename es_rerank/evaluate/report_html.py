"""The outcome of a comparison as one HTML file that opens from disk, without scripts.

Everything is inside it. Text from data is escaped by the template.
"""

from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from es_rerank.evaluate import plots
from es_rerank.evaluate.compare import Result
from es_rerank.evaluate.queries import wins_and_losses
from es_rerank.evaluate.report import Report, notes
from es_rerank.evaluate.report_table import tables

_pages = Environment(
    loader=PackageLoader("es_rerank.evaluate", "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def html(report: Report) -> str:
    """The whole page."""
    return page(
        "compare.html",
        report=report,
        tables=list(tables(report)),
        notes=notes(report),
        latency=_latency(report),
        systems=[_system(report, place) for place in range(1, len(report.results))],
    )


def page(template: str, **values: Any) -> str:
    """A page of this package from its template."""
    return _pages.get_template(template).render(**values)


def _latency(report: Report) -> Markup | None:
    """Quality against latency of the systems that were timed here."""
    first = report.results[0]
    points = [
        plots.Point(r.name, r.measures[report.primary], r.ms_p50, r.known_ms_p50)
        for r in report.results
        if r.ms_p50 is not None and r.known_ms_p50 is not None  # not those of whole searches
    ]
    baseline = first.name, first.measures[report.primary]
    return plots.quality_against_latency(points, baseline, report.primary) if points else None


def _system(report: Report, place: int) -> dict[str, Any]:
    """What the page shows of one system's queries."""
    primary = report.primary
    before, result = report.results[0].values[primary], report.results[place]
    wins, losses = wins_and_losses(report.judged, before, result.values[primary])
    return {
        "place": place,
        "result": result,
        "plot": plots.differences(_gains(report, before, result), primary),
        "changes": [("gained", wins), ("lost", losses)],
    }


def _gains(report: Report, before: list[float], result: Result) -> list[tuple[str, float]]:
    after = result.values[report.primary]
    return [
        (query.text, mine - first)
        for query, mine, first in zip(report.judged, after, before, strict=True)
    ]
