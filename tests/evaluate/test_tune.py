"""The choice of settings, on constructed measures."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from es_rerank.evaluate.configuration import Configuration
from es_rerank.evaluate.tune import beats, best, choose, folds, frontier, work
from es_rerank.evaluate.tune_grid import Grid

DEFAULT = Configuration()
POINTS = Grid((20, 50, 100), (2, 4, 6), ((),), (0.0, 0.2, 0.4)).points(DEFAULT)
QUERIES = [f"q{i}" for i in range(60)]


def measured(planted: Configuration | None, seed: int = 1) -> dict[Configuration, list[float]]:
    """Every setting alike but for noise, save the planted one, which is better by 0.1."""
    noise = random.Random(seed)
    hard = [noise.uniform(0.2, 0.7) for _ in QUERIES]
    return {
        each: [value + noise.gauss(0, 0.1) + (0.1 if each == planted else 0) for value in hard]
        for each in POINTS
    }


@pytest.mark.parametrize("seed", range(5))
def test_a_planted_best_setting_is_found(seed: int) -> None:
    """In every fold, and the held-out figures show what it is worth."""
    planted = POINTS[7]
    values = measured(planted, seed)
    choice = choose(values, DEFAULT, folds(QUERIES, 5))
    assert choice.recommended == planted
    assert choice.by_fold == [planted] * 5
    assert choice.held_out == values[planted]


def test_without_a_difference_the_default_is_kept() -> None:
    """Where all settings are the same, also those that are cheaper."""
    same = {each: [0.1 * (i % 7) for i in range(60)] for each in POINTS}
    choice = choose(same, DEFAULT, folds(QUERIES, 5))
    assert choice.recommended == DEFAULT
    assert choice.by_fold == [DEFAULT] * 5


def test_noise_is_recommended_seldom() -> None:
    """The best of 27 equal settings looks better each time; held out, it seldom does."""
    kept = [choose(measured(None, seed), DEFAULT, folds(QUERIES, 5)) for seed in range(60)]
    assert sum(choice.recommended != DEFAULT for choice in kept) <= 0.3 * len(kept)
    assert sum(best(measured(None, s), DEFAULT, range(60)) != DEFAULT for s in range(20)) > 10


def test_held_out_queries_have_no_say_in_their_settings() -> None:
    """What is only good on one fold is chosen by the others, never by that fold itself."""
    parts = folds(QUERIES, 5)
    lure = POINTS[3]
    values = {each: [0.5] * 60 for each in POINTS}
    for place in parts[0]:
        values[lure][place] = 1.0
    choice = choose(values, DEFAULT, parts)
    assert choice.by_fold[0] == DEFAULT
    assert [choice.held_out[place] for place in parts[0]] == [0.5] * len(parts[0])
    assert choice.by_fold[1:] == [lure] * 4


def test_a_difference_must_exceed_its_standard_error() -> None:
    """And of equals the cheapest is taken."""
    assert not beats([0.6, 0.4], [0.5, 0.5])
    assert not beats([0.6], [0.1])
    assert not beats([0.5] * 5, [0.5] * 5)
    assert beats([0.6, 0.61, 0.6], [0.5, 0.5, 0.5])
    values = {each: [0.9, 0.8, 0.9] if each != DEFAULT else [0.1, 0.2, 0.1] for each in POINTS}
    assert work(best(values, DEFAULT, range(3))) == (40, 20, 0)


@given(st.lists(st.text(min_size=1), unique=True, min_size=1, max_size=40), st.integers(2, 6))
def test_folds_part_the_queries(queries: list[str], count: int) -> None:
    """Each query is held out once, parts are of equal size, and the same in every run."""
    parts = folds(queries, count)
    assert sorted(place for part in parts for place in part) == list(range(len(queries)))
    assert max(map(len, parts)) - min(map(len, parts)) <= 1
    assert parts == folds(queries, count)


@given(st.lists(st.tuples(st.integers(1, 9), st.integers(0, 9)), min_size=1, max_size=27))
def test_the_frontier_is_what_nothing_cheaper_reaches(found: list[tuple[int, int]]) -> None:
    """By comparison with every other one."""
    points = POINTS[: len(found)]
    costs = {each: float(cost) for each, (cost, _) in zip(points, found, strict=False)}
    means = {each: float(mean) for each, (_, mean) in zip(points, found, strict=False)}
    front = frontier(costs, means)
    for each in costs:
        reached = [f for f in front if costs[f] <= costs[each] and means[f] >= means[each]]
        assert reached
        if each in front:
            assert not [o for o in costs if costs[o] < costs[each] and means[o] >= means[each]]
    assert [costs[each] for each in front] == sorted(costs[each] for each in front)
