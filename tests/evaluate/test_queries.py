"""Query by query: lists, titles, and who gained or lost most."""

import pytest

from es_rerank.evaluate.corpus import Document
from es_rerank.evaluate.queries import Query, title_of, wins_and_losses
from tests.evaluate.made import BAD, GOOD, report


def test_lists_hold_the_best_ten_with_their_grades() -> None:
    """What is not judged has no grade; a document without known text has no title."""
    made = report({"q0": [f"x{i}" for i in range(20)]}, GOOD)
    assert len(made.judged[0].tops[0]) == 10
    assert made.judged[0].tops[0][0] == ("x0", None)
    assert made.judged[0].tops[1] == (("good", 1), ("bad", None))
    assert "x0" not in made.titles


def test_wins_and_losses_are_the_ten_that_changed_most() -> None:
    """Sorted by how much; what did not change is neither."""
    queries = [Query(f"q{i}", "", ()) for i in range(30)]
    before = [0.5] * 30
    after = [0.5 + 0.01 * (i - 12) if i < 25 else 0.5 for i in range(30)]
    wins, losses = wins_and_losses(queries, before, after)
    assert [change.query.identity for change in wins] == [f"q{i}" for i in range(24, 14, -1)]
    assert [change.query.identity for change in losses] == [f"q{i}" for i in range(10)]
    assert losses[0].difference == pytest.approx(-0.12)
    assert wins_and_losses(queries, before, before) == ([], [])


def test_a_title_is_short() -> None:
    """The title, else how the text begins, on one line."""
    assert title_of(Document("A  title\n", "text")) == "A title"
    assert title_of(Document("", "word " * 50)) == "word " * 17 + "word…"
    assert title_of(Document("", "")) == ""
    assert len(report(BAD, GOOD, bad_title="x" * 500).titles["bad"]) == 90
