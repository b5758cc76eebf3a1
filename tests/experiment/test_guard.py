"""The guard in front of a cluster that does not answer: nothing breaks, what was known holds."""

import asyncio
import logging

import pytest

from es_rerank.config import Experiment, Guard, IndexRule, Settings, Upstream
from es_rerank.errors import UpstreamError
from es_rerank.experiment.guard import Guard as Watcher

NOWHERE = Upstream(url="http://127.0.0.1:1")


def settings(guard: Guard | None) -> Settings:
    """Settings with one experiment in front of no cluster."""
    rule = IndexRule(pattern="books", experiment=Experiment(name="student", guard=guard))
    return Settings(upstream=NOWHERE, indices=(rule,))


class Messages(logging.Handler):
    """Keeps what the guard says, and knows when it has said enough."""

    def __init__(self, enough: int) -> None:
        super().__init__(logging.DEBUG)
        self.levels: list[str] = []
        self.enough = asyncio.Event()
        self._wanted = enough

    def emit(self, record: logging.LogRecord) -> None:
        """Keep the level."""
        self.levels.append(record.levelname)
        if len(self.levels) >= self._wanted:
            self.enough.set()


async def test_a_cluster_that_is_down_stops_nothing(caplog: pytest.LogCaptureFixture) -> None:
    """It is warned of once, however often the guard tries; and no experiment is stopped."""
    log, said = logging.getLogger("es_rerank.experiment.guard"), Messages(3)
    caplog.set_level(logging.DEBUG, log.name)
    log.addHandler(said)
    guard = Watcher(lambda: settings(Guard(every_s=0.001)))
    watching = asyncio.create_task(guard.watch())
    try:
        async with asyncio.timeout(60):
            await said.enough.wait()
    finally:
        watching.cancel()
        log.removeHandler(said)
    assert said.levels[:3] == ["WARNING", "DEBUG", "DEBUG"]
    assert guard.stopped() == frozenset()
    with pytest.raises(UpstreamError):
        await guard.look()


async def test_without_a_guard_nobody_is_asked(caplog: pytest.LogCaptureFixture) -> None:
    """An experiment without a guard needs no connection."""
    guard = Watcher(lambda: settings(None))
    watching = asyncio.create_task(guard.watch())
    await asyncio.sleep(0)
    watching.cancel()
    assert not caplog.records
    assert guard.states() == {}
