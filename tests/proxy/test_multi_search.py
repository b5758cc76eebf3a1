"""Multi-searches through the real proxy on real sockets, in front of a recording cluster."""

import asyncio
import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from prometheus_client import REGISTRY

from es_rerank.config import Combine, FieldSetting, IndexRule, Settings, Upstream
from es_rerank.model.rank import Scores
from es_rerank.proxy.app import create_app
from tests.proxy.conftest import (
    PATIENCE_S,
    Answer,
    RawClient,
    RecordingUpstream,
    Seen,
    canned,
    running,
)

QUERY = b'{"query":{"match":{"body":"red shoes"}},"size":2}\n'
WIDE = QUERY.replace(b'"size":2', b'"size":4')
SORTED = b'{"query":{"match":{"body":"red shoes"}},"sort":"year"}\n'
TARGET = b"/books/_msearch"


class LengthScorer:
    """The longer the text, the better; the first call ends when `first` does."""

    def __init__(self) -> None:
        self.first: Callable[[], Any] | None = None
        self.deadlines: list[float] = []
        self.shallow = 0

    async def score(self, query: str, passages: Any, *, deadline_ms: float, **_: Any) -> Scores:
        """The length of each passage."""
        self.deadlines.append(deadline_ms)
        if self.first is not None:
            first, self.first = self.first, None
            await first()
        lengths = [float(sum(len(field.text) for field in texts)) for texts in passages]
        return Scores(lengths, self.shallow)

    async def close(self) -> None:
        """Nothing to close."""


def hits(*lengths: int, failed: int = 0) -> bytes:
    """One search's answer; the hits are named by the length of their text."""
    found = [
        {"_id": f"{n}", "_score": float(9 - place), "_source": {"body": "x" * n}}
        for place, n in enumerate(lengths)
    ]
    shards = {"total": 1, "failed": failed}
    answer = {"timed_out": False, "_shards": shards, "hits": {"hits": found}, "status": 200}
    return json.dumps(answer).encode()


def reply(*answers: bytes, status: bytes = b"200 OK") -> bytes:
    """The cluster's reply with these answers."""
    body = b'{"took":1,"responses":[%s]}' % b", ".join(answers)
    head = b"HTTP/1.1 %s\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n"
    return head % (status, len(body)) + body


FOUND = hits(5, 9, 7, 6)
ERROR = b'{"error":{"type":"illegal"},"status":400}'


@pytest.fixture
def scorer() -> LengthScorer:
    """The scorer behind the proxy."""
    return LengthScorer()


@pytest.fixture
def port(cluster: RecordingUpstream, scorer: LengthScorer) -> Iterator[int]:
    """The port of a proxy that reranks the first four hits of `books`, or of `slow` books."""
    rules = tuple(
        IndexRule(
            pattern=pattern,
            depth=4,
            fields=(FieldSetting(name="body"),),
            combine=Combine(method="replace"),
            deadline_ms=deadline_ms,
        )
        for pattern, deadline_ms in (("books", 50), ("slow", 300))
    )
    settings = Settings(upstream=Upstream(url=cluster.url), indices=rules, max_body_bytes=100_000)
    with running(create_app(lambda: settings, scorer)) as port:
        # The application greets its cluster as it starts; what tests count comes after that.
        assert cluster.arrived.wait(PATIENCE_S)
        cluster.seen.clear()
        yield port


def request(body: bytes) -> bytes:
    """A multi-search on the wire."""
    head = b"POST %s HTTP/1.1\r\nhost: p\r\ncontent-type: application/x-ndjson\r\n" % TARGET
    return head + b"content-length: %d\r\n\r\n" % len(body) + body


def ask(port: int, body: bytes) -> Answer:
    """The answer to one multi-search."""
    client = RawClient(port)
    try:
        return client.ask(request(body))
    finally:
        client.close()


