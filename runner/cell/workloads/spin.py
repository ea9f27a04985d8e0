"""Pure-Python arithmetic of a calibrated length: it holds the GIL and touches almost no memory."""

from __future__ import annotations

from typing import Any

from ._abc import Task, Workload, loops_for


class Spin(Workload):
    """A linear congruential generator stepped a fixed number of times."""

    loops = 1

    def calibrate(self, task_ns: int) -> None:
        """Set the number of steps."""
        payload = self.inputs()[0]

        def make(loops: int) -> Any:
            self.loops = loops
            task = self.open()
            return lambda: task(payload)

        self.loops = loops_for(task_ns, make)

    def open(self) -> Task:
        """Give the task."""
        loops, answer = self.loops, self.answer()

        def spin(payload: bytes) -> tuple[int, bytes]:
            check, back = answer(payload)
            for _ in range(loops):
                check = (check * 1103515245 + 12345) & 0x7FFFFFFF
            return check, back

        return spin
