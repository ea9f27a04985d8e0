"""Processes as the kernel lists them: whether one runs, since when, in which namespace. Formats: proc(5)."""

from __future__ import annotations

import os

PROC = "/proc"

_STARTED = 19  # field 22 of stat, counted from the one after the command's name


def stat(pid: int) -> list[str]:
    """Return the fields of /proc/PID/stat from the state on; empty if the process is gone or hidden."""
    try:
        with open(f"{PROC}/{pid}/stat", encoding="utf-8", errors="replace") as file:  # noqa: PTH123  # read by the hundred
            return file.read().rpartition(")")[2].split()  # the name before may hold anything
    except (FileNotFoundError, ProcessLookupError):
        return []


def start_of(pid: int) -> int | None:
    """Return when a process started, in clock ticks since boot.

    0 if the system does not report it, None if there is no such process, or if it ended and was not reaped.
    """
    fields = stat(pid)
    if not fields:
        return _exists(pid)
    return None if fields[0] in ("Z", "X") else int(fields[_STARTED])


def is_running(pid: int, started: int) -> bool:
    """Return whether the process that started then is still running; 0 stands for an unknown start.

    Ids are reused: a process with a different start is a different process.
    """
    now = start_of(pid)
    return now is not None and (0 in (now, started) or now == started)


def namespace_of(pid: int | str = "self") -> str:
    """Return the namespace of process ids that a process belongs to; empty if unknown."""
    try:
        return os.readlink(f"{PROC}/{pid}/ns/pid")  # noqa: PTH115  # text, not a path
    except OSError:  # gone, not ours to look at, or not Linux
        return ""


def _exists(pid: int) -> int | None:
    """Ask the kernel about a process that /proc does not show, as on another system."""
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):  # the latter for a number that no process can have
        return None
    except PermissionError:
        return 0
    return 0
