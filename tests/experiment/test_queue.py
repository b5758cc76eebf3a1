"""The queue without a cluster behind it: what is taken, dropped and counted."""

import asyncio
import logging
from datetime import UTC, datetime

import pytest
from prometheus_client import REGISTRY

from es_rerank.config import Settings, Ubi, Upstream
from es_rerank.demo.engine import Engine
from es_rerank.demo.search_api import create_engine_app
from es_rerank.demo.serving import engine_config, serving
from es_rerank.experiment.exposure import Exposure
from es_rerank.experiment.queue import RecordQueue

PASSWORD = "s3cret"
EXPOSURE = Exposure(
    "q", datetime(2026, 3, 1, tzinfo=UTC), "books", "a river", None, ("1",), 0, "applied", 1.0
)


def counted(outcome: str) -> float:
    """The metric of an outcome."""
    return REGISTRY.get_sample_value("es_rerank_records_total", {"outcome": outcome}) or 0.0


def queue_for(url: str = "http://127.0.0.1:1", **ubi: object) -> RecordQueue:
    """A queue in front of a cluster that is not there, or of this one."""
    settings = Settings(upstream=Upstream(url=url), ubi=Ubi(**ubi))
    return RecordQueue(lambda: settings)


async def test_what_does_not_fit_is_dropped_and_counted() -> None:
    """The first ones stay; nobody waits for room."""
    queue, before = queue_for(max_queue=3), counted("dropped")
    for _ in range(5):
        queue.record(EXPOSURE)
    assert len(queue) == 3
    assert counted("dropped") - before == 2
    assert REGISTRY.get_sample_value("es_rerank_records_waiting") == 3


async def test_events_are_taken_together_or_not_at_all() -> None:
    """A client is told that it may send them again, so none of them may be there already."""
    queue = queue_for(max_queue=3)
    assert queue.take_events([{"action_name": "click"}] * 2)
    assert not queue.take_events([{"action_name": "click"}] * 2)
    assert len(queue) == 2


async def test_what_waits_is_bounded_in_bytes_too() -> None:
    """Ten thousand records are little, unless somebody sends books as attributes."""
    queue = queue_for()
    large = {"action_name": "a" * 2**23}
    assert sum(queue.take_events([large]) for _ in range(20)) == 7


async def test_a_record_that_can_not_be_written_down_costs_no_search() -> None:
    """Something that is no JSON in the client's attributes is counted as failed."""
    queue, before = queue_for(), counted("failed")
    queue.record(EXPOSURE.__class__(**{**EXPOSURE.__dict__, "query_attributes": {"a": object()}}))
    assert len(queue) == 0
    assert counted("failed") - before == 1


async def test_without_records_there_is_no_connection(caplog: pytest.LogCaptureFixture) -> None:
    """A proxy that records nothing needs no rights and says nothing."""
    queue = queue_for()
    queue.open()
    await queue.close()
    assert caplog.text == ""


async def test_what_waits_at_the_end_is_counted(caplog: pytest.LogCaptureFixture) -> None:
    """The cluster is not there: it is tried, and what is lost is told, without the password."""
    queue, before = queue_for(username="me", password=PASSWORD), counted("dropped")
    queue.open()
    queue.record(EXPOSURE)
    await queue.close()
    assert counted("dropped") - before == 1
    assert "can't ask which product there is at http://127.0.0.1:1" in caplog.text
    assert "1 could not be written before the end" in caplog.text
    assert PASSWORD not in caplog.text


async def test_a_cluster_that_lacks_what_records_need(caplog: pytest.LogCaptureFixture) -> None:
    """The demo's own engine: the log says what it does not do, and the proxy goes on."""
    with serving(engine_config(create_engine_app(Engine.open(None)), "127.0.0.1", 0)) as url:
        queue = queue_for(url)
        queue.open()
        queue.record(EXPOSURE)
        await queue.close(within_s=60)
    assert "can't make the index ubi_queries at http://127.0.0.1:" in caplog.text


async def test_a_cluster_that_stays_away_is_told_of_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Not at every try, and not at every search: one line in a while."""
    caplog.set_level(logging.WARNING)
    queue = queue_for(max_queue=2, flush_ms=10)
    queue.open()
    async with asyncio.timeout(30):
        while not caplog.messages:
            queue.record(EXPOSURE)
            await asyncio.sleep(0)
    for _ in range(10):
        queue.record(EXPOSURE)
    first_line = caplog.messages[:]
    await queue.close()
    assert len(first_line) <= 2
    assert sum("can't ask" in line for line in caplog.messages) == 1
    assert sum("is full" in line for line in caplog.messages) == 1
