"""From what task length, or input size, a mechanism pays off: where its speedups along an axis cross 1."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from breakeven.analysis.verdicts.ranking import Sample, intervals

THROUGHOUT, NEVER, FROM, UP_TO, IN_PART, NOT_DECIDED = PAYS = (
    "throughout",
    "never",
    "from",
    "up to",
    "in part",
    "not decided",
)
"""What a line of speedups shows. ``in part``: it surely pays at some points, and not from or up to one of them."""


class Payoff(NamedTuple):
    """Where a line of speedups crosses 1.

    ``pays`` is one of `PAYS`. For ``from`` and ``up to``, ``paying`` is the point from which, or up to which, it
    surely pays, and ``losing`` the nearest one beyond at which it surely does not (None if there is none); ``crossing``
    is where the line through the estimates is 1 between the two (None if it is nowhere).
    """

    pays: str
    paying: float | None = None
    losing: float | None = None
    crossing: float | None = None

    @property
    def low(self) -> float | None:
        """Return the lower end of the bracket in which the crossing lies."""
        return self.losing if self.pays == FROM else self.paying

    @property
    def high(self) -> float | None:
        """Return the upper end of the bracket."""
        return self.paying if self.pays == FROM else self.losing


def find_payoff(places: Sequence[float], samples: Sequence[Sample]) -> Payoff:
    """Return where speedups cross 1 along ``places``, in ascending order.

    The intervals hold for all of them at once.
    """
    low, high = intervals(samples)
    sides = np.where(low > 0, 1, np.where(high < 0, -1, 0))
    means = np.array([np.log(sample.values).mean() for sample in samples])
    if (sides == 1).all():
        return Payoff(THROUGHOUT)
    if not (sides == 1).any():
        return Payoff(NEVER if (sides == -1).all() else NOT_DECIDED)
    if sides[-1] == 1 and not (sides[: _first_of_the_last(sides)] == 1).any():
        return _cross(FROM, places, sides, means)
    if sides[0] == 1 and not (sides[len(sides) - _first_of_the_last(sides[::-1]) :] == 1).any():
        return _cross(UP_TO, places, sides, means)
    return Payoff(IN_PART)


def _first_of_the_last(sides: NDArray[np.int_]) -> int:
    """Return the first place of the run of 1 at the end."""
    others = np.flatnonzero(sides != 1)
    return int(others[-1]) + 1 if len(others) else 0


def _cross(pays: str, places: Sequence[float], sides: NDArray[np.int_], means: NDArray[np.float64]) -> Payoff:
    """Return the bracket; for ``up to`` the line is read from its other end."""
    order = slice(None) if pays == FROM else slice(None, None, -1)
    x, side, mean = list(places)[order], sides[order], means[order]
    first = _first_of_the_last(side)
    losing = np.flatnonzero(side[:first] == -1)
    last = int(losing[-1]) if len(losing) else None
    within = slice(last or 0, first + 1)
    return Payoff(
        pays,
        paying=float(x[first]),
        losing=None if last is None else float(x[last]),
        crossing=_interpolate(pays, x[within], np.exp(mean[within]).tolist()),
    )


def _interpolate(pays: str, places: Sequence[float], speedups: Sequence[float]) -> float | None:
    """Return the last place at which the line through ``speedups`` is 1; None if it is nowhere.

    What is lost is about as much for each task whatever its length, or for each byte whatever their number: 1 / speedup
    is linear in 1 / length where it pays from a length on, and in the size where it pays up to one.
    """
    x = [1 / place if pays == FROM else place for place in places]
    points = [(place, 1 / speedup) for place, speedup in zip(x, speedups, strict=True)]
    for (start, before), (end, after) in reversed(list(pairwise(points))):
        if before >= 1 > after:
            found = start + (end - start) * (before - 1) / (before - after)
            return 1 / found if pays == FROM else found
    return None
