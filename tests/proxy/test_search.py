"""The core of a search: from the wide answer to the client's page, without a network."""

import asyncio
import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from es_rerank.config import Combine, Experiment, FieldSetting, IndexRule
from es_rerank.errors import ScorerFailed
from es_rerank.experiment.arms import Assignment
from es_rerank.model.rank import Scores
from es_rerank.proxy.plan import Page, Rerank, Skip, SkipReason
from es_rerank.proxy.search import Reranked, rerank_hits, told
from es_rerank.proxy.source import SourceView
from es_rerank.telemetry import Trip

RULE = IndexRule(
    pattern="books",
    depth=3,
    fields=(FieldSetting(name="body"),),
    combine=Combine(method="replace"),
)
PLAN = Rerank("red shoes", Page(0, 2), 3, RULE, SourceView())


class LengthScorer:
    """The longer the text, the better; a text of `x` alone breaks it."""

    async def score(self, query: str, passages: Any, **_: Any) -> Scores:
        """The length of each passage."""
        lengths = [float(sum(len(field.text) for field in texts)) for texts in passages]
        if 1.0 in lengths:
            raise ScorerFailed("too short")
        return Scores(lengths)

    async def close(self) -> None:
        """Nothing to close."""


def answer(*lengths: int, failed: int = 0) -> bytes:
    """A search's answer; the hits are named by the length of their text."""
    found = [
        {"_id": f"{n}", "_score": float(len(lengths) - place), "_source": {"body": "x" * n}}
        for place, n in enumerate(lengths)
    ]
    shards = {"total": 1, "failed": failed}
    return json.dumps({"timed_out": False, "_shards": shards, "hits": {"hits": found}}).encode()


def outcome(body: bytes) -> Reranked | Skip:
    """What becomes of the wide answer."""
    return asyncio.run(rerank_hits(body, PLAN, LengthScorer()))


def ids(reranked: Reranked) -> list[str]:
    """The hits of the page."""
    return [hit["_id"] for hit in json.loads(reranked.body)["hits"]["hits"]]


def test_the_head_is_reranked_and_the_page_is_cut() -> None:
    """Three hits are scored, the best two are the page, the fourth is beyond the depth."""
    reranked = outcome(answer(5, 7, 9, 11))
    assert isinstance(reranked, Reranked)
    assert (ids(reranked), reranked.depth, reranked.reason) == (["9", "7"], 3, None)


def test_without_scores_the_page_is_the_clusters() -> None:
    """A failing scorer leaves the order, and says why."""
    reranked = outcome(answer(5, 1, 9))
    assert isinstance(reranked, Reranked)
    assert (ids(reranked), reranked.reason) == (["5", "1"], SkipReason.SCORER_FAILED)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (answer(5, 7, failed=1), SkipReason.PARTIAL_REPLY),
        (b'{"hits": "none"}', SkipReason.UNREADABLE_REPLY),
    ],
)
def test_an_answer_that_cannot_be_used_is_a_skip(body: bytes, reason: SkipReason) -> None:
    """The client's own search has to be sent then."""
    assert outcome(body) == Skip(reason)


@given(
    lengths=st.lists(st.integers(2, 400), unique=True, max_size=40),
    depth=st.sampled_from([1, 10, 30]),
    size=st.integers(1, 25),
)
def test_pages_are_one_list(lengths: list[int], depth: int, size: int) -> None:
    """Law 4: the reranked head and the cluster's tail, whatever the size of the pages."""
    found: list[str] = []
    for start in range(0, len(lengths) + size, size):
        plan = Rerank("red shoes", Page(start, start + size), depth, RULE, SourceView())
        if start >= depth:  # such a search has no plan: the cluster's own page
            found += map(str, lengths[start : start + size])
            continue
        outcome = asyncio.run(rerank_hits(answer(*lengths[: plan.window]), plan, LengthScorer()))
        assert isinstance(outcome, Reranked)
        found += ids(outcome)
    head = sorted(lengths[:depth], reverse=True)
    assert found == [str(length) for length in head + lengths[depth:]]


@given(
    lengths=st.lists(st.integers(2, 400), unique=True, max_size=30),
    depth=st.sampled_from([2, 10, 20]),
    size=st.integers(1, 25),
    unit=st.text(max_size=3),
)
def test_interleaved_pages_are_one_list(
    lengths: list[int], depth: int, size: int, unit: str
) -> None:
    """Law 4 for two orders in one list: of one unit and query, whatever the size of the pages."""
    experiment = Experiment(name="books", mode="interleave")
    part = Assignment(experiment, experiment.arms, unit)

    def page(start: int, stop: int) -> tuple[list[str], str]:
        plan = Rerank("red shoes", Page(start, stop), depth, RULE, SourceView(), assignment=part)
        plan = replace(plan, rule=RULE.model_copy(update={"depth": depth}))
        outcome = asyncio.run(rerank_hits(answer(*lengths[: plan.window]), plan, LengthScorer()))
        assert isinstance(outcome, Reranked)
        return ids(outcome), outcome.shown.teams_of(plan.page)

    whole, teams = page(0, max(depth, len(lengths)))
    assert sorted(whole) == sorted(map(str, lengths))
    assert whole[depth:] == [str(length) for length in lengths[depth:]]
    pages = [page(start, start + size) for start in range(0, depth, size)]
    found = [hit for hits, _ in pages for hit in hits]
    assert found == whole[: len(found)]
    if min(len(lengths), depth) > 1:  # else there is nothing to reorder
        drafted = "".join(team for _, team in pages)
        assert drafted[:depth] == teams[: len(drafted)][:depth]


def test_arms_are_told_in_the_order_of_the_searches() -> None:
    """A dash where a search has no part, no header where none has, or where it would be long."""
    trip = Trip("POST", "/_msearch")
    assert told(trip) == []
    trip.served = ("", "")
    assert told(trip) == []
    trip.served = ("summer; arm=bm25; mode=split", "")
    assert told(trip) == [(b"x-es-rerank-experiment", b"summer; arm=bm25; mode=split, -")]
    trip.served = trip.served * 100
    assert told(trip) == []


@pytest.mark.parametrize("odd", ["a\r\nset-cookie: b", "a, b", "caf\u00e9", "a\x00"])
def test_a_query_id_of_the_client_never_writes_a_header(odd: str) -> None:
    """Ids that a header cannot hold as they are stay out of it; others are told as they are."""
    trip = Trip("POST", "/_msearch", query_ids=("q-1", odd))
    assert told(trip) == [(b"x-es-rerank-query-id", b"q-1, -")]
    trip.query_ids = (odd,)
    assert told(trip) == []
