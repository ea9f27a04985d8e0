"""A task of exactly known length that keeps a CPU busy: the measured length must equal it."""

from __future__ import annotations

from time import perf_counter_ns

from ..owning import own
from ._abc import Task, Workload
from ._resources import CPU


class BusyWait(Workload):
    """Reads the clock until the length of the task is over, and holds the GIL meanwhile.

    The length is wall time: a task that has to wait for its CPU does not take longer.
    """

    BOUND = (CPU,)

    def calibrate(self, task_ns: int) -> int:
        """Return the length as it is: the clock does the rest."""
        return task_ns

    def open(self) -> Task:
        """Return the task."""
        task_ns, answer = own(self.amount), self.answer()

        def busy_wait(payload: bytes) -> tuple[int, bytes]:
            end = perf_counter_ns() + task_ns
            result = answer(payload)
            while perf_counter_ns() < end:
                pass
            return result

        return busy_wait