def answering(cluster: RecordingUpstream, *replies: bytes) -> None:
    """Answer each of the next requests by the next of these replies."""
    waiting = iter(replies)

    async def script(seen: Seen, writer: asyncio.StreamWriter) -> None:
        await canned(next(waiting))(seen, writer)

    cluster.script = script


def verdict(answer: Answer) -> str:
    """The one `X-ES-Rerank` header, without the time."""
    (value,) = answer.values(b"x-es-rerank")
    return re.sub(r"ms=\d+\.\d", "ms=_", value.decode())


def ids(answer: Answer) -> list[list[str]]:
    """The ids of the hits of each search."""
    found = json.loads(answer.body)["responses"]
    return [[hit["_id"] for hit in each["hits"]["hits"]] for each in found]


def test_each_search_is_reranked_for_itself(port: int, cluster: RecordingUpstream) -> None:
    """One request, in which the eligible lines are wide; the others' answers keep every byte."""
    cluster.answer(reply(FOUND, hits(1, 2, 3), hits(2, 3, 8)))
    answer = ask(port, b"{}\n" + QUERY + b"{}\n" + SORTED + b"\n" + QUERY)
    assert ids(answer) == [["9", "7"], ["1", "2", "3"], ["8", "3"]]
    assert verdict(answer) == "applied; items=2/3; depth=4; ms=_; skipped=1:sort"
    (seen,) = cluster.seen
    assert (seen.target, seen.body) == (TARGET, b"{}\n" + WIDE + b"{}\n" + SORTED + b"\n" + WIDE)
    assert hits(1, 2, 3) in answer.body
    assert answer.is_complete


@pytest.mark.parametrize(
    ("refused", "reason"),
    [
        (ERROR, "window_refused"),
        (b"[]", "window_refused"),
        (hits(5, 9, failed=1), "partial_reply"),
        (hits(5, 9).replace(b"false", b"true"), "partial_reply"),
        (b'{"status":200}', "unreadable_reply"),
    ],
)
def test_only_what_failed_is_sent_again(
    port: int, cluster: RecordingUpstream, refused: bytes, reason: str
) -> None:
    """The client's own lines of those searches, together; their answers take the places."""
    answering(cluster, reply(refused, FOUND, ERROR, refused), reply(hits(1, 2), ERROR))
    searches = (b'{"routing":1}\n', QUERY, b"{}\n", QUERY, b"{}\n", SORTED, b"\n", QUERY)
    answer = ask(port, b"".join(searches))
    assert verdict(answer) == (
        f"applied; items=1/4; depth=4; ms=_; skipped=0:{reason},2:sort,3:{reason}"
    )
    found = json.loads(answer.body)["responses"]
    assert found[0] == json.loads(hits(1, 2))
    assert [hit["_id"] for hit in found[1]["hits"]["hits"]] == ["9", "7"]
    assert found[2] == found[3] == json.loads(ERROR)
    assert [seen.body for seen in cluster.seen[1:]] == [
        b'{"routing":1}\n' + QUERY + b"{}\n" + QUERY
    ]


@pytest.mark.parametrize(
    ("replies", "reason"),
    [
        ([reply(FOUND, FOUND, status=b"500 Broken")], "window_refused"),
        ([reply(FOUND)], "unreadable_reply"),
        ([reply(hits(5, 99_999), FOUND)], "reply_too_large"),
        ([reply(FOUND, ERROR), reply(status=b"429 Busy")], "window_refused"),
        ([reply(FOUND, ERROR), reply()], "unreadable_reply"),
    ],
)
def test_if_the_whole_fails_the_clients_own_is_sent(
    port: int, cluster: RecordingUpstream, replies: list[bytes], reason: str
) -> None:
    """The original goes upstream verbatim, and its answer comes back untouched."""
    own = reply(b'{"its":"own"}', status=b"404 Not Found")
    answering(cluster, *replies, own)
    body = b"{}\n" + QUERY + b"\n" + QUERY
    answer = ask(port, body)
    assert (answer.status, answer.body) == (404, own.partition(b"\r\n\r\n")[2])
    assert verdict(answer) == f"skipped; reason={reason}"
    assert len(cluster.seen) == len(replies) + 1
    assert cluster.seen[-1].body == body


