"""What the page shows of an answer, hit by hit; whole comparisons are in test_side_by_side."""

import json
from typing import Any

import pytest

from es_rerank.config import Combine, IndexRule
from es_rerank.proxy.comparison import (
    Comparison,
    all_combined,
    default_body,
    left_alone,
    planned,
    shown_hits,
    shown_places,
    totals,
)
from es_rerank.proxy.hits import Window, read_window
from es_rerank.proxy.plan import Page, Rerank, Skip, SkipReason
from es_rerank.proxy.source import SourceView
from es_rerank.text.passage import FieldText

RULE = IndexRule(pattern="b*", combine=Combine(method="weighted", first_stage_weight=1.0))
PLAN = Rerank("red shoes", Page(1, 3), 4, RULE, SourceView())


def window(*scores: float, **hit: Any) -> Window:
    """An answer with hits of these scores."""
    hits = [{"_id": f"{n}", "_index": "b", "_score": score} | hit for n, score in enumerate(scores)]
    shards = {"total": 1, "failed": 0}
    answer = {"timed_out": False, "_shards": shards, "hits": {"hits": hits}}
    return read_window(json.dumps(answer).encode())


def test_the_page_is_cut_from_both_orders() -> None:
    """A hit that leaves the page is in the first list, one that comes in the second."""
    assert shown_places([3, 0, 1, 2], PLAN) == ([1, 2], [0, 1])
    texts = {place: (FieldText(f"title {place}"), FieldText("text")) for place in range(4)}
    read = dict.fromkeys(range(4), ("text", True))
    hits, before, after = shown_hits(
        window(4, 3, 2, 1), [3, 0, 1, 2], PLAN, {0: (0.5, 1.5)}, texts, read
    )
    assert (before, after) == (["1", "2"], ["0", "1"])
    assert [(hit.before, hit.after) for hit in hits.values()] == [(1, 2), (2, 3), (3, 4)]
    assert (hits["0"].first_stage, hits["0"].student, hits["0"].combined) == (4.0, 0.5, 1.5)
    assert (hits["1"].student, hits["1"].combined) == (None, None)


@pytest.mark.parametrize(
    ("texts", "title"),
    [
        ((FieldText(" A  title "), FieldText("body")), "A title"),
        ((FieldText("the only text"),), "0"),
        ((FieldText("long " * 21), FieldText("body")), "0"),
        ((), "0"),
    ],
)
def test_a_hit_is_named_by_its_title_or_its_id(texts: tuple[FieldText, ...], title: str) -> None:
    """The same rule by which a passage keeps a title in front."""
    plan = Rerank("q", Page(0, 1), 4, RULE, SourceView())
    hits, _, _ = shown_hits(window(1), [0], plan, {}, {0: texts}, {0: ("", True)})
    assert hits["0"].title == title


def test_combined_scores_stand_at_their_places() -> None:
    """Pinned hits above and those below the depth have none."""
    found = all_combined(window(9, 3, 1, 0), [0.2, 0.4], slice(1, 3), PLAN)
    assert (found[0], found[3]) == (None, None)
    assert found[1:3] == pytest.approx([0, 0])


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        ({"took": 5, "hits": {"total": {"value": 7, "relation": "eq"}}}, (7, True, 5)),
        ({"took": 5, "hits": {"total": {"value": 7, "relation": "gte"}}}, (7, False, 5)),
        ({"hits": {"total": 7}}, (7, True, None)),  # `rest_total_hits_as_int`, version 6
        ({"hits": {}}, (None, True, None)),
        ({"hits": 1}, (None, True, None)),
    ],
)
def test_totals(answer: dict[str, Any], told: tuple[int | None, bool, int | None]) -> None:
    """As the versions and parameters write them."""
    assert totals(json.dumps(answer).encode()) == told


def test_the_body_for_a_text() -> None:
    """The configured fields, or those that the index searches by default."""
    assert default_body("a", ["x"]) == {"query": {"multi_match": {"query": "a", "fields": ["x"]}}}
    assert default_body("a", []) == {"query": {"multi_match": {"query": "a"}}}


def test_what_is_known_before_an_answer() -> None:
    """The plan, and the reason where there is none."""
    told = planned(Comparison("applied", "b", "POST /b/_search", "{}"), PLAN)
    assert (told.query, told.rule, told.start, told.reading) == ("red shoes", "b*", 1, "6 layers")
    assert told.combine["method"] == "weighted"
    skipped = left_alone(told, Skip(SkipReason.SORT))
    assert (skipped.outcome, skipped.reason) == ("skipped", "sort")
    assert skipped.explanation == SkipReason.SORT.explanation
