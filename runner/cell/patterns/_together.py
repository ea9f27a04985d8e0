"""Patterns in which workers do something to each other: all begin at the same time, and each answers once."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from time import thread_time_ns
from typing import Any, Optional

from ..inputs import Stock
from ..phases import COMPUTE, WAIT
from ..trace import Recorder
from ._abc import Crew, Job, Knobs, Pattern

_MEET_S = 60
_ANSWER_BYTES = 1024


class Together(Pattern):
    """Every worker takes part once a trial, from when the last one has come on: no workload runs.

    Without a meeting a worker that gets its message first would have done much of its part before another begins.
    """

    ECHOES = True
    ONE_EACH = True
    EQUIPPED = True

    def __init__(self, options: dict[str, Any], knobs: Knobs) -> None:
        super().__init__(options, knobs)
        self.barrier: Any = None

    def equip(self, context: Any) -> None:
        """Make the barrier at which workers meet; a subclass adds what they share."""
        self.barrier = context.Barrier(self.knobs.workers)

    @abstractmethod
    def take_part(self, worker: int, value: int) -> tuple[Any, ...]:
        """Do what a worker does in a trial, and return what it answers.

        Runs in the worker; ``value`` is what the parent says.
        """

    @property
    def margin_bytes(self) -> int:
        """Return the bytes that a worker's answer takes."""
        return _ANSWER_BYTES

    def job(
        self,
        task: Callable[[Any], tuple[int, Any]],
        recorder: Recorder,
        worker: int,
        stock: Optional[Stock] = None,
    ) -> Job:
        """Return what one worker does with its message: it waits for the others, then takes part."""
        del task, stock

        def part(number: int, value: int, payload: Any) -> tuple[int, Any]:
            del number, payload
            self.barrier.wait(_MEET_S)
            recorder.mark(WAIT)
            recorder.inside = True
            before = thread_time_ns()
            answer = self.take_part(worker, value)
            on_cpu_ns = thread_time_ns() - before
            recorder.inside = False
            if recorder.on:
                recorder.computed(-1, on_cpu_ns)
                recorder.mark(COMPUTE)
            return worker, tuple(answer)

        return part

    def gather(self, crew: Crew, value: int = 0) -> list[tuple[Any, ...]]:
        """Send ``value`` to all workers, and return their answers by worker."""
        answers = crew.map([(value, b"")] * self.knobs.workers)
        return [answer for _, answer in sorted(answers, key=lambda each: each[0])]
