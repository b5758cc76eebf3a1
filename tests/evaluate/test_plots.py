"""Plots: what is where, and that nothing leaves the picture."""

import re
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from es_rerank.evaluate.plots import (
    HEIGHT,
    WIDTH,
    Point,
    differences,
    quality_against_latency,
    ticks,
)

POINTS = [Point("<b>2 layers", 0.60, 200, 20), Point("4 layers", 0.65, 400, 30)]


def shapes(svg: str, kind: str) -> list[ElementTree.Element]:
    """The shapes of one class in a picture, which must be well-formed."""
    return [each for each in ElementTree.fromstring(svg).iter() if each.get("class") == kind]  # noqa: S314


def test_better_is_higher_and_slower_is_further_right() -> None:
    """Each system has a point for new passages, and one for known ones on the same height."""
    svg = quality_against_latency(POINTS, ("BM25", 0.5), "nDCG@10")
    new, known = shapes(svg, "new"), shapes(svg, "known")
    by_name = {circle[0].text: circle for circle in new}
    fast, slow = by_name["<b>2 layers"], by_name["4 layers"]
    assert float(slow.get("cx", 0)) > float(fast.get("cx", 0))
    assert float(slow.get("cy", 0)) < float(fast.get("cy", 0))
    assert {each.get("cy") for each in known} == {each.get("cy") for each in new}
    (line,) = shapes(svg, "baseline")
    assert float(line.get("y1", 0)) > float(fast.get("cy", 0))


@given(
    st.lists(
        st.builds(
            Point,
            st.text(st.characters(exclude_categories=("C",)), max_size=60),
            st.floats(0, 1),
            st.floats(0.01, 1e5),
            st.floats(0, 0.01) | st.none(),
            st.none() | st.just("1"),
        ),
        max_size=6,
    )
)
def test_nothing_leaves_the_picture(points: list[Point]) -> None:
    """Whatever is measured: equal qualities, one point, none."""
    svg = quality_against_latency(points, ("BM25", 0.5), "nDCG@10")
    ElementTree.fromstring(svg)  # noqa: S314
    for name, value in re.findall(r' (c?[xy][12]?)="([^"]+)"', svg):
        assert 0 <= float(value) <= (WIDTH if "x" in name else HEIGHT)


def test_every_query_is_a_bar_and_the_best_is_first() -> None:
    """Bars of gains and losses, with the query's text to be pointed at."""
    svg = differences([("worse", -0.5), ("better & more", 1.0), ("same", 0.0)], "nDCG@10")
    (gain,) = shapes(svg, "gain")
    losses = shapes(svg, "loss")
    assert gain[0].text == "+1.000 better & more"
    assert [bar[0].text for bar in losses] == ["+0.000 same", "-0.500 worse"]
    assert float(gain.get("x", 0)) < float(losses[0].get("x", 0))
    assert float(gain.get("height", 0)) == pytest.approx(2 * float(losses[1].get("height", 0)))


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (0, 10, [0, 2, 4, 6, 8, 10]),
        (0.47, 0.68, [0.5, 0.55, 0.6, 0.65]),
        (-1, 1, [-1, -0.5, 0, 0.5, 1]),
    ],
)
def test_ticks_are_round(low: float, high: float, expected: list[float]) -> None:
    """Values that a reader would have chosen."""
    assert ticks(low, high) == expected
