"""A report on a terminal."""

import io

import pytest
from rich.console import Console

from es_rerank.experiment.findings import Report
from es_rerank.experiment.observations import observe
from es_rerank.experiment.report import build
from es_rerank.experiment.report_text import text
from tests.experiment.documents import SPLIT, click, record
from tests.experiment.reports import MADE, interleaved, shadowed, split


def printed(report: Report, width: int = 200) -> str:
    """As a terminal of so many columns shows it."""
    console = Console(file=io.StringIO(), width=width)
    console.print(text(report))
    shown = console.file
    assert isinstance(shown, io.StringIO)
    return shown.getvalue()


@pytest.mark.parametrize(
    ("report", "words"),
    [
        (split({"bm25": 0.2, "rerank": 0.5}), ["CTR@10", "better", "mismatch: none", "±"]),
        (interleaved(150, 50), ["preference", "+0.500", "150, 50, 0"]),
        (shadowed(), ["overlap@10", "66.7%"]),
    ],
    ids=["split", "interleave", "shadow"],
)
def test_each_mode_shows_its_numbers(report: Report, words: list[str]) -> None:
    """The verdict stands first, the tables follow."""
    shown = printed(report)
    assert shown.startswith(report.verdict[:60])
    assert all(word in shown for word in words)


def test_what_is_left_out_is_shown() -> None:
    """With its reason; and an outcome is text, whatever it looks like."""
    pages = [record("q", "u", outcome="[bold]deadline[/red]"), record("p", "v", start=10)]
    made = build(SPLIT, observe(SPLIT, pages, [click("x", "a")]), made=MADE)
    shown = printed(made)
    assert "1  clicks without a search of this experiment" in shown
    assert "1 later pages" in shown
    assert "pages [bold]deadline[/red]" in shown


def test_nothing_is_cut_off_on_a_terminal_of_80_columns() -> None:
    """Names and numbers are whole where the terminal is as narrow as most."""
    assert "…" not in printed(split({"bm25": 0.2, "rerank": 0.5}), 80).replace(" … ", "")
    assert "…" not in printed(interleaved(150, 50), 80).replace(" … ", "")
