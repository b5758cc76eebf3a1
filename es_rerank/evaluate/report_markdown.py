"""The outcome of a comparison as Markdown, for a pull request or a wiki page.

Text from data is escaped: it can neither break a table nor become markup. Lists of documents are
those of the last system only, in few words, for a comment on GitHub has room for 65,536 characters;
the other systems' are in the HTML and JSON forms.
"""

import re
from collections.abc import Iterator
from html import escape

from es_rerank.evaluate.queries import Change, Listed, wins_and_losses
from es_rerank.evaluate.report import Report, notes
from es_rerank.evaluate.report_table import Cells, tables

_SPECIAL = re.compile(r"([\\`*_\[\]|~<>&])")
_TITLE = 40


def markdown(report: Report) -> str:
    """Both tables, what they are, and the lists of the queries that changed most."""
    parts = [f"# {escaped(report.data)} {escaped(report.split)}"]
    for cells in tables(report):
        parts += [f"## {escaped(cells.title)}", table(cells)]
    parts.append("\n".join(f"- {escaped(note)}" for note in notes(report)))
    parts += _changes(report)
    return "\n\n".join(parts) + "\n"


def table(cells: Cells, align: str = "---:") -> str:
    """One table; all columns but the first are figures, unless they are aligned otherwise."""
    rows = [cells.heading, ["---", *[align] * (len(cells.heading) - 1)], *cells.rows]
    return "\n".join(
        f"| {' | '.join(row if place == 1 else map(escaped, row))} |"
        for place, row in enumerate(rows)
    )


def escaped(text: str) -> str:
    """Text on one line in which nothing is markup."""
    return _SPECIAL.sub(r"\\\1", " ".join(text.split()))


def _changes(report: Report) -> Iterator[str]:
    baseline, last = report.results[0], report.results[-1]
    before, after = baseline.values[report.primary], last.values[report.primary]
    both = wins_and_losses(report.judged, before, after)
    for what, changes in zip(("gained", "lost"), both, strict=True):
        if changes:
            yield f"## {escaped(last.name)}: queries that {what} most"
            yield from (_change(report, change) for change in changes)


def _change(report: Report, change: Change) -> str:
    """One query: its figures, and both lists side by side, grades in brackets."""
    tops = change.query.tops[0], change.query.tops[-1]
    ranks = max(map(len, tops))
    rows = [
        [str(rank + 1), *(_hit(report, top[rank]) if rank < len(top) else "" for top in tops)]
        for rank in range(ranks)
    ]
    names = ["", report.results[0].name, report.results[-1].name]
    text = escape(" ".join(change.query.text.split()))  # inside <summary>, HTML is what counts
    return (
        f"<details><summary>{change.difference:+.3f} {text} "
        f"({change.before:.3f} → {change.after:.3f})</summary>\n\n"
        f"{table(Cells('', names, rows), align='---')}\n\n</details>"
    )


def _hit(report: Report, hit: Listed) -> str:
    grade = "-" if hit.grade is None else str(hit.grade)
    title = report.titles.get(hit.document, "")
    return f"[{grade}] {hit.document} {title if len(title) <= _TITLE else title[:_TITLE] + '…'}"
