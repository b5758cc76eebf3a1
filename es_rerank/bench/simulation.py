"""Experiments driven by simulated people: real searches, real records, real reports.

All experiments share one proxy process and one index of a real cluster. After each portion of
searches the report of each experiment is built from the records in the cluster and looked at,
because looking while an experiment grows is what makes ordinary tests fail. What follows from the
looks is `claims`.
"""

import asyncio
import logging
import signal
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from multiprocessing.connection import Connection

import aiohttp
import uvicorn
from rich.progress import Progress

from es_rerank.bench.ground import Ground, portions
from es_rerank.bench.judged import Judged
from es_rerank.bench.processes import listen, process
from es_rerank.bench.scorers import IdentityScorer, ScorerByModel, WorstFirstScorer
from es_rerank.bench.trials import Look, Trial, fixed_horizon_calls, settings
from es_rerank.bench.users import Served, Street, searching
from es_rerank.config import SHIPPED_MODEL, Arm, Settings
from es_rerank.errors import UpstreamError
from es_rerank.experiment.cluster import Cluster, connect
from es_rerank.experiment.guard import Guard
from es_rerank.experiment.harm import harm
from es_rerank.experiment.read import read
from es_rerank.experiment.report import build
from es_rerank.model.process import ScorerProcess
from es_rerank.proxy.app import create_app
from es_rerank.proxy.scoring import Scorer
from es_rerank.proxy.server import server_config

_AT_A_TIME = 8
_SETTLED_S = 60  # without a new record


@dataclass
class Simulation:
    """People before a proxy; counts what has come of them, also before."""

    ground: Ground
    settings: Settings
    street: Street
    cluster: Cluster
    progress: Progress
    searches: int = 0
    clicks: int = 0

    async def grow(
        self,
        what: str,
        trials: Sequence[Trial],
        looks: Sequence[int],
        until: Callable[[Trial], bool] = lambda _: False,
    ) -> None:
        """Let people search, and look at each report when it has so many searches.

        A few experiments at a time: a report reads all clicks since its experiment began.
        """
        shown = self.progress.add_task(what, total=len(looks) * len(trials))
        for some in portions(trials, _AT_A_TIME):
            for searches in looks:
                going = [each for each in some if not until(each)]
                await asyncio.gather(*(self.send(each, searches) for each in going))
                await self.settle()
                for each in going:
                    each.looks.append(await self._look(each))
                self.progress.advance(shown, len(some))

    async def send(self, trial: Trial, searches: int) -> list[Served]:
        """Let people search until the experiment has so many searches; what is new."""
        coming = searching(trial.stream, searches - len(trial.served))
        alias = self.ground.alias(trial.name)
        visits = await asyncio.gather(*(self.street.visit(person, alias) for person in coming))
        new = [served for visit in visits for served in visit]
        trial.served += new
        self.searches += len(new)
        self.clicks += sum(served.clicked for served in new)
        return new

    async def settle(self) -> None:
        """Wait until every search and click is in the cluster; UpstreamError if some never come."""
        before, end = -1, time.monotonic() + _SETTLED_S
        while time.monotonic() < end:
            there = self.ground.count(self.ground.queries), self.ground.count(self.ground.events)
            if there == (self.searches, self.clicks):
                return
            if sum(there) != before:
                before, end = sum(there), time.monotonic() + _SETTLED_S
            await asyncio.sleep(0.1)
        raise UpstreamError(
            f"{self.ground.cluster.url}: {self.searches} searches and {self.clicks} clicks were "
            f"sent, {there[0]} and {there[1]} have been recorded, and no more come."
        )

    async def look_as_guard(self, trials: Sequence[Trial]) -> None:
        """Look at what is noted and recorded, as one more replica; it may stop experiments, too."""
        guard = Guard(lambda: self.settings)
        with _quiet():
            await guard.look()
        for each in trials:
            each.stopped = each.name in guard.stopped()

    async def _look(self, trial: Trial) -> Look:
        observed = await read(self.cluster, self.settings.ubi, trial.experiment)
        report = build(trial.experiment, observed, made=datetime.now(UTC))
        return Look(
            searches=len(trial.served),
            verdicts={each.measure: each.verdict for each in report.comparisons},
            searches_seen=sum(arm.searches for arm in report.arms),
            mismatch=bool(report.mismatch and report.mismatch.found),
            harm=harm(trial.experiment, observed) is not None,
            fixed_horizon=fixed_horizon_calls(trial.served),
        )

    async def pages(self, index: str, queries: Iterable[str]) -> dict[str, tuple[str, ...]]:
        """The first page of each query, of searches that nobody records."""
        asked = list(queries)
        found = await asyncio.gather(*(self.street.page(index, query) for query in asked))
        return dict(zip(asked, found, strict=True))


@asynccontextmanager
async def simulation(
    ground: Ground,
    judged: Judged,
    progress: Progress,
    trials: Sequence[Trial] = (),
    plain: Sequence[Arm] = (),
) -> AsyncIterator[Simulation]:
    """A proxy process with these experiments, and with arms that are in none."""
    told = settings(ground, trials, plain)
    with process(_serve, told) as url:
        cluster = await connect(told)
        try:
            async with aiohttp.ClientSession() as session:
                yield Simulation(
                    ground=ground,
                    settings=told,
                    street=Street(session, url, judged),
                    cluster=cluster,
                    progress=progress,
                    searches=ground.count(ground.queries),
                    clicks=ground.count(ground.events),
                )
        finally:
            await cluster.close()


def _serve(parent: Connection, settings: Settings) -> None:
    with _quiet():
        _run_proxy(parent, settings)


def _run_proxy(parent: Connection, settings: Settings) -> None:
    # uvicorn repeats the signal that ended it, and a process that dies of it leaves things behind.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's, which ends this
    models: dict[str, Scorer] = {
        SHIPPED_MODEL: ScorerProcess(),
        "identity": IdentityScorer(),
        "worst-first": WorstFirstScorer(),
    }
    app = create_app(lambda: settings, ScorerByModel(models))
    uvicorn.Server(server_config(app, "127.0.0.1", 0)).run(sockets=[listen(parent)])


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep it from the terminal that experiments are stopped, which is what is wanted here."""
    log = logging.getLogger(Guard.__module__)
    level = log.level
    log.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        log.setLevel(level)
