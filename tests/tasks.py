"""Workloads that tests send to workers.

A worker that is spawned imports this module to find their tasks. So it imports the standard library and the measured
side alone, which is there already: pytest, or whatever else a test needs, would take longer than to start the worker.
"""

from __future__ import annotations

import time
import zlib
from itertools import cycle
from typing import Any

from breakeven.runner.cell import boot
from breakeven.runner.cell.workloads._abc import Sizes, Task, Workload


class Sample(Workload):
    """A workload that tests give the payloads of; it has no length of its own."""

    LENGTH = False

    def __init__(self) -> None:
        super().__init__({}, Sizes(0, 0), 0)


class Times(Sample):
    """Returns the task's payload times three, and fails on a negative one."""

    def open(self) -> Task:
        """Return the task."""
        return _times


def _times(payload: int) -> tuple[int, int]:
    if payload < 0:
        raise ValueError(f"negative: {payload}")
    return payload, 3 * payload


class Identity(Sample):
    """Returns what comes, whatever it is."""

    def open(self) -> Task:
        """Return the task."""
        return _identity


def _identity(payload: Any) -> tuple[int, Any]:
    return 41, payload


class Timed(Sample):
    """Sleeps for 5 ms, and returns when that began and when it ended."""

    def open(self) -> Task:
        """Return the task."""
        return _timed


def _timed(payload: int) -> tuple[int, tuple[int, int]]:
    start = time.perf_counter_ns()
    time.sleep(0.005)
    return payload, (start, time.perf_counter_ns())


class Busy(Sample):
    """Keeps a CPU busy for 50 ms of its own CPU time."""

    def open(self) -> Task:
        """Return the task."""
        return _busy


def _busy(payload: int) -> tuple[int, int]:
    end = time.thread_time_ns() + 50_000_000
    while time.thread_time_ns() < end:
        pass
    return payload, payload


class Adds(Sample):
    """Returns the payload plus one, and the payload as value; it fails at a large one."""

    def inputs(self) -> list[Any]:
        """Return three numbers."""
        return [10, 20, 30]

    def open(self) -> Task:
        """Return the task."""
        return _add


def _add(payload: int) -> tuple[int, int]:
    if payload > 1000:
        raise ValueError(f"too large: {payload}")
    return payload, payload + 1


class Initial(Sample):
    """Returns what the worker was given when it started."""

    def open(self) -> Task:
        """Return the task."""
        return _initial


def _initial(payload: int) -> tuple[int, bytes]:
    return payload, boot.initial_bytes()


class InPlace(Sample):
    """Returns a checksum, and by turns a part of the payload, all of it, or what kind of object it is."""

    def open(self) -> Task:
        """Return the task."""
        turn = cycle(range(3))
        return lambda payload: _seen(next(turn), payload)


def _seen(turn: int, payload: Any) -> tuple[int, Any]:
    kind = type(payload).__name__, getattr(payload, "readonly", None), [payload[:3]]
    return zlib.crc32(payload), (payload[:10], payload, kind)[turn]
