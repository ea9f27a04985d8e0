"""Every worker repeats its task for a fixed time: throughput, and how the calls spread over that time."""

from __future__ import annotations

from collections.abc import Callable
from time import thread_time_ns
from typing import Any, ClassVar

from ..errors import WrongResult
from ..phases import COMPUTE
from ..reference import Reference, same
from ..trace import Recorder
from ._abc import Crew, Job, Outcome, Pattern, now

_MOST_RECORDED = 1 << 20


class Window(Pattern):
    """The trial is the window itself: it starts with the order to the workers and ends when the time is over.

    Calls that end within the window count, in the bin of the time they ended; a call that it cuts off does
    not count, in parallel and serial trials alike. Each worker compares its results with its first, and the
    parent compares each worker's last with the serial one.
    """

    OPTIONS: ClassVar[dict[str, str]] = {"bin": "time"}
    IGNORES = frozenset({"tasks"})

    @property
    def _bin_ns(self) -> int:
        return int(self.options["bin"])

    @property
    def _bins(self) -> int:
        return -(-self.knobs.window_ns // self._bin_ns)

    @property
    def margin_bytes(self) -> int:
        """Return the bytes that the counts take in the answer."""
        return 10 * self._bins + 1024

    def most_tasks(self, task_ns: int) -> int:
        """Return twice the calls that fit the window, up to a bound; further calls merge into the last."""
        return min(_MOST_RECORDED, 2 * self.knobs.window_ns // max(task_ns, 1) + 1024)

    def job(self, task: Callable[[Any], tuple[int, Any]], recorder: Recorder, worker: int) -> Job:
        """Return the loop that one worker runs; ``value`` is the time at which the window opened."""

        def traced(payload: Any) -> tuple[int, Any]:
            before = thread_time_ns()
            result = task(payload)
            recorder.computed(-1, thread_time_ns() - before)
            recorder.mark(COMPUTE)
            return result

        def loop(number: int, value: int, payload: Any) -> tuple[int, Any]:
            del number
            counts, wrong, last = self._repeat(traced if recorder.on else task, value, payload)
            return wrong, (worker, counts, last)

        return loop

    def _repeat(
        self, call: Callable[[Any], tuple[int, Any]], start: int, payload: Any
    ) -> tuple[list[int], int, Any]:
        counts, bin_ns, end = [0] * self._bins, self._bin_ns, start + self.knobs.window_ns
        first: Any = None
        wrong = 0
        while now() < end:
            result = call(payload)
            finished = now()
            if finished >= end:
                break
            counts[(finished - start) // bin_ns] += 1
            if first is None:
                first = result
            elif result[0] != first[0] or not same(result[1], first[1]):
                wrong += 1
        return counts, wrong, first

    def serial(self, reference: Reference) -> Outcome:
        """Run the same loop in place."""
        start = now()
        answer = self._repeat(reference.task, start, reference.inputs[0])
        return self._outcome(reference, start, [(answer[1], (0, answer[0], answer[2]))], "a serial trial")

    def parallel(self, reference: Reference, crew: Crew) -> Outcome:
        """Have every worker run the loop."""
        start = now()
        answers = crew.map([(start, reference.inputs[0])] * self.knobs.workers)
        return self._outcome(reference, start, answers, "a parallel trial")

    def _outcome(
        self, reference: Reference, start: int, answers: list[tuple[int, Any]], moment: str
    ) -> Outcome:
        activity = [[0] * self._bins for _ in range(self.knobs.workers)]
        for wrong, (worker, counts, first) in answers:
            if wrong:
                raise WrongResult(
                    f"{wrong} calls of worker {worker} in {moment} returned a different result from its first call"
                )
            if first is not None:
                reference.check([first], moment)
            activity[worker] = [old + new for old, new in zip(activity[worker], counts)]
        calls = sum(map(sum, activity))
        return Outcome(start, start + self.knobs.window_ns, calls, (), tuple(map(tuple, activity)))
