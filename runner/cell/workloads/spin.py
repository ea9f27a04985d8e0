"""Pure-Python arithmetic of a calibrated length: it holds the GIL and touches almost no memory."""

from __future__ import annotations

from ._abc import Task
from ._looped import Looped


class Spin(Looped):
    """A linear congruential generator stepped a fixed number of times."""

    def open(self) -> Task:
        """Return the task."""
        loops, answer = self.amount, self.answer()

        def spin(payload: bytes) -> tuple[int, bytes]:
            check, back = answer(payload)
            for _ in range(loops):
                check = (check * 1103515245 + 12345) & 0x7FFFFFFF
            return check, back

        return spin
