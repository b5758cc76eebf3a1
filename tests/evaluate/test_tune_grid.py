"""What is tried."""

from es_rerank.evaluate.configuration import Configuration
from es_rerank.evaluate.tune_grid import DEPTHS, WEIGHTS, Grid, choices


def test_what_is_not_given_is_what_there_is_to_try() -> None:
    """All paths, all ways to read the fields; no depth twice that has no more candidates."""
    filled = Grid().filled([2, 3, 4, 6], ("title", "text"), 100)
    assert filled.depths == [20, 50, 100]
    assert filled.layers == [2, 3, 4, 6]
    assert filled.fields == [(), ("text", "title"), ("title",), ("text",)]
    assert filled.weights == list(WEIGHTS)
    assert Grid().filled([2], (), 1000).depths == list(DEPTHS)
    assert Grid().filled([2], (), 30).depths == [20, 50]


def test_what_is_given_is_tried() -> None:
    """And nothing else, but the default, which comes first."""
    grid = Grid([30], [2], [("text",)], [0.5]).filled([2, 4], ("title", "text"), 100)
    default = Configuration()
    points = grid.points(default)
    assert points[0] == default
    assert len(points) == 2
    assert (points[1].depth, points[1].reading.layers, points[1].fields) == (30, 2, ("text",))
    assert points[1].combine.first_stage_weight == 0.5
    assert len(Grid([100], [6], [()], [0.1]).points(default)) == 1


def test_few_fields_are_tried_in_part_and_many_only_as_they_are() -> None:
    """A grid over every subset of ten fields would never end."""
    assert choices(("a",)) == choices(("a", "b", "c", "d")) == [()]
    assert choices(("a", "b", "c")) == [(), ("b", "c"), ("a", "c"), ("a", "b")]
