"""Work that is a number of loops, found so that a task has the length asked for."""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter_ns
from typing import Any

from ._abc import Workload


class Looped(Workload):
    """A workload whose task does ``loops`` loops."""

    loops = 1

    def calibrate(self, task_ns: int) -> None:
        """Set the number of loops."""
        payload = self.inputs()[0]

        def make(loops: int) -> Callable[[], Any]:
            self.loops = loops
            task = self.open()
            return lambda: task(payload)

        self.loops = loops_for(task_ns, make)


def loops_for(task_ns: int, make: Callable[[int], Callable[[], Any]]) -> int:
    """Find the number of loops with which ``make(loops)()`` takes ``task_ns``.

    Loops are doubled until a call is long enough to time, then scaled; the best of a few calls counts, since what
    disturbs a call only makes it longer.
    """
    long_enough = max(task_ns // 2, 20_000)
    loops = 1
    taken = _best(make(loops))
    while taken < long_enough:
        loops *= 2
        taken = _best(make(loops))
    for _ in range(3):
        loops = max(1, round(loops * task_ns / taken))
        taken = _best(make(loops))
    return loops


def _best(call: Callable[[], Any], times: int = 5) -> int:
    return min(_time(call) for _ in range(times))


def _time(call: Callable[[], Any]) -> int:
    start = perf_counter_ns()
    call()
    return perf_counter_ns() - start
