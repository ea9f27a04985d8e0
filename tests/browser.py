"""A real browser in which tests look at pages, and what a page did there that it must not."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.patience import PATIENCE_S

_NAMES = ("chromium", "chromium-browser", "google-chrome")
_FLAGS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
)
_FIRST_LETTERS = 300
_PATIENCE_MS = PATIENCE_S * 1000
PHONE_WIDTH = 360
PHONE: dict[str, Any] = {
    "viewport": {"width": PHONE_WIDTH, "height": 740},
    "device_scale_factor": 2,
    "is_mobile": True,
    "has_touch": True,
}


@dataclass
class Visit:
    """A page that was opened, and what it did besides being shown: ``deeds`` are messages, errors and requests."""

    page: Page
    deeds: list[str] = field(default_factory=list)

    def wait_drawn(self) -> None:
        """Wait until the explorer has drawn what is chosen."""
        self.page.wait_for_selector("#chart[data-drawn]", state="attached")

    def drawn(self) -> int:
        """Return how many cells the explorer shows."""
        return int(self.page.get_attribute("#chart", "data-drawn") or 0)


@contextmanager
def start_browser() -> Iterator[Browser]:
    """Start a browser for the body; skip the test if there is none."""
    path = next(filter(None, map(shutil.which, _NAMES)), None)
    if path is None:
        pytest.skip("no Chromium here; .ci/chromium installs it on Debian")
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=path, args=_FLAGS.split(), timeout=_PATIENCE_MS)
        yield browser
        browser.close()


def visit(browser: Browser, file: Path, **options: Any) -> Visit:
    """Open a file as a new user would, with the ``options`` of a browser context."""
    context = browser.new_context(**options)
    context.set_default_timeout(_PATIENCE_MS)
    found = Visit(context.new_page())
    address = file.resolve().as_uri()
    found.page.on(
        "console", lambda message: found.deeds.append(f"{message.type}: {message.text}"[:_FIRST_LETTERS])
    )
    found.page.on("pageerror", lambda error: found.deeds.append(f"error: {error}"[:_FIRST_LETTERS]))
    found.page.on("dialog", lambda dialog: found.deeds.append(f"dialog: {dialog.message}"))
    found.page.on(
        "request",
        lambda asked: (
            None
            if asked.url.partition("#")[0] == address or asked.url.startswith("data:")
            else found.deeds.append(f"request: {asked.url}")
        ),
    )
    found.page.goto(address)
    return found
