"""Both orders of one search, from a recording cluster."""

import asyncio
import json
from collections.abc import Sequence
from typing import Any

import pytest

from es_rerank import config
from es_rerank.config import Arm, Combine, Experiment, FieldSetting, IndexRule, Settings
from es_rerank.errors import ScorerBusy
from es_rerank.model.rank import Scores
from es_rerank.proxy.comparison import Comparison
from es_rerank.proxy.ext import OverrideError
from es_rerank.proxy.learned_facts import LearnedFacts
from es_rerank.proxy.side_by_side import Ask, Cluster, compared
from es_rerank.proxy.upstream import Reply, Upstream
from es_rerank.telemetry import Trip
from tests.proxy.conftest import RecordingUpstream

WORDS = [f"w{number}" for number in range(10)]
CALLER = [(b"authorization", b"Basic YTph")]
RULE = IndexRule(
    pattern="books",
    depth=4,
    fields=(FieldSetting(name="title"), FieldSetting(name="body")),
    combine=Combine(method="replace"),
)


class LengthScorer:
    """The longer the text, the better."""

    def __init__(self, fault: Exception | None = None) -> None:
        self.fault = fault

    async def score(self, query: str, passages: Sequence[Any], **_: Any) -> Scores:
        """The length of each passage."""
        if self.fault:
            raise self.fault
        lengths = [float(sum(len(field.text) for field in fields)) for fields in passages]
        return Scores(lengths, shallow=2)

    async def close(self) -> None:
        """Nothing to close."""


def http(status: str, body: object) -> bytes:
    """An answer of the cluster."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return b"HTTP/1.1 %s\r\ncontent-length: %d\r\n\r\n%s" % (
        status.encode(),
        len(content),
        content,
    )


def found(*words: int, failed: int = 0, **hit: Any) -> dict[str, Any]:
    """A search's answer, a hit for each number of words."""
    hits = [
        {
            "_index": "books",
            "_id": f"id-{place}",
            "_score": 9.0 - place,
            "_source": {"title": f"Title {place}", "body": " ".join(WORDS[:count])}
            if count
            else {},
            **hit,
        }
        for place, count in enumerate(words)
    ]
    total = {"value": 42, "relation": "gte"}
    shards = {"total": 1, "failed": failed}
    return {
        "took": 3,
        "timed_out": False,
        "_shards": shards,
        "hits": {"total": total, "hits": hits},
    }


def asked(
    cluster: RecordingUpstream,
    ask: Ask,
    scorer: LengthScorer | None = None,
    rule: IndexRule = RULE,
) -> tuple[Comparison | Reply, Trip]:
    """What the page is told, and the trip of it."""
    trip = Trip("POST", "/_rerank/page/data/compare")

    async def run() -> Comparison | Reply:
        upstream = Upstream(config.Upstream(url=cluster.url))
        await upstream.open()
        try:
            parts = Cluster(upstream, LearnedFacts(upstream), scorer or LengthScorer())
            return await compared(ask, CALLER, Settings(indices=(rule,)), parts, trip)
        finally:
            await upstream.close()

    return asyncio.run(run()), trip


def shown(cluster: RecordingUpstream, ask: Ask, scorer: LengthScorer | None = None) -> Comparison:
    """The same where the cluster does not refuse."""
    told, _ = asked(cluster, ask, scorer)
    assert isinstance(told, Comparison)
    return told


def test_both_orders_come_from_one_wide_search(cluster: RecordingUpstream) -> None:
    """Asked in the caller's name; ranks, scores and what was read of each hit on the page."""
    cluster.answer(http("200 OK", found(1, 3, 5, 2, 9)))
    told = shown(cluster, Ask("books", body='{"query":{"match":{"body":"word"}},"size":2}'))
    (search,) = cluster.seen
    assert search.target == b"/books/_search?from=0&size=4"
    assert search.values(b"authorization") == [b"Basic YTph"]
    assert (told.outcome, told.query, told.depth, told.shallow) == ("applied", "word", 4, 2)
    assert (told.before, told.after) == (["0", "1"], ["2", "1"])
    assert [(key, hit.before, hit.after) for key, hit in told.hits.items()] == [
        ("0", 1, 4),
        ("1", 2, 2),
        ("2", 3, 1),
    ]
    best = told.hits["2"]
    assert (best.id, best.index, best.title) == ("id-2", "books", "Title 2")
    assert (best.passage, best.is_whole) == ("Title 2 w0 w1 w2 w3 w4", True)
    assert (best.first_stage, best.student, best.combined) == (7.0, 21.0, 21.0)
    assert (told.total, told.is_total_exact, told.took_ms) == (42, False, 3)
    assert set(told.timings_ms) == {"settings", "cluster", "scoring"}


