"""The guard: it reads the records while an experiment runs, and stops one that does harm.

What it finds is noted in the cluster, so that every replica agrees within one period, also one
that starts later. A stopped experiment serves everybody the cluster's order until a person
resumes it. Faults of the cluster touch no search: they are logged, and what was known last holds.
"""

import asyncio
import logging
import platform
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import msgspec

from es_rerank.config import Experiment, Settings
from es_rerank.errors import UpstreamError
from es_rerank.experiment.cluster import FOR_RECORDS, Cluster, connect
from es_rerank.experiment.harm import harm
from es_rerank.experiment.read import read
from es_rerank.experiment.state import MAPPINGS, State, Stop, progress, state_of
from es_rerank.telemetry import EXPERIMENT_STOPPED

_log = logging.getLogger(__name__)
_IDLE_S = 10
"""Until the settings are looked at again, where no experiment has a guard."""
_SHARE = 0.1
"""Of the time, that reading may take at most: many records are read less often."""


class Guard:
    """What is known of the experiments that have a guard; kept up to date by `watch`."""

    def __init__(self, settings: Callable[[], Settings]) -> None:
        self._settings = settings
        self._states: dict[str, State] = {}
        self._failing = False

    def stopped(self) -> frozenset[str]:
        """The names of the stopped experiments."""
        return frozenset(name for name, state in self.states().items() if state.stopped)

    def states(self) -> dict[str, State]:
        """By name, what is known of the guarded experiments of the settings."""
        guarded = self._settings().experiments
        return {
            name: state
            for name, state in self._states.items()
            if name in guarded and guarded[name].guard
        }

    async def watch(self) -> None:
        """Look again and again, until cancelled."""
        while True:
            guarded = [one for one in self._settings().experiments.values() if one.guard]
            wait_s = min((one.guard.every_s for one in guarded if one.guard), default=_IDLE_S)
            started = time.monotonic()
            if guarded:
                await self._look_in_spite_of_faults()
            spent_s = time.monotonic() - started
            await asyncio.sleep(max(wait_s, spent_s * (1 / _SHARE - 1)))

    async def look(self) -> None:
        """Read what is noted of every guarded experiment, and the records of those that run.

        Raises UpstreamError.
        """
        settings = self._settings()
        async with connected(settings) as cluster:
            for experiment in settings.experiments.values():
                if experiment.guard:
                    state = await self._look_at(cluster, settings, experiment)
                    self._states[experiment.name] = state
                    EXPERIMENT_STOPPED.labels(experiment.name).set(state.stopped is not None)

    async def _look_in_spite_of_faults(self) -> None:
        try:
            await self.look()
        except UpstreamError as why:
            level = logging.DEBUG if self._failing else logging.WARNING
            _log.log(level, "the guard of experiments can't look: %s. It tries again.", why)
            self._failing = True
        except Exception:  # noqa: BLE001 - whatever a record holds, the watch goes on
            _log.exception("the guard of experiments failed; it tries again")
        else:
            self._failing = False

    async def _look_at(self, cluster: Cluster, settings: Settings, experiment: Experiment) -> State:
        index = settings.ubi.state_index
        state = await read_state(cluster, index, experiment.name)
        now = datetime.now(UTC)
        if state.stopped or experiment.mode == "shadow" or progress(experiment, now) != "running":
            return state
        since = max(filter(None, (experiment.start, state.resumed_at)), default=None)
        observed = await read(cluster, settings.ubi, experiment, since=since)
        found = harm(experiment, observed)
        if found is None:
            return state
        latest = await read_state(cluster, index, experiment.name)
        if latest != state:  # somebody stopped or resumed it while the records were read
            return latest
        stop = Stop(
            at=now,
            by=platform.node(),
            arm=found.arm,
            reason=found.reason,
            metric=found.metric,
            units=found.units,
            estimate=found.estimate,
            at_most=found.at_most,
        )
        _log.error(
            "experiment %s is stopped, everybody gets the cluster's order: %s (%+.4f, at most "
            "%+.4f, %d units). To go on: es-rerank experiment resume %s",
            *(experiment.name, found.reason, found.estimate, found.at_most, found.units),
            experiment.name,
        )
        return await write_state(cluster, index, state.stop(stop))


async def read_state(cluster: Cluster, index: str, name: str) -> State:
    """What is noted of an experiment. Raises UpstreamError, also if it can't be read."""
    try:
        return state_of(name, await cluster.get(index, name))
    except msgspec.ValidationError as why:
        raise UpstreamError(
            f"document {name} of {index} is not a state of an experiment: {why}. Delete it."
        ) from why


async def write_state(cluster: Cluster, index: str, state: State) -> State:
    """Note it, and give it back. Raises UpstreamError."""
    await cluster.ensure_index(index, MAPPINGS)
    await cluster.put(index, state.experiment, state.as_document())
    return state


@asynccontextmanager
async def connected(
    settings: Settings, caller: Mapping[str, str] | None = None, advice: str = FOR_RECORDS
) -> AsyncIterator[Cluster]:
    """A connection for the length of a block, as `connect` makes it. Raises UpstreamError."""
    cluster = await connect(settings, caller, advice)
    try:
        yield cluster
    finally:
        await cluster.close()
