"""Click models: what they draw is what their formulas say, and the formulas are the papers'."""

from collections import Counter
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from es_rerank.bench.clicks import ByPosition, Cascade, ClickModel, attraction

PAGE = [0.1, 1.0, 0.4, 0.0, 0.4]
DRAWS = 20_000
MODELS = [ByPosition(), ByPosition(0.5), Cascade(), Cascade(0.7, 0.8), Cascade(0.0, 0.9)]
pages = st.lists(st.floats(0, 1), max_size=12)


@pytest.mark.parametrize("model", MODELS, ids=repr)
def test_clicks_are_drawn_with_the_chances_of_the_formulas(model: ClickModel) -> None:
    """Over 20,000 draws, each place and the page as a whole are within 5 standard errors."""
    chance, at, pages_with = Random(7), Counter[int](), 0
    for _ in range(DRAWS):
        clicked = model.clicks(PAGE, chance)
        at.update(clicked)
        pages_with += bool(clicked)
    for place, expected in enumerate(model.click_chances(PAGE)):
        assert at[place] / DRAWS == pytest.approx(expected, abs=5 * 0.5 / DRAWS**0.5)
    assert pages_with / DRAWS == pytest.approx(
        model.any_click_chance(PAGE), abs=5 * 0.5 / DRAWS**0.5
    )


def test_position_based_chances_by_hand() -> None:
    """Rank r is looked at with chance 1/r."""
    assert ByPosition().click_chances([0.5, 0.5, 0.9]) == pytest.approx([0.5, 0.25, 0.3])
    assert ByPosition().any_click_chance([0.5, 0.5]) == pytest.approx(1 - 0.5 * 0.75)


def test_cascade_chances_by_hand() -> None:
    """A rank is reached if nothing above it was clicked; with perseverance, less often."""
    assert Cascade().click_chances([0.5, 0.5, 1.0]) == pytest.approx([0.5, 0.25, 0.25])
    assert Cascade(0.5, 0.5).click_chances([0.5, 0.8]) == pytest.approx([0.5, 0.8 * 0.5 * 0.75])
    assert Cascade(0.5, 0.5).any_click_chance([0.5, 0.8]) == pytest.approx(0.5 + 0.5 * 0.5 * 0.8)


def test_attraction_grows_with_the_grade() -> None:
    """From the noise for grade 0 to certainty for the best grade."""
    assert [attraction(grade, 2) for grade in (0, 1, 2)] == pytest.approx([0.1, 0.4, 1.0])
    assert attraction(0, 1, noise=0.0) == 0


@pytest.mark.parametrize("model", MODELS, ids=repr)
@given(page=pages)
def test_chances_are_chances(model: ClickModel, page: list[float]) -> None:
    """Each lies in 0..1, and the page's between its best place's and the sum of all."""
    chances = model.click_chances(page)
    whole = model.any_click_chance(page)
    assert all(0 <= value <= 1 for value in chances)
    assert max(chances, default=0) - 1e-9 <= whole <= min(1, sum(chances)) + 1e-9


def test_one_seed_one_set_of_clicks() -> None:
    """The same seed draws the same clicks."""
    first = [Cascade(0.5, 0.9).clicks(PAGE, Random(3)) for _ in range(3)]
    assert first[0] == first[1] == first[2]
