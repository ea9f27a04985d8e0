"""Waiting that needs no CPU and holds no GIL: what blocking input and output looks like."""

from __future__ import annotations

from time import sleep as pause

from ._abc import Task, Workload
from ._looped import time_call

_SHORT_NS = 1_000_000
_TIMES = 15


class Sleep(Workload):
    """Sleeps so long that the whole task has its length: the system wakes a sleeper later than asked."""

    seconds = 0.0

    def calibrate(self, task_ns: int) -> None:
        """Take the median delay of waking off the length asked for; it does not grow with the length."""
        short = min(task_ns, _SHORT_NS)
        late = time_call(lambda: pause(short / 1e9), 1, _TIMES) - short
        self.seconds = max(task_ns - late, 0) / 1e9

    def open(self) -> Task:
        """Give the task."""
        seconds, answer = self.seconds, self.answer()

        def sleep(payload: bytes) -> tuple[int, bytes]:
            pause(seconds)
            return answer(payload)

        return sleep
