"""Four functions as people bring them: JSON parsing, an image filter, blocking HTTP on loopback, a group-by.

The filter and the group-by use NumPy and pandas where the measured interpreter has them, and loops otherwise.
"""

from __future__ import annotations

import json
import os
import random
import threading
from collections import defaultdict
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import find_spec
from time import sleep
from typing import Any

_SECONDS = 0.08  # that the server takes to answer
_servers: dict[int, int] = {}
_lock = threading.Lock()


def records(size: int) -> str:
    """Return a JSON text of about so many bytes."""
    made = random.Random(1)
    return json.dumps([{"id": place, "value": made.random()} for place in range(size // 45)])


def parse(text: str) -> int:
    """Parse it and count its records."""
    return sum(len(json.loads(text)) for _ in range(4))


def image(size: int) -> Any:
    """Return the bytes of a grey image."""
    return random.Random(2).randbytes(size)


def blur(pixels: bytes) -> int:
    """Smooth an image by its neighbours, a few times, and return its sum."""
    if find_spec("numpy") is None:
        return sum(sum(pixels[place - 2 : place + 3]) // 5 for place in range(2, len(pixels) - 2))
    import numpy as np  # noqa: PLC0415  # where there is one

    found = np.frombuffer(pixels, np.uint8).astype(np.float64)
    for _ in range(20):
        found = (np.roll(found, 1) + found + np.roll(found, -1)) / 3
    return int(found.sum())


def rows(size: int) -> list[tuple[int, float]]:
    """Return keys with values."""
    made = random.Random(3)
    return [(made.randrange(100), made.random()) for _ in range(size // 16)]


def group(pairs: list[tuple[int, float]]) -> float:
    """Sum the values of each key, and return the largest sum."""
    if find_spec("pandas") is None:
        sums: dict[int, float] = defaultdict(float)
        for key, value in pairs:
            sums[key] += value
        return max(sums.values())
    import pandas as pd  # noqa: PLC0415  # where there is one

    return float(pd.DataFrame(pairs, columns=["key", "value"]).groupby("key")["value"].sum().max())


class _Handler(BaseHTTPRequestHandler):
    """Answers after a while, as a database or another service does."""

    def do_GET(self) -> None:
        """Answer."""
        sleep(_SECONDS)
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, *_: Any) -> None:
        """Print nothing."""


def _port() -> int:
    """Return the port of this process's own server, started at the first call."""
    with _lock:
        if os.getpid() not in _servers:
            server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
            threading.Thread(target=server.serve_forever, daemon=True).start()
            _servers[os.getpid()] = server.server_port
        return _servers[os.getpid()]


def fetch() -> int:
    """Get a page from the loopback interface, and return its status."""
    connection = HTTPConnection("127.0.0.1", _port(), timeout=10)
    connection.request("GET", "/")
    status = connection.getresponse().status
    connection.close()
    return status
