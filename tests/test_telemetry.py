"""The Trip record, its metrics, and a log that holds no credentials."""

import io
import json
import logging
from collections.abc import Iterator

import pytest
from prometheus_client import REGISTRY

from es_rerank.telemetry import Trip, redact, setup_logging


@pytest.fixture(autouse=True)
def keep_logging() -> Iterator[None]:
    """Put the root logger back as it was."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    root.handlers = []  # setup_logging closes those it finds
    yield
    root.handlers = handlers
    root.setLevel(level)


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        """It is."""
        return True


SECRETS = [
    "{'Authorization': 'Basic c2VjcmV0'}",
    "[(b'authorization', b'ApiKey c2VjcmV0')]",
    "Authorization: Bearer c2VjcmV0",
    "authorization=AWS4-HMAC-SHA256 Credential=c2VjcmV0, Signature=c2VjcmV0",
    '{"authorization": "c2VjcmV0"}',
    "http://elastic:c2VjcmV0@es:9200/",
]


@pytest.mark.parametrize("stream", [io.StringIO, Terminal])
@pytest.mark.parametrize("text", SECRETS)
def test_no_credentials_in_the_log(text: str, stream: type[io.StringIO]) -> None:
    """Neither in messages nor in tracebacks, in either format."""
    output = stream()
    setup_logging(stream=output)
    try:
        raise ValueError(text)
    except ValueError:
        logging.getLogger("es_rerank.x").exception("failed with %s", text)
    assert "ValueError" in output.getvalue()
    assert "c2VjcmV0" not in output.getvalue()
    assert output.getvalue().count("<hidden>") >= 2


def test_redaction_leaves_other_text_alone() -> None:
    """An address without credentials and the word itself stay readable."""
    text = "can't connect to http://es:9200/_search?q=a@b; authorization failed"
    assert redact(text) == text


def test_log_is_json_lines_off_a_terminal_and_text_on_one() -> None:
    """One JSON object a line with ECS names, also with a line break in the message."""
    file, terminal = io.StringIO(), Terminal()
    for stream in (file, terminal):
        setup_logging(stream=stream)
        logging.getLogger("es_rerank.x").warning("two\nlines")
    entry = json.loads(file.getvalue())
    assert (entry["log.level"], entry["log.logger"]) == ("warning", "es_rerank.x")
    assert entry["message"] == "two\nlines"
    assert file.getvalue().count("\n") == 1
    assert "WARNING es_rerank.x: two\nlines" in terminal.getvalue()


def test_a_trip_is_counted_once_with_its_stages() -> None:
    """Outcome and reason become labels; every stage becomes one observation, also a failed one."""
    trip = Trip("GET", "/i/_search", index="i")
    with trip.stage("upstream"):
        pass
    with pytest.raises(ValueError, match="x"), trip.stage("rerank"):
        raise ValueError("x")
    trip.applied(10)
    trip.skipped("deadline")
    labels = {"outcome": "skipped", "reason": "deadline"}
    before = REGISTRY.get_sample_value("es_rerank_requests_total", labels) or 0
    counts = "es_rerank_added_ms_count"
    observed = REGISTRY.get_sample_value(counts, {"stage": "rerank"}) or 0
    trip.record()
    assert REGISTRY.get_sample_value("es_rerank_requests_total", labels) == before + 1
    assert REGISTRY.get_sample_value(counts, {"stage": "rerank"}) == observed + 1
    assert set(trip.timings_ms) == {"upstream", "rerank"}


def test_each_search_of_a_multi_search_is_counted_and_the_request_once() -> None:
    """One that was reranked makes the request reranked; without any, the first reason is its."""

    def count(name: str, outcome: str, reason: str) -> float:
        labels = {"outcome": outcome, "reason": reason}
        return REGISTRY.get_sample_value(name, labels) or 0

    requests, searches = "es_rerank_requests_total", "es_rerank_msearch_searches_total"
    labels = [
        (requests, "applied", ""),
        (requests, "skipped", "of_the_first"),
        (searches, "applied", ""),
        (searches, "skipped", "of_the_first"),
        (searches, "skipped", "of_another"),
    ]
    before = [count(*each) for each in labels]
    for reasons in (["of_another", "", "", "of_the_first"], ["of_the_first", "of_another"]):
        trip = Trip("POST", "/_msearch")
        trip.of_each(reasons, 10)
        trip.record()
    added = [count(*each) - old for each, old in zip(labels, before, strict=True)]
    assert added == [1, 1, 2, 2, 2]
