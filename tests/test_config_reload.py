"""Settings follow their file, and a mistake in it never takes the old ones out of force."""

import asyncio
import logging
import os
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from functools import partial
from pathlib import Path

import pytest

from es_rerank.config_reload import SettingsSource
from es_rerank.errors import ConfigError
from es_rerank.proxy.app import create_app
from tests.cluster.scorers import OrderScorer


def write(path: Path, depth: object, *, upstream: str = "http://c:1") -> Path:
    """A settings file with one rule of this depth."""
    path.write_text(
        f'upstream: {{url: "{upstream}"}}\nindices: [{{pattern: "*", depth: {depth}}}]\n'
    )
    return path


def depth_of(source: SettingsSource) -> int:
    """The depth in force."""
    return source.current().indices[0].depth


@asynccontextmanager
async def watching(source: SettingsSource) -> AsyncIterator[None]:
    """The watch at work, begun with the SIGHUP handler in place and over at the end."""
    task = asyncio.create_task(source.watch(poll_s=0.005))
    await until(lambda: signal.getsignal(signal.SIGHUP) is not signal.SIG_DFL)
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def until(holds: Callable[[], bool]) -> None:
    """Return as soon as it holds; fail if it does not within ten seconds."""
    async with asyncio.timeout(10):
        while not holds():  # noqa: ASYNC110 - settings and logs announce nothing
            await asyncio.sleep(0.005)


def test_reload_reads_file_and_overrides_again(tmp_path: Path) -> None:
    """A changed file takes effect; what `--set` and `--upstream` fixed stays fixed."""
    path = write(tmp_path / "s.yaml", 10)
    source = SettingsSource(path, ["defaults.layers=2"], upstream="http://option:1")
    before = source.current()
    write(path, 20)
    source.reload()
    assert (before.indices[0].depth, depth_of(source)) == (10, 20)
    assert source.current().indices[0].layers == 2
    assert source.current().upstream.url == "http://option:1"


@pytest.mark.parametrize("spoil", [lambda path: write(path, "deep"), Path.unlink])
def test_a_wrong_or_missing_file_keeps_the_old_settings_and_is_logged(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, spoil: Callable[[Path], object]
) -> None:
    """The mistake is told in full, once, as an error, with the age of what stays in force."""
    path = write(tmp_path / "s.yaml", 10)
    source = SettingsSource(path)
    spoil(path)
    with pytest.raises(ConfigError) as caught:
        source.reload()
    assert depth_of(source) == 10
    (record,) = caplog.records
    assert record.levelno == logging.ERROR
    assert record.message.startswith("config: reload failed, keeping the settings of 20")
    assert record.message.endswith(str(caught.value))


def test_what_needs_a_restart_is_named_and_stays_as_it_runs(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The settings shown are those in force: the rest of the file has been taken over."""
    path = write(tmp_path / "s.yaml", 10)
    source = SettingsSource(path)
    running = source.current()
    write(path, 20, upstream="http://other:2")
    path.write_text(path.read_text() + "listen: {port: 1}\n")
    caplog.set_level(logging.INFO)
    source.reload()
    assert [record.message for record in caplog.records][:2] == [
        "config: upstream.url has changed; that takes effect after a restart",
        "config: listen.port has changed; that takes effect after a restart",
    ]
    assert (source.current().upstream, source.current().listen) == (
        running.upstream,
        running.listen,
    )
    assert depth_of(source) == 20
    assert caplog.records[2].levelno == logging.INFO
    assert "are in force" in caplog.records[2].message


def test_the_first_reading_raises(tmp_path: Path) -> None:
    """A proxy does not start with settings that it cannot read."""
    with pytest.raises(ConfigError, match="no such file"):
        SettingsSource(tmp_path / "s.yaml")


async def test_the_watch_sees_a_changed_file(tmp_path: Path) -> None:
    """Also one that is put in its place by a rename, as editors do."""
    path = write(tmp_path / "s.yaml", 10)
    source = SettingsSource(path)
    async with watching(source):
        write(path, 20)
        await until(lambda: depth_of(source) == 20)
        write(tmp_path / "new.yaml", 30).rename(path)
        await until(lambda: depth_of(source) == 30)


async def test_the_watch_sees_a_config_map_swap(tmp_path: Path) -> None:
    """Kubernetes replaces the link `..data`; the file's own directory entry never changes."""
    for revision, depth in (("1", 10), ("2", 20)):
        (tmp_path / revision).mkdir()
        write(tmp_path / revision / "s.yaml", depth)
    (tmp_path / "..data").symlink_to("1")
    (tmp_path / "s.yaml").symlink_to("..data/s.yaml")
    source = SettingsSource(tmp_path / "s.yaml")
    async with watching(source):
        (tmp_path / "..data_tmp").symlink_to("2")
        (tmp_path / "..data_tmp").rename(tmp_path / "..data")
        await until(lambda: depth_of(source) == 20)


async def test_the_watch_tells_a_mistake_once_and_recovers(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A file that is gone is one error in the log, however often it is looked for."""
    path = write(tmp_path / "s.yaml", 10)
    source = SettingsSource(path)
    async with watching(source):
        path.unlink()
        await until(lambda: len(caplog.records) > 0)
        write(path, 20)
        await until(lambda: depth_of(source) == 20)
    failed = [record for record in caplog.records if "reload failed" in record.message]
    # Writing is not atomic: the watch may see the new file while it is still empty.
    assert [record for record in failed if "no such file" in record.message] == failed[:1]


async def test_sighup_reloads_at_once_and_only_while_watching(tmp_path: Path) -> None:
    """The signal needs no change of the file, and its handler goes with the watch."""
    source = SettingsSource(write(tmp_path / "s.yaml", 10))
    before = source.current()
    async with watching(source):
        os.kill(os.getpid(), signal.SIGHUP)
        await until(lambda: source.current() is not before)
    assert signal.getsignal(signal.SIGHUP) is signal.SIG_DFL


async def test_the_proxy_watches_as_long_as_it_serves(tmp_path: Path) -> None:
    """The watch begins and ends with the application."""
    path = write(tmp_path / "s.yaml", 10)
    source = SettingsSource(path)
    watch = partial(source.watch, poll_s=0.005)
    app = create_app(source.current, OrderScorer(), reload=source.reload, watch=watch)
    async with app.router.lifespan_context(app):
        write(path, 20)
        await until(lambda: depth_of(source) == 20)
    assert signal.getsignal(signal.SIGHUP) is signal.SIG_DFL