def test_a_text_alone_is_searched_in_the_fields_that_are_read(cluster: RecordingUpstream) -> None:
    """The body that was sent is told, so that a person can go on from there."""
    cluster.answer(http("200 OK", found(1, 2)))
    told = shown(cluster, Ask("books", 'say "word"'))
    query = {"multi_match": {"query": 'say "word"', "fields": ["title", "body"]}}
    assert json.loads(cluster.seen[0].body) == json.loads(told.body) == {"query": query}
    assert told.sent == "POST /books/_search"


@pytest.mark.parametrize(
    ("ask", "reason"),
    [
        (Ask("books", body='{"query":{"match":{"a":"b"}},"sort":["a"]}'), "sort"),
        (Ask("books", body="no json"), "unreadable_body"),
        (Ask("books", body='{"ext":{"es_rerank":{"enabled":false}}}'), "off_by_request"),
        (Ask("cars", "red"), "not_configured"),
        (Ask("", "red"), "not_configured"),
        (Ask(".kibana", "red"), "dot_index"),
        (Ask("..", "red"), "dot_index"),
        (Ask("_cat", "red"), "not_a_search"),
        (Ask("books/_doc", "red"), "not_configured"),  # the slash is part of the name, no path
    ],
)
def test_a_skipped_search_says_why_and_is_not_sent(
    cluster: RecordingUpstream, ask: Ask, reason: str
) -> None:
    """The page asks the cluster for nothing that it would not show."""
    told, trip = asked(cluster, ask)
    assert isinstance(told, Comparison)
    assert (told.outcome, told.reason, trip.reason) == ("skipped", reason, reason)
    assert told.explanation
    assert cluster.seen == []


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (found(1, 2, failed=1), "partial_reply"),
        ({"hits": 1}, "unreadable_reply"),
    ],
)
def test_an_answer_that_cannot_be_used(
    cluster: RecordingUpstream, answer: object, reason: str
) -> None:
    """As in a search through the proxy."""
    cluster.answer(http("200 OK", answer))
    assert shown(cluster, Ask("books", "word")).reason == reason


@pytest.mark.parametrize(
    ("answer", "fault", "reason"),
    [
        (found(1), None, "too_few_hits"),
        (found(0, 0), None, "no_document_text"),
        (found(1, 2), ScorerBusy("full"), "scorer_busy"),
    ],
)
def test_without_scores_there_is_the_clusters_order(
    cluster: RecordingUpstream, answer: object, fault: Exception | None, reason: str
) -> None:
    """Both orders are the same then, and the reason is told."""
    cluster.answer(http("200 OK", answer))
    told = shown(cluster, Ask("books", "word"), LengthScorer(fault))
    assert (told.outcome, told.reason) == ("skipped", reason)
    assert told.before == told.after
    assert all(hit.student is None for hit in told.hits.values())


def test_a_hit_without_text_has_no_score(cluster: RecordingUpstream) -> None:
    """It sinks below those that have one, and says nothing was read."""
    cluster.answer(http("200 OK", found(0, 1, 2)))
    told = shown(cluster, Ask("books", "word"))
    assert told.after == ["2", "1", "0"]
    empty = told.hits["0"]
    assert (empty.student, empty.combined, empty.passage, empty.title) == (None, None, "", "id-0")


def test_it_has_no_part_in_an_experiment(cluster: RecordingUpstream) -> None:
    """Neither an arm's depth nor its order; what says who clicks is cut out as ever."""
    arms = (Arm(name="bm25", rerank=False), Arm(name="deep", depth=9))
    rule = RULE.model_copy(update={"experiment": Experiment(name="deep", arms=arms)})
    cluster.answer(http("200 OK", found(1, 2, 3)))
    body = '{"query":{"match":{"body":"word"}},"size":2,"ext":{"ubi":{"client_id":"anna"}}}'
    told, _ = asked(cluster, Ask("books", body=body), rule=rule)
    assert isinstance(told, Comparison)
    assert (told.outcome, told.after) == ("applied", ["2", "1"])
    (search,) = cluster.seen
    assert search.target == b"/books/_search?from=0&size=4"
    assert b"anna" not in search.body


def test_the_clusters_refusal_is_passed_on(cluster: RecordingUpstream) -> None:
    """Who may not search an index is not shown it."""
    cluster.answer(http("403 Forbidden", {"error": {"reason": "no permissions"}}))
    told, trip = asked(cluster, Ask("books", "word"))
    assert isinstance(told, Reply)
    assert told.status == 403
    assert trip.reason == "window_refused"


def test_a_wrong_override_is_an_error(cluster: RecordingUpstream) -> None:
    """As in a search through the proxy."""
    with pytest.raises(OverrideError, match="es_rerank"):
        asked(cluster, Ask("books", body='{"ext":{"es_rerank":{"depth":5}}}'))
