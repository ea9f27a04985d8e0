"""Waiting that needs no CPU and holds no GIL: what input and output looks like, blocking or awaited."""

from __future__ import annotations

from time import sleep as pause

from ._abc import LoopTask, Task, Workload
from ._looped import time_call
from ._resources import WAITING

_LONGEST_NS = 50_000_000
_TOTAL_NS = 150_000_000
_FEWEST, _MOST = 3, 15


class Sleep(Workload):
    """Sleeps a little less than the task's length, since the system wakes a sleeper late."""

    BOUND = (WAITING,)
    RELEASES_GIL = True

    def calibrate(self, task_ns: int) -> int:
        """Return the time to sleep, in ns: the configured length without the median delay of waking.

        The delay depends on how long the CPU was idle, so it is measured with sleeps of that length, up to a
        limit.
        """
        length = min(task_ns, _LONGEST_NS)
        times = max(_FEWEST, min(_MOST, _TOTAL_NS // length))
        late = time_call(lambda: pause(length / 1e9), 1, times) - length
        return max(task_ns - round(late), 0)

    def open(self) -> Task:
        """Return the task."""
        seconds, answer = self.amount / 1e9, self.answer()

        def sleep(payload: bytes) -> tuple[int, bytes]:
            pause(seconds)
            return answer(payload)

        return sleep

    def open_on_loop(self) -> LoopTask:
        """Return the task that awaits `asyncio.sleep`.

        The loop's timers are those of its selector, a millisecond apart.
        """
        import asyncio  # noqa: PLC0415  # the event loop has loaded it

        seconds, answer, wait = self.amount / 1e9, self.answer(), asyncio.sleep

        async def sleep(payload: bytes) -> tuple[int, bytes]:
            await wait(seconds)
            return answer(payload)

        return sleep
