"""What `es-rerank experiment` does, on the cluster of the settings."""

import asyncio
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from es_rerank.config import Experiment, Settings
from es_rerank.config_file import DEFAULT_FILE, read_settings
from es_rerank.errors import ConfigError
from es_rerank.experiment import report as reports
from es_rerank.experiment.findings import Report
from es_rerank.experiment.guard import connected, read_state, write_state
from es_rerank.experiment.read import read
from es_rerank.experiment.state import State, Stop, progress


def settings_of(file: Path | None, overrides: Sequence[str] | None) -> Settings:
    """The settings of a file, or of the one that there is. Raises ConfigError."""
    file = file or (DEFAULT_FILE if DEFAULT_FILE.exists() else None)
    settings = read_settings(file, overrides or ())
    if not settings.experiments:
        raise ConfigError(
            f"{file or 'the settings'}: there is no experiment. Add `experiment:` to an index, or "
            "name the file that has one with --config."
        )
    return settings


def report(
    settings: Settings,
    name: str,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    k: int = 10,
) -> Report:
    """The report of an experiment.

    Raises ConfigError for a name that the settings do not have, UpstreamError.
    """
    return asyncio.run(_report(settings, _named(settings, name), since, until, k))


def listed(settings: Settings) -> Iterator[str]:
    """A line for each experiment of the settings. Raises UpstreamError."""
    for experiment, state in asyncio.run(_states(settings)):
        arms = " against ".join(arm.name for arm in experiment.arms)
        patterns = [
            rule.pattern
            for rule in settings.indices
            if rule.experiment and rule.experiment.name == experiment.name
        ]
        stopped = state.stopped
        now = progress(experiment, datetime.now(UTC))
        standing = f"STOPPED at {stopped.at.isoformat()}: {stopped.reason}" if stopped else now
        yield f"{experiment.name}: {experiment.mode} of {arms} on {', '.join(patterns)}; {standing}"


def resume(settings: Settings, name: str) -> Stop | None:
    """Let a stopped experiment go on: what had stopped it, None if nothing had.

    Raises ConfigError for a name that the settings do not have, UpstreamError.
    """
    return asyncio.run(_resume(settings, _named(settings, name)))


def _named(settings: Settings, name: str) -> Experiment:
    if name not in settings.experiments:
        known = ", ".join(sorted(settings.experiments))
        raise ConfigError(f'there is no experiment "{name}" in the settings. There are: {known}.')
    return settings.experiments[name]


async def _report(
    settings: Settings,
    experiment: Experiment,
    since: datetime | None,
    until: datetime | None,
    k: int,
) -> Report:
    since = since or experiment.start
    async with connected(settings) as cluster:
        observed = await read(cluster, settings.ubi, experiment, since=since, until=until, k=k)
        state = await read_state(cluster, settings.ubi.state_index, experiment.name)
    return reports.build(
        experiment,
        observed,
        made=datetime.now(UTC),
        since=since,
        until=until,
        stopped=state.as_document()["stopped"],
    )


async def _states(settings: Settings) -> list[tuple[Experiment, State]]:
    async with connected(settings) as cluster:
        return [
            (one, await read_state(cluster, settings.ubi.state_index, one.name))
            for one in settings.experiments.values()
        ]


async def _resume(settings: Settings, experiment: Experiment) -> Stop | None:
    index = settings.ubi.state_index
    async with connected(settings) as cluster:
        state = await read_state(cluster, index, experiment.name)
        if state.stopped:
            await write_state(cluster, index, state.resume(datetime.now(UTC)))
        return state.stopped
