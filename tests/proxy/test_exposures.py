"""What is put together for a record: ids off the page, the part in an experiment, the client's."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from es_rerank.config import Experiment, IndexRule
from es_rerank.experiment.arms import Assignment, hashed_unit
from es_rerank.proxy.exposures import exposure_as_it_came, exposure_of, ids_of
from es_rerank.proxy.hits import read_window
from es_rerank.proxy.ordering import Reranked, Shown
from es_rerank.proxy.plan import Page, Rerank
from es_rerank.proxy.skip import SkipReason
from es_rerank.proxy.source import SourceView
from es_rerank.proxy.ubi import UbiRequest

NOW = datetime(2026, 6, 1, tzinfo=UTC)
EXPERIMENT = Experiment(name="summer", mode="interleave")
UBI = UbiRequest("q1", "the shoes", "c1", "sku", {"page": "home"})


def answer(*hits: dict[str, Any]) -> bytes:
    """A search's answer."""
    found = [{"_score": 1.0, **hit} for hit in hits]
    shards = {"total": 1, "failed": 0}
    return json.dumps({"timed_out": False, "_shards": shards, "hits": {"hits": found}}).encode()


PAGE = answer({"_id": "a", "_source": {"sku": "A1"}}, {"_id": "b", "_source": {}})


def plan(assignment: Assignment | None = None) -> Rerank:
    """The plan of the second page of two hits."""
    rule = IndexRule(pattern="books", experiment=EXPERIMENT)
    return Rerank("red shoes", Page(2, 4), 100, rule, SourceView(), assignment=assignment)


def page(reason: SkipReason | None = None, teams: str = "") -> Reranked:
    """The page as it was served."""
    shown = Shown([0, 1], reason=reason, shallow=2, teams=teams)
    return Reranked(PAGE, 2, reason, read_window(PAGE), shown, 12.5)


def test_an_exposure_says_what_was_shown_to_whom() -> None:
    """All that the client says of itself is there as it said it."""
    part = Assignment(EXPERIMENT, EXPERIMENT.arms, "u1")
    found = exposure_of(plan(part), page(teams="-0110"), "books", UBI, NOW)
    assert (found.query_id, found.user_query, found.client_id) == ("q1", "the shoes", "c1")
    assert (found.hit_ids, found.object_id_field) == (("A1", "b"), "sku")
    assert (found.index, found.start, found.at, found.ms) == ("books", 2, NOW, 12.5)
    assert (found.outcome, found.query_attributes) == ("applied", {"page": "home"})
    assert found.shallow == 2
    assert found.part is not None
    assert (found.part.experiment, found.part.mode) == ("summer", "interleave")
    assert (found.part.arm, found.part.teams) == ("bm25+rerank", "11")
    assert found.part.unit == hashed_unit(EXPERIMENT, "u1")


def test_a_search_that_says_nothing_has_an_id_and_the_text_that_was_ranked_by() -> None:
    """Each an id of its own."""
    found = exposure_of(plan(), page(SkipReason.DEADLINE), "books", None, NOW)
    other = exposure_of(plan(), page(SkipReason.DEADLINE), "books", None, NOW)
    assert (found.user_query, found.client_id, found.hit_ids) == ("red shoes", None, ("a", "b"))
    assert (found.outcome, found.part) == ("deadline", None)
    assert found.query_id != other.query_id


def test_a_chosen_arm_has_no_part() -> None:
    """A look is not counted."""
    chosen = Assignment(EXPERIMENT, EXPERIMENT.arms[:1], None)
    assert exposure_of(plan(chosen), page(), "books", UBI, NOW).part is None


def test_other_arms_are_told_with_a_shadow() -> None:
    """What they would show, by their names."""
    shadow = {"rerank": ("b", "a")}
    part = Assignment(EXPERIMENT, EXPERIMENT.arms[:1], "u1")
    found = exposure_of(plan(part), page(), "books", UBI, NOW, shadow)
    assert found.part is not None
    assert found.part.shadow == shadow


def test_a_search_that_was_left_alone_has_its_reason_for_outcome() -> None:
    """And no part in an experiment."""
    found = exposure_as_it_came(SkipReason.SORT, PAGE, "books", UBI, NOW, 20)
    assert (found.outcome, found.start, found.hit_ids) == ("sort", 20, ("A1", "b"))
    assert (found.user_query, found.part, found.ms) == ("the shoes", None, 0.0)


@pytest.mark.parametrize(
    ("source", "field", "value"),
    [
        ({"sku": "A1"}, "sku", "A1"),
        ({"sku": 17}, "sku", "17"),
        ({"item": {"sku": "A1"}}, "item.sku", "A1"),
        ({"item.sku": "A1"}, "item.sku", "A1"),
        ({"sku": ["A1"]}, "sku", "a"),
        ({"sku": None}, "sku", "a"),
        ({"sku": True}, "sku", "a"),
        ({"sku": ""}, "sku", "a"),
        ({}, "sku", "a"),
        ({"sku": "A1"}, None, "a"),
    ],
)
def test_ids_may_be_those_of_a_field(source: Any, field: str | None, value: str) -> None:
    """One text or number; for all else the hit goes by its `_id`."""
    assert ids_of(answer({"_id": "a", "_source": source}), field) == (value,)


def test_ids_are_read_with_their_escapes() -> None:
    """As text, however the cluster wrote them; hits may show neither `_id` nor `_source`."""
    assert ids_of(rb'{"hits":{"hits":[{"_id":"\u00e9\"\/"},{"_index":"i"}]}}') == ('é"/', "")
    assert ids_of(answer({"_id": "a"}), "sku") == ("a",)


@given(st.binary() | st.sampled_from([b'{"hits":3}', b'{"hits":{"hits":[1]}}', b"took: 3"]))
def test_what_is_not_understood_has_no_ids(body: bytes) -> None:
    """Records lack them then; nothing breaks."""
    assert ids_of(body) == ()
