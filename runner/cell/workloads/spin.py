"""Pure-Python arithmetic of a calibrated length: it holds the GIL and touches almost no memory."""

from __future__ import annotations

from ..owning import own
from ._abc import Task
from ._looped import Looped
from ._resources import CPU


class Spin(Looped):
    """A linear congruential generator stepped a fixed number of times."""

    BOUND = (CPU,)

    def open(self) -> Task:
        """Return the task."""
        loops, answer = own(self.amount), self.answer()
        constants = own(1103515245), own(12345), own(0x7FFFFFFF)

        def spin(payload: bytes) -> tuple[int, bytes]:
            check, back = answer(payload)
            factor, increment, mask = constants
            for _ in range(loops):
                check = (check * factor + increment) & mask
            return check, back

        return spin
