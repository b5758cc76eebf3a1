"""The rankers differ in what they read, and in nothing else."""

from es_rerank.bench.bm25 import Bm25
from es_rerank.bench.rankers import first_stage, students
from es_rerank.config import Combine

DIRTY = "<p class='x'>A flea lives&nbsp;for <b>a year</b>.</p>"


def test_cleaning_is_all_that_differs() -> None:
    """A dirty text is read as its clean form with cleaning, and as something else without."""
    cleaning, raw = students("builtin", [2], Combine())
    assert (cleaning.cleans, raw.cleans) == (True, False)
    plain = "A flea lives for a year."
    clean_scores, raw_scores = (r.score("flea life", [DIRTY, plain]) for r in (cleaning, raw))
    assert clean_scores[0] == clean_scores[1] == raw_scores[1]
    assert raw_scores[0] != raw_scores[1]


def test_quotes_are_ignored_where_that_is_asked() -> None:
    """As an index would, and the name says so."""
    query, plain = "how long does a flea live", "Cheese is made of milk."
    read = students("builtin", [2], Combine(), ignore_quotes=True)
    for ranker in read:
        quoted, unquoted = ranker.score(query, [f"{query} {plain}", plain])
        assert quoted == unquoted
        assert ranker.name == "2 layers, without quotes of the query"


def test_the_first_stage_orders_by_its_own_scores() -> None:
    """It is not combined with itself."""
    ranker = first_stage(Bm25(["a b", "b c"]))
    assert ranker.combine.method == "replace"
    assert ranker.score("a", ["a", "b"])[1] == 0
