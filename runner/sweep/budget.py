"""How long a launch may measure: the time that was asked for, or a few times what three rounds take."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import ceil, floor, log10
from time import perf_counter

from breakeven.base.units import format_time

_SPARE = 1.1  # times what is estimated, for a budget that is proposed
_WORTH_SAYING = 0.1  # of the run, from which the time before it is named
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

    def too_short(self, run_seconds: float) -> str:
        """Return why no run was made in the time that was asked for, of which the first takes ``run_seconds``."""
        passed = perf_counter() - self.began
        before = f" after {_about(passed)} of preparation" if passed > _WORTH_SAYING * run_seconds else ""
        return (
            f"the budget of {format_time(self.asked_ns or 0)} is over before the first run, which takes about "
            f"{_about(run_seconds)}{before}; choose a budget of at least {_about(_SPARE * (passed + run_seconds))}"
        )


def _about(seconds: float) -> str:
    """Return a time rounded up to two digits, as it can be typed: ``9.7s``."""
    nanoseconds = max(seconds * 1e9, 1.0)
    step = 10 ** max(floor(log10(nanoseconds)) - 1, 0)
    return format_time(step * ceil(nanoseconds / step))
