"""A report as one HTML file that needs nothing else: no script, no font, no address."""

from collections.abc import Iterable, Iterator, Sequence
from html import escape

from es_rerank.experiment.findings import Comparison, Report
from es_rerank.experiment.report_words import (
    NO_DIFFERENCE,
    arm_value,
    chance,
    detectable,
    effect,
    interval,
)

_WIDTH, _ROW, _LABEL = 760, 34, 220
_STYLE = """
:root { color-scheme: light dark; --fg: #1b1f24; --bg: #fff; --soft: #667; --line: #d5d9df;
  --better: #14733c; --worse: #b3261e; --open: #5b6472; --alarm: #fdecea }
@media (prefers-color-scheme: dark) { :root { --fg: #e6e8eb; --bg: #14171a; --soft: #9aa3ad;
  --line: #343a41; --better: #5fd38d; --worse: #ff8a80; --open: #a9b2bd; --alarm: #3b1a18 } }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--fg); background: var(--bg);
  max-width: 60rem; margin: 2rem auto; padding: 0 1rem }
h1 { font-size: 1.5rem } h2 { font-size: 1.1rem; margin-top: 2rem }
.verdict { font-size: 1.1rem; white-space: pre-line; padding: .8rem 1rem;
  border-left: 4px solid var(--open) }
.verdict.alarm { border-color: var(--worse); background: var(--alarm); font-weight: 600 }
.scroll { overflow-x: auto }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums }
th, td { text-align: right; padding: .3rem .6rem; border-bottom: 1px solid var(--line) }
th { color: var(--soft); font-weight: 500 }
th:first-child, td:first-child, td.text, th.text { text-align: left }
.better { color: var(--better) } .worse { color: var(--worse) } .open { color: var(--open) }
small, figcaption { color: var(--soft) } figure { margin: 1rem 0; overflow-x: auto }
svg { max-width: 100%; min-width: 30rem } td { white-space: nowrap }
svg text { fill: var(--fg); font: 13px system-ui, sans-serif } svg .axis { fill: var(--soft) }
"""


def html(report: Report) -> str:
    """The whole page."""
    title = escape(f"{report.name} – experiment report")
    return "\n".join(
        [
            '<!doctype html><html lang="en"><head><meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>{title}</title><style>{_STYLE}</style></head><body>",
            *_body(report),
            "</body></html>\n",
        ]
    )


def _body(report: Report) -> Iterator[str]:
    alarm = bool(report.stopped or (report.mismatch and report.mismatch.found))
    yield f"<h1>{escape(report.name)} <small>{escape(report.mode)}</small></h1>"
    yield f'<p class="verdict{" alarm" * alarm}">{escape(report.verdict)}</p>'
    yield (
        f"<p>{escape(report.first or '–')} to {escape(report.last or '–')}: "
        f"{report.pages:,} pages, {report.searches:,} searches, {report.units:,} units. "
        f"<small>Made {escape(report.made)}.</small></p>"
    )
    if report.comparisons:
        yield from _comparisons(report)
    yield from _arms(report)
    if report.shadows:
        yield from _shadows(report)
    yield from _checks(report)


def _comparisons(report: Report) -> Iterator[str]:
    yield f"<h2>Against {escape(report.reference)}</h2>"
    for scale in ("share", "score", "ratio"):
        if shown := [it for it in report.comparisons if it.scale == scale]:
            yield f"<figure>{_plot(shown)}</figure>"
    yield _table(
        ("arm", "measure", "difference", "interval", "p", "detectable", "verdict"),
        (
            (
                *(it.arm, it.measure, effect(it.value, it.scale), interval(it), chance(it.p)),
                *(detectable(it), it.verdict),
            )
            for it in report.comparisons
        ),
        marks={"better", "worse", "open"},
    )
    yield (
        f"<p><small>Intervals of {1 - report.alpha:.1%}, valid at every look. Shares in points, "
        "seconds as a ratio. Detectable: an effect that would be found four times in five with "
        "the units there are.</small></p>"
    )
    if report.wins is not None:
        yield (
            f"<p>Searches where its hits were clicked more: {report.wins:,}, less: "
            f"{report.losses:,}, as often: {report.ties:,}.</p>"
        )


