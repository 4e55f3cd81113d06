"""The browser of these tests is the installed Chromium."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, expect
from support.browser import TIMEOUT_MS, browser

__all__ = ["browser"]


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    expect.set_options(timeout=TIMEOUT_MS)
    opened = browser.new_context(viewport={"width": 1200, "height": 800})
    opened.set_default_timeout(TIMEOUT_MS)
    yield opened
    opened.close()
