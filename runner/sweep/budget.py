"""How long a launch may measure: the time that was asked for, or a few times what three rounds take."""

from __future__ import annotations

from dataclasses import dataclass, field
from time import perf_counter

DEFAULT_ROUNDS = 9
"""Without a budget, the time of so many rounds of all cells that are not decided: three times that of three rounds."""


@dataclass
class Budget:
    """The time of one launch: ``asked_ns`` is None for the default and 0 for no limit.

    The default is counted in runs of cells whose rounds end by a rule; what was asked for is time on the clock.
    """

    asked_ns: int | None
    began: float = field(default_factory=perf_counter)
    spent: float = 0.0

    def left(self, round_seconds: float) -> float | None:
        """Return the seconds left if a round of all cells takes ``round_seconds``; None for no limit."""
        if self.asked_ns == 0:
            return None
        if self.asked_ns is not None:
            return self.asked_ns / 1e9 - (perf_counter() - self.began)
        return DEFAULT_ROUNDS * round_seconds - self.spent
