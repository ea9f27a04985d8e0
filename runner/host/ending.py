"""How a run ended: a status, a reason in words, and its last output."""

from __future__ import annotations

import os
import re
import signal
import stat
from dataclasses import dataclass
from pathlib import Path

from breakeven.base.text import last_lines

MOST_SAID = 16 << 10  # bytes of a run's output that are kept; a worker may have written gigabytes
_MOST_LINES = 5
_TRACKER = re.compile(
    r"/resource_tracker\.py:[0-9]+: |^  warnings\.warn\(.*resource_tracker|^  warnings\.warn\($"
)
_WORKER = re.compile("^worker [0-9]+ .* in the middle of the run$", re.MULTILINE)


@dataclass(frozen=True)
class Ending:
    """How the measured process ended: a status of `breakeven.base.schema.STATUSES` and the reason, if it is not ok.

    ``exit_code`` and ``signal`` are None if it did not end by one, ``stderr`` if there was no output.
    """

    status: str
    reason: str | None = None
    exit_code: int | None = None
    signal: str | None = None
    stderr: str | None = None


class Abandoned(Exception):
    """Raised when a run was given up by `abandon` or `kill_now`; nothing of it is stored."""


def signal_name(number: int) -> str:
    """Return the name of a signal, such as SIGKILL; its number if it has none, like most real-time signals."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def read_tail(descriptor: int, most: int = MOST_SAID, end: int | None = None) -> str:
    """Return the last ``most`` bytes of a file up to ``end``, as text; characters that cannot be shown are replaced."""
    size = os.fstat(descriptor).st_size if end is None else end
    raw = os.pread(descriptor, min(size, most), max(size - most, 0))
    text = raw.decode("utf-8", errors="replace")
    return "".join(
        char if char.isprintable() or char in "\n\t" else "\N{REPLACEMENT CHARACTER}" for char in text
    )


def read_file(path: Path, most: int = MOST_SAID) -> str:
    """Return the last ``most`` bytes of a regular file as text, else "": measured code may have put a pipe there."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return ""
    try:
        return read_tail(descriptor, most) if stat.S_ISREG(os.fstat(descriptor).st_mode) else ""
    finally:
        os.close(descriptor)


def quote(said: str) -> str:
    """Return the last lines of the output, as the end of a reason, without those of resource trackers."""
    lines = last_lines(
        "\n".join(line for line in said.splitlines() if not _TRACKER.search(line)), _MOST_LINES
    )
    return f"; it last said: {lines}" if lines else ""


def split_worker_death(said: str) -> tuple[str, str] | None:
    """Return the line about the worker that died and the rest of the output; None if no worker died."""
    found = list(_WORKER.finditer(said))
    if not found:
        return None
    last = found[-1]
    return last[0], said[: last.start()] + said[last.end() :]
