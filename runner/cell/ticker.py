"""Ticks at fixed times, as an event loop has them that draws a window: how late each is served."""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter_ns, sleep
from typing import Any

_NEVER = 1 << 63


class Ticker:
    """``number`` ticks, one every ``period_ns`` from ``start_ns`` on.

    How late a tick is counts from the time at which it was due, and one that is late moves none of the others (no
    coordinated omission): what holds the thread up for three periods makes three ticks late.
    """

    def __init__(self, start_ns: int, period_ns: int, number: int) -> None:
        self.start_ns = start_ns
        self.period_ns = period_ns
        self.late_ns: list[int] = []
        self._number = number
        self._due_ns = start_ns + period_ns if number else _NEVER

    @property
    def over(self) -> bool:
        """Return whether all ticks were served."""
        return len(self.late_ns) == self._number

    @property
    def wait_s(self) -> float:
        """Return how long it is until the next tick; 0 if one is due."""
        return max(self._due_ns - perf_counter_ns(), 0) / 1e9

    def serve(self, at_ns: int) -> None:
        """Serve every tick that is due at a reading of the clock."""
        while self._due_ns <= at_ns:
            self.late_ns.append(at_ns - self._due_ns)
            self._due_ns = _NEVER if self.over else self._due_ns + self.period_ns

    def keep(self) -> None:
        """Wait for tick after tick and serve each, until all are over."""
        while not self.over:
            sleep(self.wait_s)
            self.serve(perf_counter_ns())

    def served_after(self, call: Callable[[Any], tuple[int, Any]]) -> Callable[[Any], tuple[int, Any]]:
        """Return ``call``, after which the thread serves what is due, as a program without workers does."""

        def called(payload: Any) -> tuple[int, Any]:
            result = call(payload)
            self.serve(perf_counter_ns())
            return result

        return called
