"""Work in loops, whose number is chosen so that a task takes the configured time."""

from __future__ import annotations

from collections.abc import Callable
from statistics import median
from time import perf_counter_ns
from typing import Any

from ._abc import Workload

_LONG_ENOUGH_NS = 20_000  # to be timed: hundreds of steps of the clock
_TIMES = 7
_STEPS = 3


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
    """Return the number of loops with which the median call of ``make(loops)()`` takes ``task_ns``.

    Loops are doubled until a call is about long enough, then scaled; short calls are timed in batches.
    """
    batch = max(1, _LONG_ENOUGH_NS // task_ns)
    loops = 1
    while time_call(make(loops), batch, 1) < task_ns / 2:
        loops *= 2
    for _ in range(_STEPS):
        loops = max(1, round(loops * task_ns / time_call(make(loops), batch, _TIMES)))
    return loops


def time_call(call: Callable[[], Any], batch: int, times: int) -> float:
    """Return the length of one call in ns: the median over ``times`` batches."""
    return max(median(_time_batch(call, batch) for _ in range(times)) / batch, 1.0)


def _time_batch(call: Callable[[], Any], batch: int) -> int:
    start = perf_counter_ns()
    for _ in range(batch):
        call()
    return perf_counter_ns() - start
