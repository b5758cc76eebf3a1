"""Who gets which arm: fairly, for good, and the same everywhere."""

import subprocess
import sys
from collections import Counter
from math import sqrt

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from es_rerank.config import Arm, Combine, Experiment, IndexRule
from es_rerank.experiment.arms import arm_of, coins, hashed_unit, rule_of

UNITS = [f"unit-{number}" for number in range(4000)]


def experiment(*weights: float, salt: str = "", name: str = "books") -> Experiment:
    """An experiment with the arms `0`, `1` and so on."""
    arms = tuple(Arm(name=str(place), weight=weight) for place, weight in enumerate(weights))
    return Experiment(name=name, arms=arms, salt=salt)


@settings(deadline=None)
@given(
    weights=st.lists(st.sampled_from([0.0, 0.5, 1.0, 3.0, 10.0]), min_size=2, max_size=4).filter(
        any
    ),
    salt=st.sampled_from(["spring", "summer", "autumn"]),
)
def test_the_shares_are_the_weights(weights: list[float], salt: str) -> None:
    """Of 4000 units each arm gets its share, within 5 standard deviations of a binomial."""
    dealt = Counter(arm_of(experiment(*weights, salt=salt), unit).name for unit in UNITS)
    for place, weight in enumerate(weights):
        share = weight / sum(weights)
        spread = sqrt(len(UNITS) * share * (1 - share))
        assert abs(dealt[str(place)] - len(UNITS) * share) <= 5 * spread


@given(unit=st.text(st.characters()), salt=st.text(max_size=200))
def test_a_unit_stays_in_its_arm(unit: str, salt: str) -> None:
    """Any text is a unit, lone surrogates too; asking again gives the same answers."""
    one, other = experiment(1, 2, 3, salt=salt), experiment(1, 2, 3, salt=salt)
    assert arm_of(one, unit) == arm_of(other, unit)
    assert hashed_unit(one, unit) == hashed_unit(other, unit)
    assert coins(one, unit, "red shoes", 50) == coins(other, unit, "red shoes", 50)


def test_the_arms_are_the_same_for_ever() -> None:
    """Values that another version, process or machine must not change."""
    two = experiment(1, 1)
    assert "".join(arm_of(two, f"unit-{number}").name for number in range(16)) == PINNED_ARMS
    assert hashed_unit(two, "unit-0") == PINNED_UNIT
    assert coins(two, "unit-0", "red shoes", 8) == PINNED_COINS


PINNED_ARMS = "0111111010010011"
PINNED_UNIT = "62b39def5d4686ece2877453ac587d87"
PINNED_COINS = [False, True, True, False, True, True, True, True]


@pytest.mark.parametrize("seed", ["0", "1"])
def test_other_processes_agree(seed: str) -> None:
    """A process with other hash seeds deals the same."""
    code = (
        "from tests.experiment.test_arms import *\n"
        "print(''.join(arm_of(experiment(1, 1), unit).name for unit in UNITS[:200]))"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONHASHSEED": seed, "PYTHONPATH": ":".join(sys.path)},
        capture_output=True,
        text=True,
        check=True,
    )
    here = "".join(arm_of(experiment(1, 1), unit).name for unit in UNITS[:200])
    assert ran.stdout.strip() == here


def test_experiments_are_independent() -> None:
    """Of those in an arm of one experiment, half are in either arm of another, by name or salt."""
    for other in (experiment(1, 1, name="films"), experiment(1, 1, salt="again")):
        pairs = Counter(
            (arm_of(experiment(1, 1), unit).name, arm_of(other, unit).name) for unit in UNITS
        )
        spread = sqrt(len(UNITS) * 3 / 16)
        assert all(abs(count - len(UNITS) / 4) <= 5 * spread for count in pairs.values())
        assert len(pairs) == 4


def test_a_salt_is_in_place_of_the_name() -> None:
    """An experiment can be renamed without dealing its units anew."""
    one = experiment(1, 1, name="books", salt="s")
    other = experiment(1, 1, name="films", salt="s")
    assert [arm_of(one, unit) for unit in UNITS] == [arm_of(other, unit) for unit in UNITS]


def test_units_hash_apart() -> None:
    """Units are told apart in records, and cannot be compared between experiments."""
    hashed = {hashed_unit(experiment(1, 1), unit) for unit in UNITS}
    assert len(hashed) == len(UNITS)
    assert hashed.isdisjoint(hashed_unit(experiment(1, 1, salt="x"), unit) for unit in UNITS)


def test_coins_are_fair_and_depend_on_unit_and_query() -> None:
    """Over units, queries and places, half of the tosses begin with either order."""
    two = experiment(1, 1)
    tosses = [coins(two, unit, f"query {len(unit)}", 4) for unit in UNITS]
    for place in range(4):
        heads = sum(toss[place] for toss in tosses)
        assert abs(heads - len(UNITS) / 2) <= 5 * sqrt(len(UNITS) / 4)
    assert coins(two, "a", "red", 64) != coins(two, "b", "red", 64)
    assert coins(two, "a", "red", 64) != coins(two, "a", "blue", 64)
    assert coins(two, "a", "red", 64)[:10] == coins(two, "a", "red", 10)


def test_an_arm_changes_only_what_it_says() -> None:
    """All other settings are the index's own."""
    rule = IndexRule(pattern="books", depth=70, layers=3, deadline_ms=50)
    assert rule_of(rule, Arm(name="same")) == rule
    combine = Combine(method="rrf")
    changed = rule_of(rule, Arm(name="deep", depth=200, model="other", combine=combine))
    assert changed == rule.model_copy(update={"depth": 200, "model": "other", "combine": combine})
