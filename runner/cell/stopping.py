"""When a run has enough trials, and which interval of the median it then reports.

A run that stops as soon as its interval is narrow stops early if the interval is narrow by chance, and such
intervals miss the truth more often than they claim. Two things limit this: the rule looks at few, growing
sample counts, fixed beforehand; and after the first of them it requires, and reports, an interval of a higher
level (`reported_level`). `benchmarks/coverage.py` shows the coverage with and without.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil
from typing import Optional

from .intervals import FEWEST, LEVEL, median, median_interval

LATER_LEVEL = 0.975
"""Level of the interval if the rule ended a run at a later look than the first possible; covers `LEVEL`."""

_GROWTH = 1.5  # of the sample count from look to look
_LAST_STEP = 1.25  # a look nearer than this to the last one is left out


def looks(least: int, most: int) -> tuple[int, ...]:
    """Return the growing sample counts at which the rule is checked; the last is ``most``.

    None is lower than ``least``, or than `FEWEST` if ``most`` allows.
    """
    counts = [min(max(least, FEWEST), most)]
    while counts[-1] < most:
        following = ceil(_GROWTH * counts[-1])
        counts.append(following if _LAST_STEP * following < most else most)
    return tuple(counts)


def narrow_enough(samples: Sequence[float], rel_ci: float) -> bool:
    """Return whether the interval reported after this look is within ``rel_ci`` of the median on both sides.

    False for too few samples. Call it only at the counts of `looks`.
    """
    interval = reported_interval(samples, by_rule=True)
    return interval is not None and interval[1] - interval[0] <= 2 * rel_ci * median(samples)


def reported_interval(samples: Sequence[float], *, by_rule: bool) -> Optional[tuple[float, float]]:
    """Return the interval that covers the process's median in 95 % of runs; None for too few samples.

    ``by_rule``: `narrow_enough` ended the run, rather than the number of its trials or its time.
    """
    return median_interval(samples, reported_level(len(samples), by_rule=by_rule))


def reported_level(count: int, *, by_rule: bool) -> float:
    """Return the level with which an interval of ``count`` samples covers the truth in 95 % of runs.

    At `FEWEST` samples nothing was selected yet, and if the rule did not end the run, nothing at all. A run
    with a higher ``min_trials`` that is narrow at its first look is reported with a slightly wider interval
    than it needs.
    """
    return LATER_LEVEL if by_rule and count > FEWEST else LEVEL