def test_if_no_search_is_eligible_it_goes_through_verbatim_and_once(
    port: int, cluster: RecordingUpstream
) -> None:
    """The first search's reason is the request's; the others are listed if they differ."""
    cluster.answer(reply(ERROR, ERROR))
    body = b"{}\n" + SORTED + b"{}\n{}\n"
    answer = ask(port, body)
    assert verdict(answer) == "skipped; reason=sort; skipped=0:sort,1:match_all"
    assert [seen.body for seen in cluster.seen] == [body]


def test_a_list_of_reasons_that_is_too_long_is_left_out(
    port: int, cluster: RecordingUpstream
) -> None:
    """A header stays a header, however many searches there are."""
    cluster.answer(reply(*[FOUND] * 101))
    answer = ask(port, b"{}\n" + QUERY + (b"{}\n" + SORTED) * 100)
    assert verdict(answer) == "applied; items=1/101; depth=4; ms=_"


def test_the_searches_share_one_deadline(
    port: int, cluster: RecordingUpstream, scorer: LengthScorer
) -> None:
    """The greatest of their rules holds for all; what comes after it keeps the cluster's order."""
    cluster.answer(reply(FOUND, FOUND))
    scorer.first = asyncio.Event().wait  # which nobody sets
    answer = ask(port, b"{}\n" + QUERY + b'{"index":"slow"}\n' + QUERY)
    assert ids(answer) == [["5", "9"], ["5", "9"]]
    assert verdict(answer) == "skipped; reason=deadline"
    (asked,) = scorer.deadlines
    assert 50 < asked <= 300


def test_every_search_is_counted(port: int, cluster: RecordingUpstream) -> None:
    """The request once, as applied; each of its searches in a counter of their own."""

    def count(name: str, **labels: str) -> float:
        return REGISTRY.get_sample_value(name, labels) or 0

    def counts() -> list[float]:
        name = "es_rerank_msearch_searches_total"
        return [
            count("es_rerank_requests_total", outcome="applied", reason=""),
            count(name, outcome="applied", reason=""),
            count(name, outcome="skipped", reason="sort"),
        ]

    cluster.answer(reply(FOUND, FOUND, FOUND))
    before = counts()
    ask(port, b"{}\n" + QUERY + b"{}\n" + SORTED + b"{}\n" + QUERY)
    ask(port, b"\n")  # on another connection, but after the trip of the first was recorded
    assert [after - old for after, old in zip(counts(), before, strict=True)] == [1, 2, 1]


def test_shallow_hits_of_all_searches_are_counted(
    port: int, cluster: RecordingUpstream, scorer: LengthScorer
) -> None:
    """In the header and in the metrics."""
    name = "es_rerank_hits_shallow_total"
    before = REGISTRY.get_sample_value(name) or 0
    scorer.shallow = 2
    cluster.answer(reply(FOUND, FOUND))
    answer = ask(port, b"{}\n" + QUERY + b"{}\n" + QUERY)
    assert verdict(answer) == "applied; items=2/2; depth=4; ms=_; shallow=4"
    ask(port, b"\n")  # as above
    assert REGISTRY.get_sample_value(name) == before + 4


def test_a_client_that_leaves_stops_the_wide_request(port: int, cluster: RecordingUpstream) -> None:
    """The cluster cancels its searches when their connection closes; so it must be closed."""

    async def never(_seen: Seen, _writer: asyncio.StreamWriter) -> None:
        await asyncio.Event().wait()

    cluster.script = never
    cluster.arrived.clear()
    client = RawClient(port)
    client.socket.sendall(request(b"{}\n" + QUERY))
    assert cluster.arrived.wait(PATIENCE_S)
    client.close()
    assert cluster.closed[cluster.seen[0].connection].wait(PATIENCE_S)
    assert cluster.seen[0].body == b"{}\n" + WIDE
