"""Waits for the moments at which messages are due."""

from __future__ import annotations

from time import perf_counter_ns, sleep

from .named import NamedTuple

_SPUN_NS = 100_000  # a sleep ends so much too late at times


class Schedule(NamedTuple):
    """Moments at equal distances: they were chosen before, so what is late for one does not move the next."""

    start_ns: int
    interval_ns: float

    def due(self, number: int) -> int:
        """Return when message ``number`` is due."""
        return self.start_ns + round(number * self.interval_ns)


def sleep_until(due_ns: int) -> None:
    """Sleep until the clock of the host says ``due_ns``, and as much longer as it takes to be woken."""
    left = due_ns - perf_counter_ns()
    if left > 0:
        sleep(left / 1e9)


def spin_until(due_ns: int) -> None:
    """Wait in the same way, but look at the clock at the end, so that waking up makes nothing late.

    A thread whose GIL others need must sleep instead.
    """
    left = due_ns - perf_counter_ns() - _SPUN_NS
    if left > 0:
        sleep(left / 1e9)
    while perf_counter_ns() < due_ns:
        pass


async def await_until(due_ns: int) -> None:
    """Let the other tasks of the loop run until ``due_ns``, and as much longer as they take."""
    from asyncio import sleep as pause  # noqa: PLC0415  # takes tens of milliseconds, where there is no loop

    left = due_ns - perf_counter_ns()
    while left > 0:
        await pause(left / 1e9)
        left = due_ns - perf_counter_ns()
