"""From where on speedups along a line lie above 1, as far as their intervals show it."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

FROM, UP_TO, THROUGHOUT, NOWHERE, UNDECIDED, HERE_AND_THERE = (
    "from",
    "up to",
    "throughout",
    "nowhere",
    "undecided",
    "here and there",
)

NO_GAIN = 1.05
"""If no interval reaches farther, nothing is gained that is worth it: the band of the verdicts."""


class Line(NamedTuple):
    """Speedups with their intervals at ``places`` in ascending order; what was not measured is NaN."""

    places: Floats
    values: Floats
    lows: Floats
    highs: Floats

    def known(self) -> Line:
        """Return the part that was measured."""
        found = np.isfinite(self.values)
        return Line(*(column[found] for column in self))

    def sides(self) -> NDArray[np.int_]:
        """Return 1 where something is gained, -1 where something is lost, 0 where the intervals do not tell.

        A gain that is surely less than the band is none.
        """
        return np.where((self.lows > 1) & (self.highs > NO_GAIN), 1, np.where(self.highs < 1, -1, 0))


@dataclass(frozen=True)
class Pays:
    """Where a line pays: the kind, and for `FROM` and `UP_TO` where it passes 1.

    ``at`` is where the estimates do, NaN if no clear loss was measured; ``low`` and ``high`` are the ends of the band
    in which it lies: where the upper and the lower ends of the intervals do.
    """

    kind: str
    at: float = np.nan
    low: float = np.nan
    high: float = np.nan


def where_it_pays(line: Line) -> Pays:
    """Return where ``line`` pays."""
    line = line.known()
    sides = line.sides()
    decided = sides[sides != 0]
    if not (sides > 0).any():
        gains_nothing = len(sides) > 0 and bool((line.highs <= NO_GAIN).all())
        return Pays(NOWHERE if gains_nothing else UNDECIDED)
    if (sides > 0).all():
        return Pays(THROUGHOUT)
    changes = np.flatnonzero(np.diff(decided))
    if len(changes) > 1:
        return Pays(HERE_AND_THERE)
    if len(changes) == 1:
        starts = bool(decided[-1] > 0)
        return _passes(line, sides) if starts else _mirrored(line, sides)
    return _without_a_loss(line, sides)


def _passes(line: Line, sides: NDArray[np.int_]) -> Pays:
    """Return where a line passes 1 upwards, between its last clear loss and the first clear gain after it."""
    start = int(np.flatnonzero(sides < 0)[-1])
    stop = start + int(np.flatnonzero(sides[start:] > 0)[0])
    part = Line(*(column[start : stop + 1] for column in line))
    ends = (crossings(part.places, column) for column in (part.values, part.highs, part.lows))
    estimate, first, last = ends
    return Pays(FROM, estimate[-1], first[0], last[-1])


def _mirrored(line: Line, sides: NDArray[np.int_]) -> Pays:
    """Return where a line passes 1 downwards."""
    found = _passes(Line(*(column[::-1] for column in line)), sides[::-1])
    return Pays(UP_TO, found.at, found.high, found.low)


def _without_a_loss(line: Line, sides: NDArray[np.int_]) -> Pays:
    """Return from where on, or up to where, gains are clear beside places where the intervals do not tell."""
    unclear = np.flatnonzero(sides == 0)
    if sides[-1] > 0:
        return Pays(FROM, low=line.places[0], high=line.places[unclear[-1] + 1])
    if sides[0] > 0:
        return Pays(UP_TO, low=line.places[unclear[0] - 1], high=line.places[-1])
    return Pays(HERE_AND_THERE)


def crossings(places: Floats, values: Floats) -> list[float]:
    """Return where ``values`` pass 1, interpolated between neighbours in the logarithms of both."""
    logs = np.log(values)
    return [
        _between(places[one], places[other], logs[one] / (logs[one] - logs[other]))
        for one, other in pairwise(range(len(places)))
        if (logs[one] > 0) != (logs[other] > 0)
    ]


def _between(one: float, other: float, share: float) -> float:
    """Return the place at ``share`` of the way; a payload of 0 has no logarithm."""
    if one > 0 and other > 0:
        return float(one * (other / one) ** share)
    return float(one + (other - one) * share)
