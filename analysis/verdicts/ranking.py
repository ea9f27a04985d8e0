"""The rule: which candidate a question's measurements recommend, and what they leave open.

Staying serial is a candidate, too: its speedup is 1 by definition, and it costs nothing. All intervals are Student's,
of logarithms, at a level that holds for all candidates of the question at once: the error that is left is divided by
their number (Bonferroni), since the best of many looks good by chance. A candidate's spread between processes is its
own or the mean of all candidates', whichever is larger: with few rounds many a spread is small by chance, and those
would be recommended. An interval is never narrower than the one that a cell has alone, which is what a user is shown:
no verdict calls sure what that leaves open. `docs/verdicts.md` says why it is so, `benchmarks.verdicts` how often it is
wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from breakeven.analysis.frames.extremes import place_of_best
from breakeven.analysis.frames.welch import standard_error

Floats = NDArray[np.float64]

BAND = 0.05
"""Candidates that differ by no more than this share are as good as each other; of these the cheapest is recommended."""

PARALLEL, SERIAL, UNDECIDED, FASTEST = DECISIONS = ("parallel", "serial", "undecided", "fastest")
"""The decisions: ``fastest`` is that of a question without a serial answer, such as which channel answers soonest."""

FEWEST = 2
"""Processes without which the spread between them is unknown."""

POOLED = 3
"""The spread that candidates share counts as known from this many times as many processes as a candidate has."""

PAIR = 0.998
"""The level of the interval of two candidates alone. If it is narrower than the one that holds for all at once, it
counts: that a candidate is not named though it is better is possible of one, the best, and not of as many as there are.
"""

Cheapest = Callable[[Sequence[int]], int]
"""Returns the cheapest of some candidates."""


class Sample(NamedTuple):
    """The values of a candidate, one per fresh process and the larger the better, and the level of its own interval."""

    values: Floats
    level: float


@dataclass(frozen=True)
class Ranking:
    """What follows for a question; candidates are numbers, in the order in which they were given.

    ``best`` is what to use, None if that is serial or undecided. ``as_good`` are surely not slower than the best by
    more than the band, ``slower`` surely slower than serial, and ``worse`` surely slower than the best without being as
    good. ``open`` may be faster than the best by more than the band; without a best, faster than serial (or any other
    candidate, if serial is no answer). ``low`` and ``high`` are the ends of the intervals that hold for all candidates
    at once.
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
    """Return what follows from ``samples``.

    ``serial`` says whether to stay serial, whose value is 1, is an answer.

    Recommended is the cheapest of those that are surely within the band of the best there may be, and surely faster
    than serial; if that is serial itself, serial. If there is none, the one that is most surely faster than serial, if
    one surely is: it pays, but others may pay more. What is within the band of serial, as far as one knows, is not
    recommended over it.
    """
    if not samples:
        return Ranking(UNDECIDED, None, (), (), (), (), np.empty(0), np.empty(0))
    limit, count = float(np.log1p(band)), len(samples)
    own = intervals(samples)
    most = _most_ratios(samples, own, serial=serial)
    near = np.all(most <= limit, axis=0)
    sure = _pays(samples, own[0], limit) if serial else np.isfinite(own[0])
    winners = [int(one) for one in np.flatnonzero(near[:count] & sure)]
    if serial and near[count]:
        return _without_best(SERIAL, own, most[:count, count] > limit, serial=serial)
    if not winners and not (serial and sure.any()):
        rival = count if serial else place_of_best(own[0])
        undecided = (most[:count, rival] > limit) | (np.arange(count) == rival)
        return _without_best(UNDECIDED, own, undecided, serial=serial)
    best = cheapest(winners) if winners else place_of_best(np.where(sure, own[0], np.nan))
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


def _pays(samples: Sequence[Sample], low: Floats, limit: float) -> NDArray[np.bool_]:
    """Return which candidates are surely faster than serial, and estimated to be by more than the band."""
    means = np.array([np.log(sample.values).mean() if len(sample.values) else -np.inf for sample in samples])
    return (low > 0) & (means > limit)


def _without_best(decision: str, own: Floats, undecided: NDArray[np.bool_], *, serial: bool) -> Ranking:
    slower = _numbers(own[1] < 0) if serial else ()
    return Ranking(decision, None, (), _numbers(undecided), slower, (), np.exp(own[0]), np.exp(own[1]))


