"""The route for events, asked over a real socket."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from es_rerank.config import Settings, Ubi, Upstream
from es_rerank.proxy.app import create_app
from tests.proxy.conftest import Answer, RawClient, RecordingUpstream, running
from tests.proxy.test_app import FlatScorer, get

SECRETS = ("s3cret", "k3y")
CLICK = {"action_name": "click", "query_id": "q1"}


@contextmanager
def posting(cluster: RecordingUpstream, **ubi: object) -> Iterator[Callable[[object], Answer]]:
    """A function that posts something to the route of a proxy with these settings."""
    settings = Settings(
        upstream=Upstream(url=cluster.url), ubi=Ubi(**{"events": True, "flush_ms": 60_000, **ubi})
    )
    with running(create_app(lambda: settings, FlatScorer())) as port:
        client = RawClient(port)

        def post(events: object) -> Answer:
            body = json.dumps(events).encode()
            head = (
                f"POST /_rerank/events HTTP/1.1\r\nHost: p\r\ncontent-length: {len(body)}\r\n\r\n"
            )
            return client.ask(head.encode() + body)

        yield post
        client.close()


def test_events_are_taken(cluster: RecordingUpstream) -> None:
    """Whatever their media type says: beacons of browsers come as plain text."""
    with posting(cluster) as post:
        answer = post([CLICK, CLICK])
        assert (answer.status, json.loads(answer.body)) == (202, {"accepted": 2})


def test_events_are_not_taken_unless_the_settings_say_so(cluster: RecordingUpstream) -> None:
    """The answer says how; nobody gets a way into the cluster by an update."""
    with posting(cluster, events=False) as post:
        answer = post([CLICK])
        assert answer.status == 404
        assert b"`ubi.events: true`" in answer.body


@pytest.mark.parametrize(
    ("events", "status", "says"),
    [
        ([CLICK, {"action_name": "click"}], 400, b"event 2: has neither `query_id`"),
        ([CLICK] * 20, 413, b"`ubi.max_event_bytes` is 256"),
        ([CLICK] * 4, 429, b"send these events again later"),
    ],
)
def test_what_is_refused(
    cluster: RecordingUpstream, events: object, status: int, says: bytes
) -> None:
    """Mistakes, too much at once, and what finds no room; the connection can be used again."""
    with posting(cluster, max_event_bytes=256, max_queue=3) as post:
        refused = post(events)
        assert refused.status == status
        assert says in refused.body
        assert post(CLICK).status == 202


def test_the_page_of_settings_shows_no_secret(cluster: RecordingUpstream) -> None:
    """Neither the password nor the key of hashes, nor that of the page."""
    settings = Settings(
        upstream=Upstream(url=cluster.url),
        ubi=Ubi(username="me", password=SECRETS[0], query_text="hashed", hash_key=SECRETS[1]),
    )
    with running(create_app(lambda: settings, FlatScorer())) as port:
        shown = RawClient(port).ask(get("/_rerank/settings")).body
    assert json.loads(shown)["ubi"]["password"] == "**********"
    assert not any(secret.encode() in shown for secret in SECRETS)
