"""Work in loops, whose number is chosen so that a task takes the configured time."""

from __future__ import annotations

from collections.abc import Callable
from statistics import median
from time import perf_counter_ns
from typing import Any

from ._abc import Workload

_LONG_ENOUGH_NS = 20_000  # to be timed: hundreds of steps of the clock
_LONGEST_NS = 20_000_000  # of a call that is timed for its loops; those of a longer task follow from it
_TIMES = 7
_STEPS = 3

Make = Callable[[int], Callable[[], Any]]


class Looped(Workload):
    """A workload whose task does ``amount`` loops."""

    def calibrate(self, task_ns: int) -> int:
        """Return the number of loops."""
        payload = self.inputs()[0]

        def make(loops: int) -> Callable[[], Any]:
            self.amount = loops
            task = self.open()
            return lambda: task(payload)

        return loops_for(task_ns, make)


def loops_for(task_ns: int, make: Make) -> int:
    """Return the number of loops with which the median call of ``make(loops)()`` takes ``task_ns``.

    Loops are doubled until a call is about long enough, then scaled; short calls are timed in batches. A call
    of more than 20 ms gets as many loops more as its length asks, by what a loop takes at 10 and 20 ms.
    """
    length = min(task_ns, _LONGEST_NS)
    batch = max(1, _LONG_ENOUGH_NS // length)
    loops = 1
    while time_call(make(loops), batch, 1) < length / 2:
        loops *= 2
    for _ in range(_STEPS):
        loops = max(1, round(loops * length / time_call(make(loops), batch, _TIMES)))
    return loops if task_ns == length else _extended(loops, task_ns, make)


def _extended(loops: int, task_ns: int, make: Make) -> int:
    """Return the loops for a longer task, by what one takes: the difference of two calls holds nothing else."""
    whole, half = (time_call(make(count), 1, _TIMES) for count in (loops, loops // 2))
    each = (whole - half) / (loops - loops // 2)
    return max(1, round(loops + (task_ns - whole) / each)) if each > 0 else loops


def time_call(call: Callable[[], Any], batch: int, times: int) -> float:
    """Return the length of one call in ns: the median over ``times`` batches."""
    return max(median(_time_batch(call, batch) for _ in range(times)) / batch, 1.0)


def _time_batch(call: Callable[[], Any], batch: int) -> int:
    start = perf_counter_ns()
    for _ in range(batch):
        call()
    return perf_counter_ns() - start
