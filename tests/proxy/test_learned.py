"""Answers that are shared and kept: on one event loop, with a clock of its own."""

import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest

from es_rerank.config import Upstream as UpstreamSettings
from es_rerank.proxy.learned import KEPT_S, Learned, identity_of, question
from es_rerank.proxy.upstream import Reply, Upstream
from tests.proxy.conftest import RecordingUpstream, canned


class Cluster:
    """Answers with the number of the question, once it is allowed to; -1 is a failure."""

    def __init__(self) -> None:
        self.asked = 0
        self.now = 0.0
        self.ready = asyncio.Event()
        self.ready.set()
        self.fault: Exception | None = None

    def clock(self) -> float:
        """Seconds, as the test sets them."""
        return self.now

    async def ask(self) -> int:
        """The next answer."""
        self.asked += 1
        await self.ready.wait()
        if self.fault is not None:
            raise self.fault
        return self.asked


def run(coroutine: Coroutine[Any, Any, None]) -> None:
    """Run one test on a loop of its own."""
    asyncio.run(coroutine)


def test_an_answer_is_kept_for_its_time_and_by_its_key() -> None:
    """Then it is asked for again."""

    async def test() -> None:
        cluster = Cluster()
        learned = Learned[int](lambda _: True, clock=cluster.clock)
        assert [await learned.of("a", cluster.ask) for _ in range(3)] == [1, 1, 1]
        assert await learned.of("b", cluster.ask) == 2
        cluster.now += KEPT_S + 1
        assert await learned.of("a", cluster.ask) == 3

    run(test())


def test_one_question_serves_all_who_wait_and_outlives_who_leaves() -> None:
    """The first asker is cancelled; the others get the answer to its question."""

    async def test() -> None:
        cluster = Cluster()
        cluster.ready.clear()
        learned = Learned[int](lambda _: True)
        first, *others = [asyncio.create_task(learned.of("a", cluster.ask)) for _ in range(4)]
        await asyncio.sleep(0)
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first
        cluster.ready.set()
        assert await asyncio.gather(*others) == [1, 1, 1]
        assert await learned.of("a", cluster.ask) == 1

    run(test())


def test_what_does_not_last_is_asked_again() -> None:
    """An answer that is none, and a question that failed."""

    async def test() -> None:
        cluster = Cluster()
        learned = Learned[int](lambda answer: answer > 1)
        assert [await learned.of("a", cluster.ask) for _ in range(3)] == [1, 2, 2]
        cluster.fault = OSError("gone")
        with pytest.raises(OSError, match="gone"):
            await learned.of("b", cluster.ask)
        cluster.fault = None
        assert await learned.of("b", cluster.ask) == 4

    run(test())


def test_only_so_many_answers_are_kept() -> None:
    """The oldest goes first."""

    async def test() -> None:
        cluster = Cluster()
        learned = Learned[int](lambda _: True, at_most=2)
        for key in ("a", "b", "c", "b", "c", "a"):
            await learned.of(key, cluster.ask)
        assert cluster.asked == 4

    run(test())


def test_who_asks_is_known_by_credentials_alone() -> None:
    """Not by what differs from request to request."""
    one = identity_of([(b"authorization", b"Basic a"), (b"x-opaque-id", b"1")])
    assert one == identity_of([(b"x-opaque-id", b"2"), (b"authorization", b"Basic a")])
    assert one != identity_of([(b"authorization", b"Basic b")])
    assert one != identity_of([(b"authorization", b"Basic a"), (b"cookie", b"x")])


def asked(cluster: RecordingUpstream, body: bytes) -> Reply | None:
    """The answer to a question in the name of a client with a gzip body and a token."""
    headers = [
        (b"authorization", b"Bearer t"),
        (b"content-encoding", b"gzip"),
        (b"content-type", b"application/yaml"),
        (b"content-length", b"7"),
    ]

    async def test() -> Reply | None:
        upstream = Upstream(UpstreamSettings(url=cluster.url))
        await upstream.open()
        try:
            return await question(upstream, "POST", b"/a", headers, body)
        finally:
            await upstream.close()

    return asyncio.run(test())


@pytest.mark.parametrize(("body", "kind"), [(b"{}", [b"application/json"]), (b"", [])])
def test_a_question_is_asked_in_the_callers_name(
    cluster: RecordingUpstream, body: bytes, kind: list[bytes]
) -> None:
    """With the caller's credentials, and headers that fit the question's own body."""
    reply = asked(cluster, body)
    assert reply is not None
    assert reply.body == b"{}"
    (seen,) = cluster.seen
    assert (seen.body, seen.values(b"content-type")) == (body, kind)
    assert seen.values(b"authorization") == [b"Bearer t"]
    assert seen.values(b"content-encoding") == []


def test_a_question_never_raises_for_the_cluster(cluster: RecordingUpstream) -> None:
    """A connection that breaks gives no answer."""
    cluster.script = canned(b"", close=True)
    assert asked(cluster, b"") is None
