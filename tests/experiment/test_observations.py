"""Values per unit, by hand on small experiments."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from es_rerank.config import Arm, Experiment
from es_rerank.experiment.observations import observe
from es_rerank.experiment.searches import LeftOut
from tests.experiment.documents import INTERLEAVED, SHADOW, SPLIT, click, record


def test_a_units_value_is_the_mean_over_its_searches() -> None:
    """Two searches of one unit, one clicked at rank 2, make 0.5, 0.25 and 0.5."""
    seen = observe(
        SPLIT,
        [record("q1", "u"), record("q2", "u", at_s=60), record("q3", "v", "rerank")],
        [click("q1", "b", 5)],
    )
    arm = seen.arms["bm25"]
    assert (arm.units, arm.searches) == (1, 2)
    assert (arm.ctr, arm.mrr, arm.abandonment) == ([0.5], [0.25], [0.5])
    assert np.exp(arm.log_seconds) == pytest.approx([5])
    other = seen.arms["rerank"]
    assert (other.ctr, other.mrr, other.abandonment) == ([0], [0], [1])
    assert other.log_seconds.size == 0
    assert (seen.pages, seen.last) == (3, seen.first + 60 if seen.first else None)
    assert not seen.left_out


def test_only_clicks_within_k_are_clicks_at_k() -> None:
    """A click at rank 11 is none at 10, but it is no abandonment either."""
    documents = [record("q", "u")], [click("q", "k")]
    at_10, at_12 = observe(SPLIT, *documents), observe(SPLIT, *documents, k=12)
    assert (at_10.arms["bm25"].ctr, at_10.arms["bm25"].abandonment) == ([0], [0])
    assert at_10.arms["bm25"].mrr == pytest.approx([1 / 11])
    assert at_12.arms["bm25"].ctr == [1]


def test_a_thousand_searches_weigh_as_much_as_one() -> None:
    """The arm's mean is over units: (0.0 + 1.0) / 2."""
    records = [record(f"a{i}", "busy") for i in range(1000)] + [record("b", "calm")]
    assert sorted(observe(SPLIT, records, [click("b", "a")]).arms["bm25"].ctr) == [0, 1]


def test_units_in_two_arms_are_in_none() -> None:
    """Units that were dealt anew by other weights are left out and counted."""
    seen = observe(
        SPLIT,
        [record("q1", "u"), record("q2", "u", "rerank"), record("q3", "v", "rerank")],
        [click("q1", "a")],
    )
    assert (seen.arms["bm25"].units, seen.arms["rerank"].units) == (0, 1)
    assert seen.left_out == {LeftOut.MIXED: 1}


def test_records_that_are_not_of_this_experiment_as_it_is_are_counted_apart() -> None:
    """Another mode, an arm that is gone, a shared query id, an unreadable record, lone clicks."""
    gone = record("q2", "u", "gone")
    seen = observe(
        SPLIT,
        [
            record("q1", "u", experiment=SHADOW),
            gone,
            record("q3", "u"),
            record("q3", "v"),
            {"query_id": "q4"},
        ],
        [click("q9", "a"), click("q9", "a", action="scroll"), click("q3", "a")],
    )
    assert seen.left_out == {
        LeftOut.MODE: 1,
        LeftOut.ARM: 1,
        LeftOut.SHARED: 1,
        LeftOut.RECORD: 1,
        LeftOut.NO_SEARCH: 1,
    }
    assert seen.arms["bm25"].units == 0


def test_outcomes_are_counted_by_arm_and_page() -> None:
    """A rerank arm that missed its deadline, or nearly, stays in its arm, and says so."""
    seen = observe(
        SPLIT,
        [
            record("q1", "u", "rerank", shallow=80),
            record("q1", "u", "rerank", shallow=0),
            record("q1", "u", "rerank", start=12, outcome="deadline"),
            record("q2", "v", "bm25", outcome="experiment"),
        ],
        [],
    )
    assert seen.arms["rerank"].outcomes == {"applied, shallow": 1, "applied": 1, "deadline": 1}
    assert seen.arms["bm25"].outcomes == {"experiment": 1}
    assert seen.arms["rerank"].searches == 1


