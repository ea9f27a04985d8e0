"""Workers compute and note when they are interrupted: for how long each runs until it must let others run."""

from __future__ import annotations

from array import array
from collections.abc import Callable
from itertools import chain
from time import perf_counter_ns, thread_time_ns
from typing import Any, ClassVar, Optional

from ..inputs import Stock
from ..intervals import percentile
from ..named import NamedTuple
from ..owning import own
from ..phases import COMPUTE
from ..reference import Reference
from ..spaces import BY_HANDLE
from ..trace import Recorder
from ._abc import Crew, Job, Observation, Outcome, Pattern, Quantity, now

P50, P99, MAX = "run_p50_ns", "run_p99_ns", "run_max_ns"
SWITCHES, FAIRNESS = "switches_per_s", "fairness_share"

TURN = 500
"""Readings of the clock in one turn, the unit of the work that is counted: some 30 us."""

_MOST_KEPT = 1 << 16


class Notes(NamedTuple):
    """What one worker saw of its window: turns, and how long they took from its opening; time that it ran; its runs.

    ``runs`` are the lengths of those that an interruption ended, in ns, as bytes; ``ran_ns`` includes the one that the
    window's end cut off.
    """

    turns: int
    busy_ns: int
    ran_ns: int
    runs: bytes


class Switching(Pattern):
    """Every worker reads the clock again and again until the window is over; no workload runs.

    Two readings that are ``gap`` or more apart are an interruption: another thread took the GIL, or the system the CPU.
    Between two of them the worker ran. The loop keeps a number for each interruption and sends it when the window is
    over. A run that the window's end cuts off counts if it is the only one, as in most processes.
    """

    OPTIONS: ClassVar[dict[str, str]] = {"gap": "time"}
    IGNORES = frozenset({"tasks", "trial_ns", "task_ns", "payload_bytes", "payload_out_bytes"})
    ECHOES = True
    ONE_EACH = True
    SPACES = BY_HANDLE
    QUANTITIES = (
        Quantity(P50, "how long a worker ran without interruption, median over runs"),
        Quantity(P99, "how long 99 % of the runs were at most"),
        Quantity(MAX, "how long the longest was"),
        Quantity(SWITCHES, "interruptions of all workers a second; a trial without any counts half a one"),
        Quantity(FAIRNESS, "time that the worker ran which ran least, by the mean of all: 1 is fair"),
    )

    @property
    def margin_bytes(self) -> int:
        """Return the bytes that the runs take in the answer."""
        return 8 * self._most + 1024

    @property
    def _gap_ns(self) -> int:
        return int(self.options["gap"])

    @property
    def _most(self) -> int:
        """Return how many interruptions fit the window, up to a bound; each is at least a gap long."""
        return min(self.knobs.window_ns // self._gap_ns + 1, _MOST_KEPT)

    def job(
        self,
        task: Callable[[Any], tuple[int, Any]],
        recorder: Recorder,
        worker: int,
        stock: Optional[Stock] = None,
    ) -> Job:
        """Return the loop that one worker runs; ``value`` is the time at which the window opened."""
        del stock

        def loop(number: int, value: int, payload: Any) -> tuple[int, Any]:
            before = thread_time_ns()
            notes = self._compute(value)
            if recorder.on:
                recorder.computed(number, thread_time_ns() - before)
                recorder.mark(COMPUTE)
            return worker, (tuple(notes), task(payload))

        return loop

    def _compute(self, start: int) -> Notes:
        """Read the clock until the window is over, for one turn at least, and note how long each run was.

        On a busy machine a worker may only be served when the window is over.
        """
        runs, most, far = array("q"), own(self._most), own(self._gap_ns)
        end, turn, clock = own(start + self.knobs.window_ns), range(own(TURN)), perf_counter_ns
        turns = ran = 0
        began = last = clock()
        while last < end or not turns:
            for _ in turn:
                read = clock()
                if read - last >= far:
                    ran += last - began
                    if len(runs) < most:
                        runs.append(last - began)
                    began = read
                last = read
            turns += 1
        return Notes(turns, last - start, ran + last - began, runs.tobytes())

    def serial(self, reference: Reference) -> Outcome:
        """Run the same loop in place."""
        start = now()
        notes = self._compute(start)
        return self._outcome(
            reference, start, [(tuple(notes), reference.task(reference.inputs.shared))], "a serial trial"
        )

    def parallel(self, reference: Reference, crew: Crew) -> Outcome:
        """Let every worker run the loop."""
        start = now()
        answers = crew.map([(start, reference.inputs.shared)] * self.knobs.workers)
        return self._outcome(reference, start, [answer for _, answer in answers], "a parallel trial")

    def _outcome(self, reference: Reference, start: int, answers: list[Any], moment: str) -> Outcome:
        found = [Notes(*notes) for notes, _ in answers]
        for _, echoed in answers:
            reference.check([echoed], moment)
        turns, rate = sum(one.turns for one in found), sum(one.turns / one.busy_ns for one in found)
        return Outcome(start, start + round(turns / rate), turns, observations=observe(found))


def observe(found: list[Notes]) -> tuple[Observation, ...]:
    """Return what the notes of all workers come to."""
    parts = [array("q", one.runs) for one in found]
    runs = list(chain.from_iterable(part or [one.ran_ns] for part, one in zip(parts, found)))
    ran = [one.ran_ns for one in found]
    times = {P50: percentile(runs, 0.5), P99: percentile(runs, 0.99), MAX: max(runs)}
    interruptions = sum(map(len, parts)) or 0.5
    longest = max(one.busy_ns for one in found)
    return (
        *(Observation(name, max(value, 1)) for name, value in times.items()),
        Observation(SWITCHES, interruptions * 1e9 / longest),
        Observation(FAIRNESS, min(ran) * len(ran) / max(sum(ran), 1)),
    )
