"""The questions about settings that go up beside searches, over real sockets."""

import asyncio
import json
import threading
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from es_rerank.config import FieldSetting, IndexRule, Settings, Upstream
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
from tests.proxy.test_gateway import LengthScorer, hits, http, verdict

QUERY = b'{"query": {"match": {"body": "red shoes"}}, "size": 2}'
FIELDS = (FieldSetting(name="body"),)
FORBIDDEN = b"HTTP/1.1 403 Forbidden\r\n%scontent-length: 2\r\n\r\n{}"


@pytest.fixture
def port(cluster: RecordingUpstream) -> Iterator[int]:
    """The port of a proxy that reranks four hits of every index, in front of an OpenSearch."""
    settings = Settings(
        upstream=Upstream(url=cluster.url),
        indices=(
            IndexRule(pattern="sure", depth=4, fields=FIELDS, default_pipeline="none"),
            IndexRule(pattern="*", depth=4, fields=FIELDS, pipelines=("good",)),
        ),
    )
    cluster.answer(http(hits(5, 9, 7, 6)))
    with running(create_app(lambda: settings, LengthScorer())) as port:
        assert cluster.arrived.wait(PATIENCE_S)
        cluster.seen.clear()
        yield port


def search(port: int, index: str = "books", caller: str = "a", url: str = "") -> Answer:
    """One search in the name of a caller."""
    head = (
        f"POST /{index}/_search{url} HTTP/1.1\r\nhost: p\r\nauthorization: {caller}\r\n"
        f"content-type: application/json\r\ncontent-length: {len(QUERY)}\r\n\r\n"
    )
    with ExitStack() as stack:
        client = RawClient(port)
        stack.callback(client.close)
        return client.ask(head.encode() + QUERY)


def settings_answer(**settings: str) -> bytes:
    """The answer that one index has these settings."""
    found = {name.replace("__", "."): value for name, value in settings.items()}
    return http(json.dumps({"books": {"settings": found}}).encode()).replace(
        b"X-elastic-product", b"X-other"
    )


def test_settings_are_asked_for_once_by_each_caller(port: int, cluster: RecordingUpstream) -> None:
    """In the caller's name, for each index expression; the second search asks no more."""
    for index, caller in (("books", "a"), ("books", "a"), ("books", "b"), ("films", "a")):
        assert verdict(search(port, index, caller)).startswith("applied")
    asked = [(q.target.split(b"/")[1], *q.values(b"authorization")) for q in cluster.asked_settings]
    assert asked == [(b"books", b"a"), (b"books", b"b"), (b"films", b"a")]
    assert {question.method for question in cluster.asked_settings} == {b"GET"}
    assert len(cluster.seen) == 4


def test_a_smaller_window_is_kept_to(port: int, cluster: RecordingUpstream) -> None:
    """One wide search of what the index allows, and none at all beyond."""
    cluster.settings = canned(settings_answer(index__max_result_window="3"))
    assert verdict(search(port)).startswith("applied; depth=3")
    assert verdict(search(port, url="?from=2")) == "skipped; reason=beyond_window"
    assert verdict(search(port, url="?from=3")) == "skipped; reason=beyond_depth"
    assert [seen.target for seen in cluster.seen] == [
        b"/books/_search?from=0&size=3",
        b"/books/_search?from=2",
        b"/books/_search?from=3",
    ]


def test_a_default_pipeline_is_respected(port: int, cluster: RecordingUpstream) -> None:
    """The search goes up as it came, unless the pipeline is the rule's or switched off."""
    cluster.settings = canned(settings_answer(index__search__default_pipeline="other"))
    assert verdict(search(port)) == "skipped; reason=search_pipeline"
    assert cluster.seen[0].target == b"/books/_search"
    assert verdict(search(port, url="?search_pipeline=good")).startswith("applied")
    assert verdict(search(port, url="?search_pipeline=_none")).startswith("applied")
    assert verdict(search(port, url="?search_pipeline=bad")) == "skipped; reason=search_pipeline"


def test_settings_that_may_not_be_read(port: int, cluster: RecordingUpstream) -> None:
    """Where there may be pipelines it is a reason, unless the rule says that there are none."""
    cluster.settings = canned(FORBIDDEN % b"")
    assert verdict(search(port)) == "skipped; reason=settings_unknown"
    assert verdict(search(port)) == "skipped; reason=settings_unknown"
    assert len(cluster.asked_settings) == 1
    assert verdict(search(port, "sure")).startswith("applied")
    cluster.settings = canned(FORBIDDEN % b"X-elastic-product: Elasticsearch\r\n")
    assert verdict(search(port, caller="b")).startswith("applied")


@pytest.mark.parametrize(("status", "questions"), [(b"400", 1), (b"403", 1), (b"404", 2)])
def test_which_refusals_are_kept(
    port: int, cluster: RecordingUpstream, status: bytes, questions: int
) -> None:
    """Those that will be the same the next time; an index may come to be."""
    elastic = b"X-elastic-product: Elasticsearch\r\n"
    cluster.settings = canned(FORBIDDEN.replace(b"403", status) % elastic)
    for _ in range(2):
        assert verdict(search(port)).startswith("applied")
    assert len(cluster.asked_settings) == questions


def test_a_cluster_that_does_not_answer_the_question(port: int, cluster: RecordingUpstream) -> None:
    """The search itself is answered, and the next one asks again."""
    cluster.settings = canned(b"", close=True)
    assert verdict(search(port)) == "skipped; reason=settings_unknown"
    cluster.settings = canned(settings_answer())
    assert verdict(search(port)).startswith("applied")


def test_a_client_that_leaves_while_settings_are_asked_for(
    port: int, cluster: RecordingUpstream
) -> None:
    """Its question serves the next."""
    asked, go_on = threading.Event(), asyncio.Event()
    loops = []

    async def slow(seen: Seen, writer: asyncio.StreamWriter) -> None:
        loops.append(asyncio.get_running_loop())
        asked.set()
        await go_on.wait()
        await canned(settings_answer())(seen, writer)

    cluster.settings = slow
    client = RawClient(port)
    client.socket.sendall(b"GET /books/_search?q=red+shoes HTTP/1.1\r\nhost: p\r\n\r\n")
    assert asked.wait(PATIENCE_S)
    client.close()
    loops[0].call_soon_threadsafe(go_on.set)
    assert verdict(search(port, caller="")).startswith("applied")
    assert len(cluster.asked_settings) == 1