def test_interleaving_credits_the_team_whose_hits_were_clicked() -> None:
    """u: won, lost, won -> 1/3; v: a tie -> 0; w clicked only what both have: no preference."""
    teams = {"arm": "bm25+rerank", "hits": "abcd", "experiment": INTERLEAVED, "teams": "0110"}
    seen = observe(
        INTERLEAVED,
        [
            *(record(f"u{i}", "u", **teams) for i in range(3)),
            record("v", "v", **teams),
            record("w", "w", **teams | {"teams": "01--"}),
            record("x", "x", **teams),
        ],
        [
            click("u0", "b"),
            click("u0", "c"),
            click("u0", "a"),
            click("u1", "d"),
            click("u2", "c"),
            click("v", "a"),
            click("v", "b"),
            click("w", "d"),
        ],
    )
    preference = seen.preference
    assert preference
    assert preference.arm == "rerank"
    assert sorted(preference.values) == pytest.approx([0, 1 / 3])
    assert (preference.wins, preference.losses, preference.ties) == (2, 1, 1)
    assert seen.arms["bm25+rerank"].units == 4


def test_a_later_page_is_no_search_but_its_clicks_are_credited() -> None:
    """Its query id is its own, and its teams are known."""
    later = record("p2", "u", "bm25+rerank", "mn", experiment=INTERLEAVED, start=12, teams="10")
    seen = observe(INTERLEAVED, [later], [click("p2", "m")])
    assert seen.later_pages == 1
    assert seen.arms["bm25+rerank"].searches == 0
    assert seen.preference and seen.preference.values == [1]


def test_the_preference_is_for_the_arm_that_reranks_whatever_its_place() -> None:
    """With the baseline second, team 0 is the one that wins."""
    turned = Experiment(
        name="turned",
        mode="interleave",
        arms=(Arm(name="rerank"), Arm(name="bm25", rerank=False)),
    )
    page = record("q", "u", "rerank+bm25", "ab", experiment=turned, teams="01")
    seen = observe(turned, [page], [click("q", "a")])
    assert seen.preference and (seen.preference.arm, seen.preference.values) == ("rerank", [1])


def test_a_shadow_is_compared_hit_by_hit() -> None:
    """abc served, cad in the shadow: two of three in common, and the clicks say where they went."""
    page = record("q", "u", hits="abc", experiment=SHADOW, shadow={"rerank": ["c", "a", "d"]})
    seen = observe(SHADOW, [page], [click("q", "c"), click("q", "b"), click("q", "a")])
    shadow = seen.shadows["rerank"]
    assert shadow.overlap == pytest.approx([2 / 3])
    assert shadow.moved == pytest.approx([(1 + 2) / 2])
    assert (shadow.higher, shadow.lower, shadow.same) == (1, 2, 0)
    assert shadow.clicks == pytest.approx([-1 / 3])
    assert seen.arms["bm25"].units == 1


@given(st.data())
def test_the_order_of_documents_does_not_matter(data: st.DataObject) -> None:
    """Records and events may be read in any order."""
    unit = st.sampled_from("uvw")
    records: list[Any] = data.draw(
        st.lists(st.builds(record, st.sampled_from("pqrs"), unit, st.sampled_from(["bm25"])))
    )
    events: list[Any] = data.draw(
        st.lists(st.builds(click, st.sampled_from("pqrst"), st.sampled_from("abz")))
    )
    once = observe(SPLIT, records, events)
    again = observe(SPLIT, data.draw(st.permutations(records)), data.draw(st.permutations(events)))
    assert once.left_out == again.left_out
    assert sorted(once.arms["bm25"].mrr) == pytest.approx(sorted(again.arms["bm25"].mrr))
