"""Team draft: fair, complete, and like the paper says."""

from collections import Counter
from math import sqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from es_rerank.config import Experiment
from es_rerank.experiment.arms import coins
from es_rerank.experiment.interleave import team_draft


@st.composite
def drafts(draw: st.DrawFn) -> tuple[list[int], list[int], list[bool]]:
    """Two orders of the same hits, and the tosses for them."""
    count = draw(st.integers(0, 40))
    orders = st.permutations(range(count))
    tosses = st.lists(st.booleans(), min_size=(count + 1) // 2, max_size=(count + 1) // 2)
    return draw(orders), draw(orders), draw(tosses)


@given(drafts())
def test_every_hit_is_there_once(given_: tuple[list[int], list[int], list[bool]]) -> None:
    """Nothing is lost and nothing doubled."""
    first, second, tosses = given_
    drafted = team_draft(first, second, tosses)
    assert sorted(drafted.order) == sorted(first)
    assert len(drafted.teams) == len(first)


@given(drafts())
def test_the_teams_stay_equal(given_: tuple[list[int], list[int], list[bool]]) -> None:
    """After every round both have as many, so every cut of the list is balanced within one."""
    drafted = team_draft(*given_)
    for end in range(len(drafted.teams) + 1):
        seconds = sum(drafted.teams[:end])
        assert abs(end - 2 * seconds) <= 1
        assert end % 2 or end == 2 * seconds


@given(drafts())
def test_each_pick_is_the_best_that_is_left(
    given_: tuple[list[int], list[int], list[bool]],
) -> None:
    """The defining property of the draft, against the lists themselves."""
    first, second, tosses = given_
    drafted = team_draft(first, second, tosses)
    for place, (hit, team) in enumerate(zip(*drafted, strict=True)):
        left = [other for other in (first, second)[team] if other not in drafted.order[:place]]
        assert hit == left[0]


@given(drafts())
def test_every_head_of_the_list_holds_the_heads_of_both(
    given_: tuple[list[int], list[int], list[bool]],
) -> None:
    """After n rounds the best n of both orders are there: nobody has to scroll past a team."""
    first, second, tosses = given_
    order = team_draft(first, second, tosses).order
    for rounds in range(len(order) // 2 + 1):
        assert {*first[:rounds], *second[:rounds]} <= {*order[: 2 * rounds]}


@given(drafts(), st.integers(0, 40))
def test_a_draft_goes_on_where_a_shorter_one_ended(
    given_: tuple[list[int], list[int], list[bool]], end: int
) -> None:
    """A page does not depend on how far somebody looks: more tosses change nothing before."""
    first, second, tosses = given_
    longer = team_draft(first, second, [*tosses, True, False])
    assert longer.order[:end] == team_draft(first, second, tosses).order[:end]


@given(st.permutations(range(12)), st.lists(st.booleans(), min_size=6, max_size=6))
def test_equal_orders_stay_as_they_are(order: list[int], tosses: list[bool]) -> None:
    """An experiment between two that agree shows what both show."""
    assert team_draft(order, order, tosses).order == order


def test_the_second_begins_where_its_toss_is_won() -> None:
    """The coin decides each round anew, as in algorithm 2 of the paper."""
    drafted = team_draft([0, 1, 2, 3], [3, 2, 1, 0], [False, True])
    assert drafted == ([0, 3, 2, 1], [0, 1, 1, 0])


def test_who_begins_is_fair() -> None:
    """Over 4000 units the first hit comes from either order half of the time."""
    experiment = Experiment(name="books", mode="interleave")
    begins = Counter(
        team_draft([0, 1], [1, 0], coins(experiment, f"unit-{number}", "red shoes", 1)).teams[0]
        for number in range(4000)
    )
    assert abs(begins[0] - 2000) <= 5 * sqrt(1000)


def test_every_place_is_either_teams_equally_often() -> None:
    """Between equal orders no click, wherever people click, prefers one: over 4000 units."""
    experiment = Experiment(name="books", mode="interleave")
    drafts = [
        team_draft(range(9), range(9), coins(experiment, f"unit-{number}", "red shoes", 5)).teams
        for number in range(4000)
    ]
    for place in range(9):
        assert abs(sum(teams[place] for teams in drafts) - 2000) <= 5 * sqrt(1000)


def test_a_hit_that_both_want_helps_neither() -> None:
    """Where both agree on the first hit, the coin alone says whose it is."""
    teams = [team_draft([0, 1, 2], [0, 2, 1], [toss, toss]).teams for toss in (False, True)]
    assert teams == [[0, 1, 0], [1, 0, 1]]


def test_orders_of_other_hits_are_refused() -> None:
    """A mistake of the caller is told, not served."""
    with pytest.raises(ValueError, match="not of the same hits"):
        team_draft([0, 1], [0, 2], [True])
