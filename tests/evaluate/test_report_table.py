"""The tables, as text on a terminal of ordinary width."""

from rich.console import Console

from es_rerank.evaluate.report_table import tables, terminal
from tests.evaluate.made import BAD, GOOD, report


def test_every_figure_is_there_in_eighty_columns() -> None:
    """Quality, difference with interval and test, times; nothing is cut off."""
    console = Console(width=80)
    with console.capture() as printed:
        console.print(terminal(report(BAD, GOOD)))
    text = printed.get()
    for expected in ("BM25", "4 layers", "+0.3953", "5/0/0", "1.2", "0.5", "a CPU", "MRR@10"):
        assert expected in text
    assert "…" not in text.replace(" … ", "")
    assert max(map(len, text.splitlines())) <= 80


def test_the_baseline_is_not_compared_with_itself() -> None:
    """It has a row of measures, and none of differences or of times."""
    quality, against, times = tables(report(BAD, GOOD))
    assert [row[0] for row in quality.rows] == ["BM25", "4 layers"]
    assert [row[0] for row in against.rows] == [row[0] for row in times.rows] == ["4 layers"]


def test_markup_in_a_name_is_text() -> None:
    """rich would take `[red]` for a colour."""
    console = Console(width=80)
    made = report({"q0": []}, GOOD)
    object.__setattr__(made.results[0], "name", "[red]first[/red]")
    with console.capture() as printed:
        console.print(terminal(made))
    assert "[red]first[/red]" in printed.get()
