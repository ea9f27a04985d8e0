"""A fixed number of tasks, spread over the workers: strong scaling."""

from __future__ import annotations

from ..reference import Reference
from ._abc import Crew, Outcome, Pattern, now


class Map(Pattern):
    """All tasks are handed out and all results collected; the clock stops at the last result.

    Results are kept until then and checked afterwards, in both kinds of trial.
    """

    IGNORES = frozenset({"window_ns"})

    def serial(self, reference: Reference) -> Outcome:
        """Call the task for one payload after the other."""
        items, task = reference.items(self.knobs.tasks), reference.task
        start = now()
        results = [task(payload) for payload in items]
        end = now()
        reference.check(results, "a serial trial")
        return Outcome(start, end, len(results))

    def parallel(self, reference: Reference, crew: Crew) -> Outcome:
        """Spread the payloads over the workers."""
        items = [(0, payload) for payload in reference.items(self.knobs.tasks)]
        start = now()
        results = crew.map(items)
        end = now()
        reference.check(results, "a parallel trial")
        return Outcome(start, end, len(results))
