"""Waiting that needs no CPU and holds no GIL: what blocking input and output looks like."""

from __future__ import annotations

from time import sleep as pause

from ._abc import Task, Workload


class Sleep(Workload):
    """Sleeps for the length of the task."""

    seconds = 0.0

    def calibrate(self, task_ns: int) -> None:
        """Take the length as it is: the clock does the rest."""
        self.seconds = task_ns / 1e9

    def open(self) -> Task:
        """Give the task."""
        seconds, answer = self.seconds, self.answer()

        def sleep(payload: bytes) -> tuple[int, bytes]:
            pause(seconds)
            return answer(payload)

        return sleep