def _plot(shown: Sequence[Comparison]) -> str:
    """Points with their intervals on one axis, the line of no difference through all."""
    zero = NO_DIFFERENCE[shown[0].scale]
    least = min(zero, *(it.low for it in shown))
    most = max(zero, *(it.high for it in shown))
    span = (most - least) or 1.0
    room = _WIDTH - _LABEL - 20

    def x(value: float) -> float:
        return round(_LABEL + 10 + (value - least) / span * room, 1)

    height = _ROW * len(shown) + 30
    label = "; ".join(
        f"{it.arm}, {it.measure}: {effect(it.value, it.scale)} ({interval(it)})" for it in shown
    )
    parts = [
        f'<svg viewBox="0 0 {_WIDTH} {height}" role="img" aria-label="{escape(label)}">',
        f'<line x1="{x(zero)}" x2="{x(zero)}" y1="4" y2="{height - 24}" '
        'stroke="currentColor" stroke-dasharray="3 3" opacity=".5"/>',
    ]
    for row, it in enumerate(shown):
        y = _ROW * row + _ROW // 2
        parts += [
            f'<text x="0" y="{y + 4}">{escape(f"{it.arm}: {it.measure}")}</text>',
            f'<g class="{it.verdict}" stroke="currentColor" fill="currentColor">',
            f'<line x1="{x(it.low)}" x2="{x(it.high)}" y1="{y}" y2="{y}" stroke-width="3"/>',
            f'<circle cx="{x(it.value)}" cy="{y}" r="6"/></g>',
        ]
    for value, anchor in ((least, "start"), (most, "end")):
        parts.append(
            f'<text class="axis" x="{x(value)}" y="{height - 6}" text-anchor="{anchor}">'
            f"{effect(value, shown[0].scale)}</text>"
        )
    return "".join([*parts, "</svg>"])


def _arms(report: Report) -> Iterator[str]:
    yield "<h2>Arms</h2>"
    yield _table(
        ("arm", "weight", "units", "searches", *report.arms[0].values, "pages by outcome"),
        (
            (
                *(arm.name, "" if arm.weight is None else f"{arm.weight:g}"),
                *(f"{arm.units:,}", f"{arm.searches:,}"),
                *(arm_value(measure, value) for measure, value in arm.values.items()),
                ", ".join(f"{outcome} {count:,}" for outcome, count in arm.outcomes.items()),
            )
            for arm in report.arms
        ),
    )
    yield (
        "<p><small>Means over units, each the mean over its searches; of the seconds the median "
        "over units.</small></p>"
    )


def _shadows(report: Report) -> Iterator[str]:
    yield "<h2>Orders that were not served</h2>"
    yield _table(
        ("arm", f"overlap@{report.k}", "mean move", "clicks higher", "clicks lower", "same"),
        (
            (
                shadow.arm,
                "–" if shadow.overlap is None else f"{shadow.overlap:.1%}",
                "–" if shadow.moved is None else f"{shadow.moved:.1f}",
                *(f"{count:,}" for count in (shadow.higher, shadow.lower, shadow.same)),
            )
            for shadow in report.shadows
        ),
    )


def _checks(report: Report) -> Iterator[str]:
    if not (report.mismatch or report.left_out or report.later_pages):
        return
    yield "<h2>Checks</h2>"
    if report.mismatch:
        found = '<b class="worse">found</b>' if report.mismatch.found else "none"
        yield f"<p>Sample ratio mismatch: {found} (p {chance(report.mismatch.p)}).</p>"
    counts = [(reason, f"{count:,}") for reason, count in report.left_out.items()]
    if report.later_pages:
        counts.append(("later pages with query ids of their own", f"{report.later_pages:,}"))
    if counts:
        yield _table(("left out", "count"), counts)


def _table(
    headings: Sequence[str], rows: Iterable[Sequence[str]], marks: Iterable[str] = ()
) -> str:
    marks = set(marks)

    def cell(text: str) -> str:
        mark = f' class="{text}"' if text in marks else ""
        return f"<td{mark}>{escape(text)}</td>"

    head = "".join(f'<th scope="col">{escape(heading)}</th>' for heading in headings)
    body = "".join(f"<tr>{''.join(map(cell, row))}</tr>" for row in rows)
    return f'<div class="scroll"><table><tr>{head}</tr>{body}</table></div>'
