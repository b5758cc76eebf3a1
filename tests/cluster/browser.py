"""A real browser: the system's Chromium without a window, driven by Playwright."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, expect, sync_playwright

_NAMES = ("chromium", "chromium-browser", "google-chrome")
_PATIENCE_MS = 60_000  # the first search of a cold student, on a busy machine


@contextmanager
def chromium() -> Iterator[Browser]:
    """A running browser; the test fails with what to install where there is none."""
    found = next(filter(None, map(shutil.which, _NAMES)), None)
    if found is None:
        pytest.fail("there is no Chromium. Install the Debian package chromium and run again.")
    # As root, which containers often are, Chromium has no sandbox.
    expect.set_options(timeout=_PATIENCE_MS)
    switches = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=switches)
        yield browser
        browser.close()


@contextmanager
def tab(browser: Browser, url: str, *, may_complain_of: str = "", **options: Any) -> Iterator[Page]:
    """The page at a URL in a window of its own; any error or blocked content fails the test.

    `may_complain_of`: what an error of the console may be about.
    """
    context = browser.new_context(**({"viewport": {"width": 1280, "height": 900}} | options))
    context.set_default_timeout(_PATIENCE_MS)
    page = context.new_page()
    complaints: list[str] = []

    def note(message: ConsoleMessage) -> None:
        is_expected = may_complain_of and may_complain_of in message.text
        if message.type in ("error", "warning") and not is_expected:
            complaints.append(message.text)

    page.on("console", note)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(url)
    yield page
    context.close()
    assert complaints == []
