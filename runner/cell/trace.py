"""Recording of spans at the price of one clock read and two stores.

A thread's phases follow one another without a gap, so one mark at the end of each is enough: a phase starts
where the previous one ended. A span thus costs one clock reading, not two, and a thread's phases cannot
overlap. Marks go into the lane's preallocated memory; nothing is collected or converted before the trial is
over.

The clock is read in seconds, as a float: making and storing one costs 20 ns less than a whole number of ns. It is exact
to the ns until the clock, which counts from the boot, shows 26 days (2**51 ns), and to 4 ns after a year, a tenth of
what a reading takes.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from time import perf_counter
from typing import Any

from .board import COMPUTED, DROPPED, Lane

Mark = Callable[[int], Any]

_PLACES = tuple(range(256))  # whole numbers that the interpreter need not make


def _ignore(phase: int) -> None:
    """Replace `Recorder.mark` in an untraced trial: do nothing."""


def _marking(lane: Lane) -> Generator[None, int, None]:
    """Store a code and a time for each phase sent in; a full lane merges further phases into its last mark.

    A generator, because resuming one costs less than calling a function with as much state, and because a
    second thread that marks in the same lane fails at once (ValueError) instead of silently garbling the
    trace.
    """
    clock = perf_counter
    last = len(lane.stamps) - 1
    for begin in range(0, last, len(_PLACES)):
        end = min(begin + len(_PLACES), last)
        codes, stamps = lane.codes[begin:end], lane.stamps[begin:end]
        for place in _PLACES[: end - begin]:
            codes[place] = yield
            stamps[place] = clock()
    while True:
        lane.codes[last] = yield
        lane.stamps[last] = clock()
        lane.header[DROPPED] += 1


class Recorder:
    """Marks the phases of one thread.

    ``mark(phase)`` records that ``phase`` ends now. It is an attribute, replaced at the start of each trial:
    in an untraced one it does nothing. While ``inside`` a task, messages are those of the task, not of ours.
    """

    def __init__(self, lane: Lane) -> None:
        self.lane = lane
        self.on = False
        self.inside = False
        self.mark: Mark = _ignore

    def arm(self, traced: bool) -> None:
        """Begin a trial, with an empty lane."""
        self.on = traced
        self.inside = False
        if not traced:
            self.mark = _ignore
            return
        marking = _marking(self.lane)
        next(marking)
        self.mark = marking.send

    def computed(self, task: int, on_cpu_ns: int) -> None:
        """Record which task the next compute mark belongs to, and its time on a CPU."""
        header = self.lane.header
        place = min(header[COMPUTED], len(self.lane.tasks) // 2 - 1)
        self.lane.tasks[2 * place] = task
        self.lane.tasks[2 * place + 1] = on_cpu_ns
        header[COMPUTED] = place + 1


def clear(lane: Lane, marks: int) -> None:
    """Empty a lane that holds ``marks`` marks, before the next traced trial."""
    lane.codes[:marks] = bytes(marks)
    lane.header[DROPPED] = lane.header[COMPUTED] = 0


def count_marks(lane: Lane) -> int:
    """Return the number of marks in a lane."""
    found = bytes(lane.codes).find(b"\0")
    return len(lane.codes) if found < 0 else found
