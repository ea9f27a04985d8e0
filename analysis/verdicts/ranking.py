"""The rule: which candidate a question's measurements recommend, and what they leave open.

Staying serial is a candidate, too: its speedup is 1 by definition, and it costs nothing. All intervals are Student's,
of logarithms, at a level that holds for all candidates of the question at once: the error that is left is divided by their
number (Bonferroni), since the best of many looks good by chance. `docs/verdicts.md` says why it is so, `benchmarks.verdicts`
how often it is wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from breakeven.analysis.frames.welch import standard_error

Floats = NDArray[np.float64]

BAND = 0.05
"""Candidates that differ by no more than this share are as good as each other; of these the cheapest is recommended."""

PARALLEL, SERIAL, UNDECIDED, FASTEST = DECISIONS = ("parallel", "serial", "undecided", "fastest")
"""The decisions: ``fastest`` is that of a question without a serial answer, such as which channel answers soonest."""

FEWEST = 2
"""Processes without which the spread between them is unknown."""

Cheapest = Callable[[Sequence[int]], int]
"""Returns the cheapest of some candidates."""


class Sample(NamedTuple):
    """The values of a candidate, one per fresh process and the larger the better, and the level of its own interval."""

    values: Floats
    level: float


@dataclass(frozen=True)
class Ranking:
    """What follows for a question; candidates are numbers, in the order in which they were given.

    ``best`` is what to use, None if that is serial or undecided. ``as_good`` are surely not slower than the best by more than
    the band, ``slower`` surely slower than serial, and ``worse`` surely slower than the best without being as good.
    ``open`` may be faster than the best by more than the band; without a best, faster than serial (or any other candidate, if
    serial is no answer). ``low`` and ``high`` are the ends of the intervals that hold for all candidates at once.
    """

    decision: str
    best: int | None
    as_good: tuple[int, ...]
    open: tuple[int, ...]
    slower: tuple[int, ...]
    worse: tuple[int, ...]
    low: Floats
    high: Floats


def rank(
    samples: Sequence[Sample], cheapest: Cheapest, *, serial: bool = True, band: float = BAND
) -> Ranking:
    """Return what follows from ``samples``; ``serial`` says whether there is the answer to stay serial, whose value is 1.

    Recommended is the cheapest of those that are surely within the band of the best there may be, and surely faster than
    serial; if that is serial itself, serial. If there is none, the one that is most surely faster than serial, if one
    surely is: it pays, but others may pay more.
    """
    if not samples:
        return Ranking(UNDECIDED, None, (), (), (), (), np.empty(0), np.empty(0))
    limit, count = float(np.log1p(band)), len(samples)
    own, most = intervals(samples), _most_ratios(samples, serial=serial)
    near = np.all(most <= limit, axis=0)
    sure = own[0] > 0 if serial else np.isfinite(own[0])
    winners = [int(one) for one in np.flatnonzero(near[:count] & sure)]
    if serial and near[count]:
        return _without_best(SERIAL, own, most[:count, count] > limit, serial=serial)
    if not winners and not (serial and sure.any()):
        rival = count if serial else int(np.argmax(own[0]))
        undecided = (most[:count, rival] > limit) | (np.arange(count) == rival)
        return _without_best(UNDECIDED, own, undecided, serial=serial)
    best = cheapest(winners) if winners else int(np.argmax(own[0]))
    alike = (most[best, :count] <= limit) & sure
    alike[best] = False
    return Ranking(
        decision=PARALLEL if serial else FASTEST,
        best=best,
        as_good=_numbers(alike),
        open=_numbers(most[:count, best] > limit),
        slower=_numbers(own[1] < 0) if serial else (),
        worse=_numbers((most[:count, best] < 0) & ~alike),
        low=np.exp(own[0]),
        high=np.exp(own[1]),
    )


def _without_best(decision: str, own: Floats, undecided: NDArray[np.bool_], *, serial: bool) -> Ranking:
    slower = _numbers(own[1] < 0) if serial else ()
    return Ranking(decision, None, (), _numbers(undecided), slower, (), np.exp(own[0]), np.exp(own[1]))


def _numbers(which: NDArray[np.bool_]) -> tuple[int, ...]:
    return tuple(np.flatnonzero(which).tolist())


def _moments(samples: Sequence[Sample]) -> tuple[Floats, Floats, Floats]:
    """Return the mean of each candidate's logarithms, their variance (infinite if it is not known), and their number."""
    logs = [np.log(sample.values) for sample in samples]
    means = np.array([one.mean() for one in logs])
    variances = np.array([one.var(ddof=1) if len(one) >= FEWEST else np.inf for one in logs])
    variances[variances == 0] = np.inf  # rounds that are exactly equal say nothing about their spread
    return means, variances, np.array([float(len(one)) for one in logs])


def _levels(samples: Sequence[Sample]) -> Floats:
    """Return the level of each candidate's interval so that those of all hold at once."""
    return 1 - (1 - np.array([sample.level for sample in samples])) / len(samples)


def intervals(samples: Sequence[Sample]) -> Floats:
    """Return the ends of each sample's own interval, as logarithms, at a level that holds for all of them at once."""
    means, variances, counts = _moments(samples)
    reach = stdtrit(np.maximum(counts - 1, 1), (1 + _levels(samples)) / 2) * np.sqrt(variances / counts)
    return np.array([means - reach, means + reach])


def _most_ratios(samples: Sequence[Sample], *, serial: bool) -> Floats:
    """Return by how much each candidate (row) is better than each other one (column) at most, as a logarithm.

    The last row and column are those of serial, if that is an answer.
    """
    means, variances, counts = _moments(samples)
    levels = _levels(samples)
    if serial:
        means, variances, counts = (
            np.append(values, last)
            for values, last in zip((means, variances, counts), (0.0, 0.0, np.inf), strict=True)
        )
        levels = np.append(levels, 0.0)
    error, df = standard_error((variances[:, None], variances), (counts[:, None], counts))
    level = np.maximum(levels[:, None], levels)
    known = np.isfinite(error)
    reach = np.where(
        known, stdtrit(np.where(known, df, 1.0), (1 + level) / 2) * np.where(known, error, 0.0), np.inf
    )
    found = means[:, None] - means + reach
    np.fill_diagonal(found, 0.0)
    return found
