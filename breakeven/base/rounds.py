"""When a cell has enough rounds, and the level at which its interval is then reported.

With ``rounds=auto`` a cell gets fresh processes until Student's interval of the mean of their logarithms is as
narrow as its precision asks. Whoever stops as soon as an interval is narrow stops where it is narrow by chance,
and such intervals miss the truth more often than they claim. So the rule looks at few, growing numbers of rounds,
fixed beforehand, asks each time for an interval of a higher level, and reports that level after the first look (a
group sequential design after S. Pocock, *Group sequential methods in the design and analysis of clinical trials*,
Biometrika 64, 1977). It never looks at where an interval lies, so it favours no verdict. `benchmarks/rounds` shows
what it covers.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from math import ceil, inf, log1p, sqrt
from statistics import stdev

FIRST_LOOK = 5
MOST_FAILURES = 3
"""A cell of which so many runs failed gets no further rounds."""

LEVEL, LATER_LEVEL = 0.95, 0.975
_EARLY = (FIRST_LOOK, 6, 8, 10, 13, 17, 22, 30)
_GROWTH = 4 / 3
_MOST = 100_000


def _looks() -> tuple[int, ...]:
    counts = [*_EARLY]
    while counts[-1] < _MOST:
        counts.append(ceil(_GROWTH * counts[-1]))
    return tuple(counts)


LOOKS = _looks()
"""The numbers of rounds that succeeded at which the rule is asked."""


def level(rounds: int, *, by_rule: bool) -> float:
    """Return the level with which an interval over ``rounds`` covers the truth in 95 % of cells.

    ``by_rule``: the rounds ended because the interval became narrow (`became_narrow`), not because their number or
    the time was over.
    """
    return LATER_LEVEL if by_rule and rounds > FIRST_LOOK else LEVEL


def half_width(spread: float, rounds: int, at: float) -> float:
    """Return half the width of Student's interval of the level ``at``.

    It is of logarithms with standard deviation ``spread``.

    It is infinite for a single round.
    """
    from scipy.special import stdtrit  # noqa: PLC0415  # takes longer to import than a plan to make

    return float(stdtrit(rounds - 1, (1 + at) / 2)) * spread / sqrt(rounds) if rounds > 1 else inf


def is_narrow(logs: Sequence[float], precision: float) -> bool:
    """Return whether a cell whose values have these logarithms was narrow at its latest look; false before the first.

    ``precision`` is a share: 0.1 allows an interval from its estimate's 1 / 1.1 to its 1.1. The first look asks for
    the higher level as well, though it reports the plain one: most of those that end by chance end there. Between
    looks the latest holds, so that cells of a group of which one has a failed run, and fewer values, can still end.
    """
    count = _latest_look(len(logs))
    return count > 0 and half_width(stdev(logs[:count]), count, LATER_LEVEL) <= log1p(precision)


def became_narrow(logs: Sequence[float], precision: float) -> bool:
    """Return whether a cell was narrow at its latest look and not at the one before.

    Only then its own values chose the number of rounds. A cell that was narrow before and waited for others of
    its group has as many as they needed.
    """
    count = _latest_look(len(logs))
    return is_narrow(logs, precision) and not is_narrow(logs[: count - 1], precision)


def _latest_look(rounds: int) -> int:
    """Return the largest look that ``rounds`` include, 0 for none."""
    return max(LOOKS[: bisect_right(LOOKS, rounds)], default=0)


def next_look(rounds: int) -> int:
    """Return the first look after ``rounds``."""
    return LOOKS[min(bisect_right(LOOKS, rounds), len(LOOKS) - 1)]


def rounds_needed(spread: float, rounds: int, precision: float) -> int:
    """Return the first look after ``rounds`` at which values of that ``spread`` would be narrow enough."""
    for count in LOOKS[bisect_right(LOOKS, rounds) :]:
        if half_width(spread, count, LATER_LEVEL) <= log1p(precision):
            return count
    return LOOKS[-1]
