"""The process in which Ray lives, seen from the sweep: lines to it and lines from it."""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from threading import Lock
from typing import Any

import breakeven
from breakeven.runner.environment import own_code

_DRIVER = "breakeven.runner.engines.ray_driver"
_SILENT_S = 60.0  # a driver says something each second, once it is connected
_END_S = 25.0
_MOST_READ = 1 << 20
_SETTINGS = {
    "RAY_gcs_rpc_server_reconnect_timeout_s": "10",  # after which a head that is gone ends the driver
    "RAY_USAGE_STATS_ENABLED": "0",
}
_REFUSED = b"InvalidAuthToken"  # what Ray prints, and tries again
_MOST_SAID = 1 << 16


class RayProcess:
    """A driver of Ray, with what it prints kept from the user's screen."""

    def __init__(self, address: str) -> None:
        self._said = tempfile.TemporaryFile()  # noqa: SIM115  # closed by `forget`
        self._writing = Lock()
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", _DRIVER, address, own_code()],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._said,
            env={**_SETTINGS, **os.environ, "PYTHONPATH": _search_path()},
            start_new_session=True,  # Ctrl-C is for the sweep, which ends this process in order
        )
        if self._process.stdin is None or self._process.stdout is None:
            raise RuntimeError("the process was started without pipes")
        self._to, self._from = self._process.stdin, self._process.stdout

    def ask(self, **order: Any) -> bool:
        """Hand over an order; return whether there was a process to take it."""
        try:
            with self._writing:
                self._to.write(json.dumps(order).encode() + b"\n")
                self._to.flush()
        except (BrokenPipeError, ValueError):  # it ended, or `end` was called
            return False
        return True

    def lines(self) -> Iterator[bytes]:
        """Yield what it says until it ends, or is silent for so long that it must be ended."""
        source, parts = self._from.fileno(), [b""]
        while select.select([source], [], [], _SILENT_S)[0] and (data := os.read(source, _MOST_READ)):
            first, *others = data.split(b"\n")
            parts.append(first)
            for other in others:
                yield b"".join(parts)
                parts = [other]
        self._process.kill()

    def was_refused(self) -> bool:
        """Return whether the cluster does not accept its token, or asks for one."""
        return _REFUSED in self._tail()

    def last_line(self) -> str:
        """Return the last line that Ray printed."""
        lines = self._tail().decode(errors="replace").strip().splitlines()
        return lines[-1] if lines else f"it ended with exit code {self._process.wait()}"

    def _tail(self) -> bytes:
        size = os.fstat(self._said.fileno()).st_size
        return os.pread(self._said.fileno(), _MOST_SAID, max(0, size - _MOST_SAID))

    def end(self, seconds: float = _END_S) -> None:
        """End the process, in order if it is able to within some time; its lines must still be read."""
        with self._writing, suppress(BrokenPipeError):
            self._to.close()
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def forget(self) -> None:
        """Close what it left: its lines and its prints."""
        self._from.close()
        self._said.close()


def _search_path() -> str:
    """Return a PYTHONPATH by which the process finds this program, wherever it was started."""
    root = str(Path(breakeven.__file__).parents[1])
    return os.pathsep.join(filter(None, (root, os.environ.get("PYTHONPATH"))))
