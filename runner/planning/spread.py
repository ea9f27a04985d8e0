"""Mean and spread of values that come one by one."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt


@dataclass
class Spread:
    """The mean and standard deviation of the values so far, none of which is kept.

    B. Welford, *Note on a method for calculating corrected sums of squares and products*, Technometrics 4, 1962.
    """

    count: int = 0
    mean: float = 0.0
    _squares: float = 0.0

    def add(self, value: float) -> None:
        """Add a value."""
        self.count += 1
        off = value - self.mean
        self.mean += off / self.count
        self._squares += off * (value - self.mean)

    @property
    def deviation(self) -> float:
        """Return the standard deviation of a sample of two values or more."""
        return sqrt(self._squares / (self.count - 1))
