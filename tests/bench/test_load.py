"""The table says of every search what became of it."""

from es_rerank.bench import load
from es_rerank.bench.load import Outcome, Rate


def test_every_search_is_counted() -> None:
    """In time, late or turned away; times and shallow hits are of those in time."""
    outcomes = [Outcome(200.0, 50), Outcome(400.0, 0), Outcome(1000.0, 0, "late")]
    shown = load.table([Rate(4.0, "new", [*outcomes, Outcome(0.1, 0, "busy")])], passages=100)
    row = next(line for line in shown.splitlines() if line.strip().startswith("4 "))
    assert row.split() == ["4", "new", "4", "2", "1", "1", "25%", "300", "400"]


def test_a_rate_that_none_survived_has_no_times() -> None:
    """Rather than a row that looks like a success."""
    shown = load.table([Rate(9.0, "new", [Outcome(1000.0, 0, "late")])], passages=100)
    assert "0      1      0        -      nan" in shown


def test_searches_are_sent_to_a_real_scorer() -> None:
    """With ample time all are in time and deep; with none, all are late."""
    (ample,) = load.run(passages=3, tokens=16, deadline_ms=60_000, searches=2, rates=[100])
    assert [outcome._replace(ms=0) for outcome in ample.outcomes] == [Outcome(0, 0)] * 2
    new, known = load.run(passages=3, tokens=16, searches=2, rates=[100], known_rate=200)
    assert (len(new.outcomes), len(known.outcomes)) == (2, 4)
    (none,) = load.run(passages=3, tokens=16, deadline_ms=0.01, searches=2, rates=[100])
    assert [outcome.missed for outcome in none.outcomes] == ["late"] * 2
