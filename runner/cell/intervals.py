"""Medians of what one process measured, and intervals of medians and of percentiles.

Percentiles are those of samples that come in trials.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from math import ceil, exp, floor, lgamma, log, sqrt
from typing import Optional

from .named import NamedTuple

FEWEST = 6
"""Fewer samples have no interval of their median: the extremes of 5 miss it in 2 of 32 cases."""

LEVEL = 0.95
"""The coverage that every interval claims."""

_EITHER_SIDE = 10  # samples expected on either side of a percentile for its share to be nearly normal
_REACH = 8  # standard deviations from the mean beyond which a binomial probability is nothing


class Rank(NamedTuple):
    """The end of a tail of a binomial distribution.

    ``rank`` is the largest d with P(X < d) within the tail, ``below`` that probability, ``beyond`` P(X < d +
    1).
    """

    rank: int
    below: float
    beyond: float


def median(samples: Iterable[float]) -> float:
    """Return the median of one or more samples; `statistics` would add 2 ms to the start of every run."""
    ordered = sorted(samples)
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2


def percentile(samples: Sequence[int], share: float) -> int:
    """Return the nearest-rank percentile, such as 0.99 for the 99th; samples must not be empty."""
    ordered = sorted(samples)
    rank = -(-share * len(ordered) // 1)  # ceiling
    return ordered[max(int(rank), 1) - 1]


def median_interval(samples: Sequence[float], level: float = LEVEL) -> Optional[tuple[float, float]]:
    """Return the distribution-free interval of the median; None if the samples are too few for ``level``.

    It lies between order statistics, interpolated so that it has the requested level rather than the next one
    that a whole rank has (T. Hettmansperger and S. Sheather, *Confidence intervals based on interpolated
    order statistics*, Statistics & Probability Letters 4, 1986).
    """
    n = len(samples)
    rank = interval_rank(n, level)
    if rank is None:
        return None
    ordered, d = sorted(samples), floor(rank)
    part = rank - d
    low = ordered[d - 1] + part * (ordered[d] - ordered[d - 1])
    high = ordered[n - d] - part * (ordered[n - d] - ordered[n - d - 1])
    return low, high


@lru_cache(maxsize=1024)
def interval_rank(n: int, level: float) -> Optional[float]:
    """Return the rank, from 1 and fractional, from either end at which a median's interval of n samples ends."""
    d, below, beyond = _lower_rank(n, 0.5, (1 - level) / 2)
    if d < 1:
        return None
    inward = ((1 - level) / 2 - below) / (beyond - below)
    return d + (n - d) * inward / (d + (n - 2 * d) * inward)


def percentile_interval(
    samples: Sequence[float], share: float, level: float = LEVEL
) -> Optional[tuple[float, float]]:
    """Return the two ``samples`` that bound the percentile's interval; None if there are too few.

    ``share`` is 0.99 for the 99th. The ranks are those of the binomial distribution (W. Conover, *Practical
    Nonparametric Statistics*, section 3.2), exact for any count. The samples must be independent: those of
    several trials seldom are, see `clustered_interval`.
    """
    tail = (1 - level) / 2
    lower = _lower_rank(len(samples), share, tail).rank
    upper = _lower_rank(len(samples), 1 - share, tail).rank
    if min(lower, upper) < 1:
        return None
    ordered = sorted(samples)
    return ordered[lower - 1], ordered[-upper]


def _lower_rank(n: int, share: float, tail: float) -> Rank:
    """Return the end of the lower ``tail`` of the binomial distribution of n and ``share``."""
    spread = sqrt(n * share * (1 - share))
    k = max(0, floor(n * share - _REACH * spread - _REACH))
    chance = exp(
        lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1) + k * log(share) + (n - k) * log(1 - share)
    )
    below, beyond = 0.0, chance
    while beyond <= tail:
        chance *= (n - k) / (k + 1) * share / (1 - share)
        k += 1
        below, beyond = beyond, beyond + chance
    return Rank(k, below, beyond)


def clustered_interval(
    trials: Sequence[Sequence[float]], share: float, level: float = LEVEL
) -> Optional[tuple[float, float]]:
    """Return two samples that bound the percentile of all trials' samples; None if there are too few.

    The samples of one trial are alike, so they carry less information than independent ones would. The share
    of samples below the percentile is taken trial by trial, and its spread between trials determines the
    ranks (R. Woodruff, *Confidence intervals for medians and other position measures*, JASA 47, 1952), with
    Student's quantile for as many trials. If the rule ended the run by the medians of its trials, the
    interval of the median needs the level that `stopping.reported_level` returns.
    """
    full = [trial for trial in trials if trial]
    ordered = sorted(sample for trial in full for sample in trial)
    n = len(ordered)
    if len(full) < FEWEST or n * min(share, 1 - share) < _EITHER_SIDE:
        return None
    error = _spread_below(full, ordered[ceil(share * n) - 1])
    reach = student(len(full) - 1, (1 + level) / 2) * error
    low, high = floor(n * share - reach) + 1, ceil(n * share + reach)
    if low < 1 or high > n:
        return None
    return ordered[low - 1], ordered[max(high, low) - 1]


def _spread_below(trials: Sequence[Sequence[float]], at: float) -> float:
    """Return the standard error of the number of samples below ``at``, from its spread between trials.

    Ties count half.
    """
    below = [sum((x < at) + (x <= at) for x in trial) / 2 for trial in trials]
    total = sum(map(len, trials))
    share, count = sum(below) / total, len(trials)
    squares = sum((k - share * len(trial)) ** 2 for k, trial in zip(below, trials))
    return sqrt(squares * count / (count - 1))


def student(freedom: int, probability: float) -> float:
    """Return Student's quantile, within 0.1 % from 5 degrees of freedom (Abramowitz and Stegun, 26.7.5)."""
    from statistics import NormalDist  # noqa: PLC0415  # costs milliseconds; needed after the trials, if at all

    z = NormalDist().inv_cdf(probability)
    terms = (
        z,
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
        (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / 92160,
    )
    return sum(term / float(freedom) ** power for power, term in enumerate(terms))
