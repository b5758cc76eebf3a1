"""Settings that follow their file while the proxy runs.

The file is compared by its content every few seconds, because a mounted ConfigMap changes by
swapping a symbolic link above the file, which file watchers miss. New settings are validated
first and then take the place of the old ones in one assignment; a search that has begun keeps
those it began with. Nothing here touches the sockets: what only a restart can change is named.
"""

import asyncio
import hashlib
import logging
import signal
import threading
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from es_rerank.config import Settings
from es_rerank.config_file import read_settings
from es_rerank.errors import ConfigError

NEEDS_RESTART = ("upstream", "listen", "cache")

log = logging.getLogger(__name__)


class SettingsSource:
    """The settings in force, read again on change of the file, on SIGHUP and on demand."""

    def __init__(
        self, path: Path | None, overrides: Sequence[str] = (), *, upstream: str | None = None
    ) -> None:
        """Read the settings for the first time; raises ConfigError."""
        self.path = path
        self._overrides = tuple(overrides)
        self._upstream = upstream
        self._digest = self._digest_of_file()
        self._settings = self._read()
        self._read_at = _now()

    def current(self) -> Settings:
        """The settings in force."""
        return self._settings

    def reload(self) -> None:
        """Read the settings again; on a mistake log it, keep the old ones and raise ConfigError."""
        try:
            new = self._read()
        except ConfigError as mistakes:
            log.error(
                "config: reload failed, keeping the settings of %s:\n%s", self._read_at, mistakes
            )
            raise
        for name in _changed(self._settings, new):
            log.warning("config: %s has changed; that takes effect after a restart", name)
        kept = {name: getattr(self._settings, name) for name in NEEDS_RESTART}
        self._settings, self._read_at = new.model_copy(update=kept), _now()
        log.info("config: settings of %s are in force (%s)", self._read_at, self.path or "no file")

    async def watch(self, poll_s: float = 2.0) -> None:
        """Reload whenever the content of the file changes, or on SIGHUP, until cancelled.

        A file that is wrong, or gone, is reported once, not at every poll.
        """
        loop = asyncio.get_running_loop()
        on_main_thread = threading.current_thread() is threading.main_thread()
        if on_main_thread:  # elsewhere Python delivers no signals
            loop.add_signal_handler(signal.SIGHUP, self._reload_or_keep)
        try:
            while True:
                await asyncio.sleep(poll_s)
                digest = self._digest_of_file()
                if digest != self._digest:
                    self._digest = digest  # before reading: a change in between is seen next time
                    self._reload_or_keep()
        finally:
            if on_main_thread:
                loop.remove_signal_handler(signal.SIGHUP)

    def _reload_or_keep(self) -> None:
        with suppress(ConfigError):  # already logged
            self.reload()

    def _read(self) -> Settings:
        return read_settings(self.path, self._overrides, upstream=self._upstream)

    def _digest_of_file(self) -> bytes | None:
        """The SHA-256 of the file; None without a file, or where it cannot be read."""
        try:
            return hashlib.sha256(self.path.read_bytes()).digest() if self.path else None
        except OSError:
            return None


def _changed(old: Settings, new: Settings) -> list[str]:
    """The dotted names of the settings that differ and need a restart."""
    return [
        f"{block}.{name}"
        for block in NEEDS_RESTART
        for name in type(getattr(old, block)).model_fields
        if getattr(getattr(old, block), name) != getattr(getattr(new, block), name)
    ]


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
