"""What is asked of workers and channel in one trial."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from time import perf_counter_ns, thread_time_ns
from typing import Any, ClassVar, NamedTuple, Protocol

from ..phases import COMPUTE
from ..reference import Reference
from ..trace import Recorder

Job = Callable[[int, int, Any], "tuple[int, Any]"]


class Knobs(NamedTuple):
    """The cell's sizes that patterns go by."""

    workers: int
    tasks: int
    window_ns: int


class Outcome(NamedTuple):
    """What one trial gave.

    Clock readings bound the timed part. ``latencies_ns`` holds a round trip for each message (pingpong);
    ``activity`` the calls per bin of each worker (window).
    """

    start_ns: int
    end_ns: int
    tasks: int
    latencies_ns: tuple[int, ...] = ()
    activity: tuple[tuple[int, ...], ...] = ()


class Crew(Protocol):
    """What a pattern needs of the workers, whatever their model: see `runner.cell.models.Model`."""

    recorder: Recorder

    def map(self, items: list[tuple[int, Any]]) -> list[tuple[int, Any]]:
        """Have every ``(value, payload)`` performed; give the results in the order of the items."""

    def exchange(self, item: tuple[int, Any]) -> tuple[int, Any]:
        """Have one item performed and wait for it."""


class Pattern(ABC):
    """One way of using workers. ``IGNORES`` names the cell's knobs without effect; ``ECHOES`` that it does no work."""

    OPTIONS: ClassVar[dict[str, str]] = {}
    IGNORES: frozenset[str] = frozenset()
    ECHOES = False

    def __init__(self, options: dict[str, Any], knobs: Knobs) -> None:
        self.options = options
        self.knobs = knobs

    def job(self, task: Callable[[Any], tuple[int, Any]], recorder: Recorder, worker: int) -> Job:
        """Return what a worker does with one message; by default the task, once."""
        del worker

        def once(number: int, value: int, payload: Any) -> tuple[int, Any]:
            del value
            if not recorder.on:
                return task(payload)
            before = thread_time_ns()
            result = task(payload)
            recorder.computed(number, thread_time_ns() - before)
            recorder.mark(COMPUTE)
            return result

        return once

    def most_tasks(self, task_ns: int) -> int:
        """Return how many tasks one worker may come to do in a trial when a task takes ``task_ns``."""
        del task_ns
        return self.knobs.tasks

    @property
    def margin_bytes(self) -> int:
        """Return how much larger than a payload a message of this pattern may be."""
        return 0

    @abstractmethod
    def serial(self, reference: Reference) -> Outcome:
        """Do the same work in place, on one thread, and check it: the baseline."""

    @abstractmethod
    def parallel(self, reference: Reference, crew: Crew) -> Outcome:
        """Have the workers do it, and check every result."""


def now() -> int:
    """Read the clock that all processes of a host share, in ns."""
    return perf_counter_ns()