def _numbers(which: NDArray[np.bool_]) -> tuple[int, ...]:
    return tuple(np.flatnonzero(which).tolist())


@dataclass(frozen=True)
class _Means:
    """The means of the candidates' logarithms, the squares of their standard errors, and their degrees of freedom.

    A standard error that is unknown is infinite.
    """

    values: Floats
    squares: Floats
    freedom: Floats
    levels: Floats

    @classmethod
    def of(cls, samples: Sequence[Sample]) -> _Means:
        """Estimate them; the levels are those at which the intervals of all hold at once."""
        logs = [np.log(sample.values) for sample in samples]
        counts = np.array([float(len(one)) for one in logs])
        own = np.array([one.var(ddof=1) if len(one) >= FEWEST else np.nan for one in logs])
        known = np.isfinite(own)
        pooled = own[known].mean() if known.any() else 0.0
        spreads = np.where(known, np.maximum(own, pooled), np.inf)
        spreads[spreads == 0] = np.inf  # rounds that are exactly equal say nothing about their spread
        freedom = np.minimum((counts[known] - 1).sum(), POOLED * (counts - 1))
        levels = 1 - (1 - np.array([sample.level for sample in samples])) / len(samples)
        means = np.array([one.mean() if len(one) else np.nan for one in logs])
        return cls(means, spreads / counts, np.maximum(freedom, 1.0), levels)


def intervals(samples: Sequence[Sample]) -> Floats:
    """Return the ends of each sample's own interval, as logarithms, at a level that holds for all of them at once.

    A sample without values may be anything: its interval is infinite on both sides, as that of a single value is.
    """
    means = _Means.of(samples)
    reach = stdtrit(means.freedom, (1 + means.levels) / 2) * np.sqrt(means.squares)
    reach = np.maximum(reach, [_reach_shown(sample) for sample in samples])
    known = np.isfinite(means.values)
    low, high = means.values - reach, means.values + reach
    return np.array([np.where(known, low, -np.inf), np.where(known, high, np.inf)])


def _reach_shown(sample: Sample) -> float:
    """Return how far the interval reaches that the cell has alone, as tables and sentences show it."""
    count = len(sample.values)
    if count < FEWEST:
        return float(np.inf)
    error = np.log(sample.values).std(ddof=1) / np.sqrt(count)
    return float(stdtrit(count - 1, (1 + sample.level) / 2) * error)


def _most_ratios(samples: Sequence[Sample], own: Floats, *, serial: bool) -> Floats:
    """Return by how much each candidate (row) is better than each other one (column) at most, as a logarithm.

    The last row and column are those of serial, if that is an answer; its logarithm is 0, exactly, so its ratios are
    the ends of the candidates' ``own`` intervals.
    """
    means = _Means.of(samples)
    column = np.s_[:, None]
    error, df = standard_error((means.squares[column], means.squares), (means.freedom[column], means.freedom))
    level = np.maximum(means.levels[column], means.levels)
    known = np.isfinite(error)
    quantiles = stdtrit(np.where(known, df, 1.0), (1 + level) / 2)
    reach = np.where(known, quantiles * np.where(known, error, 0.0), np.inf)
    apart = means.values[column] - means.values
    found = np.where(np.isfinite(apart), apart + np.minimum(reach, _reach_alone(samples)), np.inf)
    if serial:
        found = np.block([[found, own[1][column]], [-own[0], np.zeros(1)]])
    np.fill_diagonal(found, 0.0)
    return np.asarray(found)


def _reach_alone(samples: Sequence[Sample]) -> Floats:
    """Return how far the ratio of two candidates reaches by their own spreads, at the level `PAIR`.

    It is infinite if that is unknown.
    """
    known = [len(sample.values) >= FEWEST and np.ptp(sample.values) > 0 for sample in samples]
    squares = [
        np.log(one.values).var(ddof=1) / len(one.values) if is_known else np.inf
        for one, is_known in zip(samples, known, strict=True)
    ]
    freedom = np.array([max(len(sample.values) - 1.0, 1.0) for sample in samples])
    column, errors = np.s_[:, None], np.array(squares)
    error, df = standard_error((errors[column], errors), (freedom[column], freedom))
    both = np.isfinite(error)
    reach = stdtrit(np.where(both, df, 1.0), (1 + PAIR) / 2) * np.where(both, error, 0.0)
    return np.where(both, reach, np.inf)
