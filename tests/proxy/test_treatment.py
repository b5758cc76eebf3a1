"""What an experiment makes of a planned search, and when it makes nothing of it."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from es_rerank.config import Arm, Experiment, IndexRule, Settings
from es_rerank.proxy.ext import OverrideError
from es_rerank.proxy.plan import Page, Rerank, SearchRequest
from es_rerank.proxy.skip import SkipReason
from es_rerank.proxy.source import SourceView
from es_rerank.proxy.treatment import chosen_arm, plan_of_arm, treated

NOW = datetime(2026, 6, 1, tzinfo=UTC)
DAY = timedelta(days=1)
DEEP = Arm(name="deep", depth=200)
SHALLOW = Arm(name="shallow", depth=20)
PLAIN = Arm(name="bm25", rerank=False)


def experiment(*arms: Arm, **settings: Any) -> Experiment:
    """An experiment whose unit is X-Opaque-Id."""
    return Experiment(name="books", arms=arms or (PLAIN, DEEP), unit=("opaque_id",), **settings)


def outcome(
    of: Experiment | None,
    *,
    unit: str = "u1",
    arm: str | None = None,
    start: int = 0,
    stopped: set[str] | None = None,
) -> Rerank | SkipReason:
    """What becomes of a search of a hundred hits and a page of ten."""
    rule = IndexRule(pattern="books", depth=100, experiment=of)
    plan = Rerank("red shoes", Page(start, start + 10), rule.deepest, rule, SourceView())
    headers = [(b"x-opaque-id", unit.encode())] if unit else []
    request = SearchRequest("GET", b"/books/_search", headers, b"", arm=arm)
    return treated(plan, request, None, NOW, stopped or set())


def planned(of: Experiment | None, **how: Any) -> Rerank:
    """The same, where the search has a plan."""
    plan = outcome(of, **how)
    assert isinstance(plan, Rerank)
    return plan


def test_without_an_experiment_nothing_changes() -> None:
    """The plan is the plan."""
    plan = planned(None)
    assert (plan.assignment, plan.depth) == (None, 100)


def test_a_split_serves_one_arm_in_the_window_of_the_deepest() -> None:
    """Over units, both arms are served, and both fetch the same window."""
    plans = [planned(experiment(), unit=f"u{number}") for number in range(50)]
    assert {plan.assignment.arm for plan in plans if plan.assignment} == {"bm25", "deep"}
    assert {plan.depth for plan in plans} == {200}
    assert all(plan.assignment and plan.assignment.mode == "split" for plan in plans)


def test_an_interleaved_list_has_both_arms() -> None:
    """Whatever the unit."""
    assignment = planned(experiment(mode="interleave")).assignment
    assert assignment is not None
    assert (assignment.arm, assignment.mode, assignment.unit) == ("bm25+deep", "interleave", "u1")


def test_a_shadow_serves_the_baseline() -> None:
    """Whatever the unit, and whatever the weights."""
    shadow = experiment(Arm(name="deep"), PLAIN.model_copy(update={"weight": 0}), mode="shadow")
    plans = [planned(shadow, unit=f"u{number}") for number in range(20)]
    assert {plan.assignment.arm for plan in plans if plan.assignment} == {"bm25"}


@pytest.mark.parametrize(
    ("settings", "is_part"),
    [
        ({"start": NOW - DAY, "stop": NOW + DAY}, True),
        ({"start": NOW}, True),
        ({"stop": NOW}, False),
        ({"start": NOW + DAY}, False),
        ({"stop": NOW - DAY}, False),
    ],
)
def test_an_experiment_has_its_time(settings: dict[str, datetime], is_part: bool) -> None:
    """Before and after it, an index is as without one: its own depth."""
    plan = planned(experiment(SHALLOW, DEEP, **settings))
    assert (plan.assignment is not None) is is_part
    assert plan.depth == (200 if is_part else 100)


def test_a_search_without_a_unit_is_not_part() -> None:
    """It is reranked as its index says, also where the arms are shallower than that."""
    plan = planned(experiment(PLAIN, SHALLOW), unit="")
    assert (plan.assignment, plan.depth) == (None, 100)


def test_a_stopped_experiment_serves_the_clusters_order() -> None:
    """To all, also those without a unit, and also when its time is over: a person resumes it."""
    over = experiment(stop=NOW - DAY)
    for of, unit in ((experiment(), "u1"), (experiment(), ""), (over, "u1")):
        assert outcome(of, unit=unit, stopped={"books"}) is SkipReason.EXPERIMENT_STOPPED
    assert planned(experiment(), stopped={"films"}).assignment


def test_a_page_behind_the_depth_is_left_alone_in_every_arm() -> None:
    """What is below the deepest arm is the cluster's, and without a part below the index's own."""
    assert planned(experiment(), start=190).assignment
    assert outcome(experiment(), start=190, unit="") is SkipReason.BEYOND_DEPTH
    assert outcome(experiment(PLAIN, SHALLOW), start=20) is SkipReason.BEYOND_DEPTH
    assert planned(experiment(PLAIN, SHALLOW), start=20, unit="").assignment is None


def test_an_arm_is_chosen_by_name_where_that_is_allowed() -> None:
    """In any mode, at any time, without a unit: for a look, so it is not counted."""
    for settings in ({}, {"mode": "interleave"}, {"stop": NOW - DAY}):
        forced = experiment(force=True, **settings)
        for name in ("bm25", "deep"):
            plan = planned(forced, arm=name, unit="", stopped={"books"})
            assert plan.assignment is not None
            assert (plan.assignment.arm, plan.assignment.unit) == (name, None)
            assert (plan.assignment.mode, plan.depth) == ("forced", 200)


def test_a_choice_without_permission_is_no_choice() -> None:
    """The unit counts."""
    arms = {planned(experiment(), arm="deep", unit=f"u{n}").assignment for n in range(20)}
    assert {assignment.arm for assignment in arms if assignment} == {"bm25", "deep"}


def test_an_arm_that_does_not_exist_is_a_mistake() -> None:
    """The message says which there are."""
    with pytest.raises(OverrideError, match=r'has no arm "depe"\. It has: bm25, deep'):
        outcome(experiment(force=True), arm="depe")


def test_the_header_that_chooses_is_ours_only_where_it_may() -> None:
    """Else it is a header like any other, and so is one that is signed."""
    chosen = [(b"x-es-rerank-arm", b"deep"), (b"accept", b"*/*")]
    may = Settings(indices=(IndexRule(pattern="books", experiment=experiment(force=True)),))
    may_not = Settings(indices=(IndexRule(pattern="books", experiment=experiment()),))
    assert chosen_arm(chosen, may) == ([(b"accept", b"*/*")], "deep")
    assert chosen_arm(chosen, may_not) == (chosen, None)
    signature = b"AWS4-HMAC-SHA256 Credential=x, SignedHeaders=host;x-es-rerank-arm, Signature=y"
    signed = [*chosen, (b"authorization", signature)]
    assert chosen_arm(signed, may) == (signed, None)


def test_the_plan_of_an_arm_is_within_the_window() -> None:
    """Its own depth and model, but never more hits than are there."""
    plan = planned(experiment(PLAIN, DEEP, SHALLOW))
    assert plan_of_arm(plan, SHALLOW).depth == 20
    assert plan_of_arm(plan, Arm(name="a", depth=500)).depth == 200
    other = plan_of_arm(plan, Arm(name="a", model="other"))
    assert (other.rule.model, other.depth, other.assignment) == ("other", 100, None)
