"""A fixed number of tasks, spread over the workers: strong scaling."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..reference import Reference
from ._abc import Crew, Outcome, Pattern, now

CarryOut = Callable[[list[tuple[int, Any]]], list[tuple[int, Any]]]


class Map(Pattern):
    """All tasks are handed out and all results collected; the clock stops at the last result.

    Results are kept until then and checked afterwards, in both kinds of trial. If each task needs a fresh input
    and memory does not hold that of all, the tasks come in batches, and the clock stands still between them; a
    traced trial, whose spans fill its time, is then one batch.
    """

    IGNORES = frozenset({"window_ns"})

    def serial(self, reference: Reference) -> Outcome:
        """Call the task for one payload after the other."""
        task = reference.task
        return self._batches(
            reference, "a serial trial", lambda items: [task(payload) for _, payload in items]
        )

    def parallel(self, reference: Reference, crew: Crew) -> Outcome:
        """Spread the payloads over the workers."""
        return self._batches(reference, "a parallel trial", crew.map, one=crew.recorder.on)

    def _batches(
        self, reference: Reference, moment: str, carry_out: CarryOut, *, one: bool = False
    ) -> Outcome:
        bounds, done = [], 0
        for payloads in reference.inputs.batches(self.knobs.tasks, self.knobs.workers):
            items = [(0, payload) for payload in payloads]
            start = now()
            results = carry_out(items)
            bounds.append((start, now()))
            reference.check(results, moment, done)
            done += len(results)
            if one:
                break
        return Outcome(bounds[0][0], bounds[-1][1], done, busy_ns=sum(end - start for start, end in bounds))
