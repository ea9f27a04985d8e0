"""Computing for a share of the task and waiting for the rest of it, as a service does.

Bound by the CPU and by waiting.
"""

from __future__ import annotations

from time import sleep as pause
from typing import ClassVar

from ._abc import LoopTask, Task, Workload
from ._resources import CPU, WAITING
from .spin import Spin

_LATE_NS = 60_000  # after which Linux wakes a sleeper: the slack of its timers, 50 us, and the wake-up


class Mixed(Workload):
    """Does ``amount`` loops of `Spin`, then sleeps for what is left of the task's length.

    The sleep is as long however long the loops take: what waits for a CPU or for the GIL takes longer.
    """

    OPTIONS: ClassVar[dict[str, str]] = {"cpu": "share"}
    BOUND = (CPU, WAITING)
    RELEASES_GIL = True

    def calibrate(self, task_ns: int) -> int:
        """Return the number of loops in the part that computes."""
        self.task_ns = task_ns
        return self._spin().calibrate(max(round(task_ns * self._share), 1))

    def open(self) -> Task:
        """Return the task."""
        compute, seconds = self._computing(), self._seconds()

        def mixed(payload: bytes) -> tuple[int, bytes]:
            result = compute(payload)
            pause(seconds)
            return result

        return mixed

    def open_on_loop(self) -> LoopTask:
        """Return the task that awaits `asyncio.sleep`."""
        import asyncio  # noqa: PLC0415  # the event loop has loaded it

        compute, seconds, wait = self._computing(), self._seconds(), asyncio.sleep

        async def mixed(payload: bytes) -> tuple[int, bytes]:
            result = compute(payload)
            await wait(seconds)
            return result

        return mixed

    @property
    def _share(self) -> float:
        return float(self.options.get("cpu", 1 / 2))

    def _spin(self) -> Spin:
        return Spin({}, self.sizes, self.seed)

    def _computing(self) -> Task:
        spin = self._spin()
        spin.amount = self.amount
        return spin.open()

    def _seconds(self) -> float:
        return max(self.task_ns * (1 - self._share) - _LATE_NS, 0) / 1e9
