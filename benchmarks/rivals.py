"""Alternative intervals that `benchmarks.coverage` compares with those in use; their coverage is why they are not.

The bootstraps are hierarchical: rounds are drawn with replacement, then the trials of each (A. Davison and D.
Hinkley, *Bootstrap Methods and their Application*, 1997, section 3.8; B. Efron and R. Tibshirani, *An
Introduction to the Bootstrap*, 1993, chapters 12 to 14).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri, stdtrit

from breakeven.runner.cell.intervals import median_interval

Floats = NDArray[np.float64]
Ends = tuple[Floats, Floats]

RESAMPLES = 500
_CHUNK = 200
_TAILS = np.array([0.025, 0.975])


@dataclass(frozen=True)
class Resampled:
    """Logarithms: a row a repetition of the experiment, ``medians`` of its rounds and ``drawn`` in each resample."""

    medians: Floats
    drawn: Floats

    @property
    def center(self) -> Floats:
        """Return what is estimated, by repetition."""
        return np.asarray(self.medians.mean(axis=1))

    @property
    def centers(self) -> Floats:
        """Return what each resample estimates."""
        return np.asarray(self.drawn.mean(axis=2))


def bootstrapped(samples: pd.DataFrame, seed: int) -> dict[str, Ends]:
    """Return the interval of each bootstrap for each cell of ``samples``, which has as many rounds as the others."""
    rng = np.random.default_rng(seed)
    parts = [
        {name: np.stack(method(resampled)) for name, method in METHODS.items()}
        for resampled in _resample(samples, rng)
    ]
    joined = {name: np.exp(np.concatenate([part[name] for part in parts], axis=1)) for name in METHODS}
    return {name: (ends[0], ends[1]) for name, ends in joined.items()}


def _resample(samples: pd.DataFrame, rng: np.random.Generator) -> Iterator[Resampled]:
    """Draw the resamples of some repetitions at a time.

    A median of values drawn with replacement is one of the values, at a rank whose distribution is known: the
    middle of as many uniform numbers is beta distributed. That spares drawing and sorting.
    """
    rounds = samples["round"].nunique()
    groups = samples.sort_values(["cell_id", "round", "speedup"]).groupby(["cell_id", "round"])["speedup"]
    counts = np.asarray(groups.size(), np.int64).reshape(-1, rounds)
    medians = np.log(groups.median().to_numpy().reshape(-1, rounds))
    table = np.full((counts.size, counts.max()), np.nan)
    values = samples.sort_values(["cell_id", "round", "speedup"])["speedup"].to_numpy()
    table[np.arange(counts.max()) < counts.reshape(-1, 1)] = values
    table = table.reshape(*counts.shape, -1)
    for start in range(0, len(counts), _CHUNK):
        chunk = slice(start, start + _CHUNK)
        yield Resampled(medians[chunk], np.log(_draw_medians(table[chunk], counts[chunk], rng)))


def _draw_medians(table: Floats, counts: NDArray[np.int64], rng: np.random.Generator) -> Floats:
    repetitions, rounds = counts.shape
    picked = rng.integers(rounds, size=(repetitions, RESAMPLES, rounds))
    row = np.arange(repetitions)[:, None, None]
    n = counts[row, picked]
    middle = (n + 1) // 2
    first = rng.beta(middle, n - middle + 1)
    gap = 1 - rng.random(n.shape) ** (1 / np.maximum(n - middle, 1))
    second = np.where(n % 2 == 1, first, first + (1 - first) * gap)
    ranks = [np.minimum((place * n).astype(np.int64), n - 1) for place in (first, second)]
    low, high = (table[row, picked, rank] for rank in ranks)
    return np.asarray((low + high) / 2)


def percentile(resampled: Resampled) -> Ends:
    """Take the quantiles of the resamples."""
    low, high = np.quantile(resampled.centers, _TAILS, axis=1)
    return low, high


def bca(resampled: Resampled) -> Ends:
    """Correct the quantiles for bias and acceleration, this by the jackknife over rounds."""
    center, centers = resampled.center[:, None], resampled.centers
    below = ((centers < center).mean(axis=1) + (centers <= center).mean(axis=1)) / 2
    bias = ndtri(np.clip(below, 1 / RESAMPLES, 1 - 1 / RESAMPLES))[:, None]
    apart = resampled.medians - center
    cubes, squares = (apart**3).sum(axis=1), (apart**2).sum(axis=1)
    acceleration = (cubes / (6 * np.maximum(squares, 1e-300) ** 1.5))[:, None]
    shifted = bias + ndtri(_TAILS)
    shares = ndtr(bias + shifted / (1 - acceleration * shifted))
    low, high = np.array([np.quantile(row, pair) for row, pair in zip(centers, shares, strict=True)]).T
    return low, high


def bootstrap_t(resampled: Resampled) -> Ends:
    """Take the quantiles of the resamples' own t statistic."""
    center, rounds = resampled.center, resampled.medians.shape[1]
    errors = np.maximum(resampled.drawn.std(axis=2, ddof=1) / np.sqrt(rounds), 1e-12)
    low, high = np.quantile((resampled.centers - center[:, None]) / errors, _TAILS, axis=1)
    error = resampled.medians.std(axis=1, ddof=1) / np.sqrt(rounds)
    return center - high * error, center - low * error


def t_with_bootstrap_error(resampled: Resampled) -> Ends:
    """Take Student's quantile of the resamples' standard deviation, corrected for how few rounds there are.

    T. Hesterberg, *What Teachers Should Know About the Bootstrap*, The American Statistician 69, 2015.
    """
    rounds = resampled.medians.shape[1]
    error = resampled.centers.std(axis=1, ddof=1) * np.sqrt(rounds / (rounds - 1))
    half = stdtrit(rounds - 1, _TAILS[1]) * error
    return resampled.center - half, resampled.center + half


METHODS = {
    "percentile bootstrap": percentile,
    "BCa bootstrap": bca,
    "bootstrap-t": bootstrap_t,
    "t, bootstrap error": t_with_bootstrap_error,
}


def stop_at_any(ratios: list[float], least: int, rel_ci: float) -> tuple[float, float]:
    """Stop after the first trial with a narrow interval, and report that very interval."""
    for count in range(least, len(ratios) + 1):
        low, high = median_interval(ratios[:count]) or (-np.inf, np.inf)
        if high - low <= rel_ci * (low + high):
            break
    return low, high
