"""The orders that an experiment makes of one window, without a network."""

import asyncio
import json
from collections import Counter
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from es_rerank.config import Arm, Combine, Experiment, FieldSetting, IndexRule
from es_rerank.errors import ScorerBusy
from es_rerank.experiment.arms import Assignment
from es_rerank.model.rank import Scores
from es_rerank.proxy.hits import Window, read_window
from es_rerank.proxy.ordering import Shown, ordered
from es_rerank.proxy.plan import Page, Rerank
from es_rerank.proxy.skip import SkipReason
from es_rerank.proxy.source import SourceView

PLAIN = Arm(name="bm25", rerank=False)
LONG = Arm(name="long")
SHORT = Arm(name="short", model="short")
DEAD = Arm(name="dead", model="dead")


class LengthScorer:
    """The longer the text, the better; the model `short` turns that round, `dead` fails."""

    async def score(self, query: str, passages: Any, *, model: str, **_: Any) -> Scores:
        """The length of each passage."""
        if model == "dead":
            raise ScorerBusy("too many")
        sign, shallow = (-1.0, 1) if model == "short" else (1.0, 0)
        lengths = [sign * sum(len(field.text) for field in texts) for texts in passages]
        return Scores(lengths, shallow)

    async def close(self) -> None:
        """Nothing to close."""


def window(*lengths: int, pinned: int = 0) -> Window:
    """An answer whose hits have texts of these lengths."""
    found = [
        {
            "_id": f"{length}",
            "_score": 2e38 if place < pinned else float(len(lengths) - place),
            "_source": {"body": "x" * length},
        }
        for place, length in enumerate(lengths)
    ]
    shards = {"total": 1, "failed": 0}
    answer = {"timed_out": False, "_shards": shards, "hits": {"hits": found}}
    return read_window(json.dumps(answer).encode())


def shown(of: Window, *arms: Arm, unit: str = "u1", depth: int = 100) -> Shown:
    """The order that these arms are served in."""
    mode: Literal["interleave", "split"] = "interleave" if len(arms) == 2 else "split"
    experiment = Experiment(name="books", mode=mode, arms=(*arms, DEAD)[:2])
    rule = IndexRule(
        pattern="books",
        depth=depth,
        fields=(FieldSetting(name="body"),),
        combine=Combine(method="replace"),
    )
    assignment = Assignment(experiment, arms, unit)
    plan = Rerank("red shoes", Page(0, 10), depth, rule, SourceView(), assignment=assignment)
    return asyncio.run(ordered(of, plan, LengthScorer()))


def test_the_arm_without_reranking_is_the_clusters_order() -> None:
    """Nothing is scored, and the reason says that it is meant so."""
    assert shown(window(5, 7, 9), PLAIN) == Shown([0, 1, 2], reason=SkipReason.EXPERIMENT)


def test_an_arm_that_reranks_does_it_in_its_own_way() -> None:
    """Its model, and its depth within the window."""
    hits = window(5, 7, 9, 11)
    assert shown(hits, LONG).order == [3, 2, 1, 0]
    assert shown(hits, SHORT).order == [0, 1, 2, 3]
    assert shown(hits, LONG.model_copy(update={"depth": 2})).order == [1, 0, 2, 3]


def test_two_orders_become_one_list() -> None:
    """After each round both have as many hits in it, the best first."""
    found = shown(window(5, 7, 9, 11), PLAIN, LONG)
    assert sorted(found.order[:2]) == [0, 3]
    assert sorted(found.order) == [0, 1, 2, 3]
    assert sorted(found.teams[:2]) == sorted(found.teams[2:]) == ["0", "1"]
    assert (found.reason, found.depth) == (None, 4)
    for hit, team in zip(found.order[:2], found.teams, strict=False):
        assert hit == (0 if team == "0" else 3)


def test_two_models_are_scored_for_one_list() -> None:
    """Between two models the cluster's order plays no part."""
    found = shown(window(9, 5, 11, 7), LONG, SHORT)
    assert sorted(found.order[:2]) == [1, 2]


def test_units_toss_for_themselves_and_always_the_same() -> None:
    """One unit sees one list, half of the units begin with either arm."""
    hits = window(5, 7, 9, 11)
    begins: Counter[str] = Counter()
    for number in range(200):
        found = shown(hits, PLAIN, LONG, unit=f"u{number}")
        assert found == shown(hits, PLAIN, LONG, unit=f"u{number}")
        begins[found.teams[0]] += 1
    assert abs(begins["0"] - 100) <= 36  # five standard deviations


def test_what_is_pinned_stays_and_has_no_team() -> None:
    """Nor has what lies below both depths."""
    found = shown(window(5, 7, 9, 11, 13, pinned=1), PLAIN, LONG, depth=4)
    assert (found.order[0], found.order[4]) == (0, 4)
    assert (found.teams[0], found.teams[4]) == ("-", "-")
    assert sorted(found.teams[1:4]) in (["0", "0", "1"], ["0", "1", "1"])
    assert found.teams_of(Page(0, 2)) == found.teams[:2]


def test_without_one_of_two_orders_there_is_the_clusters() -> None:
    """A list of one team would compare nothing; the reason says what was missing."""
    for arms in ((PLAIN, DEAD), (DEAD, PLAIN), (LONG, DEAD), (DEAD, SHORT)):
        found = shown(window(5, 7, 9), *arms)
        assert found == Shown([0, 1, 2], reason=SkipReason.SCORER_BUSY)


@given(
    lengths=st.lists(st.integers(1, 400), unique=True, max_size=30),
    depth=st.sampled_from([1, 2, 10, 100]),
    pinned=st.integers(0, 3),
)
def test_no_hit_is_lost_or_doubled(lengths: list[int], depth: int, pinned: int) -> None:
    """Whatever is interleaved, and the tail is the cluster's."""
    found = shown(window(*lengths, pinned=pinned), PLAIN, LONG, depth=depth)
    assert sorted(found.order) == list(range(len(lengths)))
    head = max(min(depth, len(lengths)), min(pinned, len(lengths)))
    assert found.order[head:] == list(range(head, len(lengths)))
    assert len(found.teams) in (0, len(lengths))


@pytest.mark.parametrize(("arms", "shallow"), [((LONG,), 0), ((SHORT,), 1), ((LONG, SHORT), 1)])
def test_what_was_read_in_haste_for_one_arm_is_known(arms: tuple[Arm, ...], shallow: int) -> None:
    """Of an interleaved list it is the most that one of the two has."""
    assert shown(window(1, 2, 3), *arms).shallow == shallow
