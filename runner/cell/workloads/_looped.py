"""Work in loops, whose number is chosen so that a task takes the configured time."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from time import perf_counter_ns
from typing import Any, ClassVar

from ..intervals import median
from ._abc import Task, Workload

_LONG_ENOUGH_NS = 20_000  # to be timed: hundreds of steps of the clock
_LONGEST_NS = 20_000_000  # of a call that is timed for its loops; those of a longer task follow from it
_TIMES = 7
_STEPS = 3
_AGREEING = 3  # timings that must find loops long enough: one may have met other programs
_MOST_OFF = 8  # times that loops found to be long enough can be too short, or they were disturbed: a device is at times faster

Make = Callable[[int], Callable[[], Any]]
Clock = Callable[[], int]


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


class Prepared(Looped):
    """A workload whose worker makes data of its own, which a calibration makes once for all numbers of loops."""

    @abstractmethod
    def prepare(self) -> Any:
        """Return the data of one worker."""

    @abstractmethod
    def bind(self, data: Any) -> Task:
        """Return the task that does ``amount`` loops on ``data``."""

    def open(self) -> Task:
        """Return the task with data of its own."""
        return self.bind(self.prepare())

    def calibrate(self, task_ns: int) -> int:
        """Return the number of loops."""
        payload, data = self.inputs()[0], self.prepare()

        def make(loops: int) -> Callable[[], Any]:
            self.amount = loops
            task = self.bind(data)
            return lambda: task(payload)

        return loops_for(task_ns, make)


class Passes(Prepared):
    """A workload whose loops are the items of a sequence of ``ITEMS``.

    It takes the whole sequence as often as the amount holds it, then a part.
    """

    ITEMS: ClassVar[int]

    @abstractmethod
    def step(self) -> Callable[[Any], int]:
        """Return the function that does the work on a sequence and returns a number that shows that it was done."""

    def bind(self, data: Any) -> Task:
        """Return the task."""
        passes, rest = divmod(self.amount, self.ITEMS)
        part = data[:rest]
        answer, step = self.answer(), self.step()

        def take(payload: bytes) -> tuple[int, bytes]:
            check, back = answer(payload)
            for _ in range(passes):
                check += step(data)
            return check + step(part), back

        return take


def loops_for(task_ns: int, make: Make, clock: Clock = perf_counter_ns) -> int:
    """Return the number of loops with which the median call of ``make(loops)()`` takes ``task_ns``.

    What a call without loops takes is subtracted. Loops are doubled until they are about long enough, then scaled;
    short calls are timed in batches. Loops of more than 20 ms are not timed: they follow from fewer.
    """
    batch = max(1, _LONG_ENOUGH_NS // task_ns)
    wanted = task_ns - time_call(make(0), batch, _TIMES, clock)
    length, base = min(wanted, _LONGEST_NS), task_ns - wanted
    if wanted <= 0:
        return 1
    loops = 1
    while not _take(make(loops), base + length / 2, batch, clock):
        loops *= 2
    for _ in range(_STEPS):
        taken = max(time_call(make(loops), batch, _TIMES, clock) - base, length / _MOST_OFF)
        loops = max(1, round(loops * length / taken))
    return max(1, round(loops * wanted / length))


def _take(call: Callable[[], Any], least_ns: float, batch: int, clock: Clock) -> bool:
    """Return whether a call takes so long each time, not only while others had the CPU; one that does not ends it."""
    return all(time_call(call, batch, 1, clock) >= least_ns for _ in range(_AGREEING))


def time_call(call: Callable[[], Any], batch: int, times: int, clock: Clock = perf_counter_ns) -> float:
    """Return the length of one call in ns: the median over ``times`` batches."""
    return max(median(_time_batch(call, batch, clock) for _ in range(times)) / batch, 1.0)


def _time_batch(call: Callable[[], Any], batch: int, clock: Clock) -> int:
    start = clock()
    for _ in range(batch):
        call()
    return clock() - start
