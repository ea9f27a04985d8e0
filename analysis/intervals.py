"""Intervals, many cells at once: over processes, and within one.

Within one process they are those that the measuring side ends a run by and stores, see `median_intervals`.
"""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import bdtr, stdtrit

LEVEL = 0.95
"""What every interval claims to cover."""

FEWEST = 6
"""Fewer values of one process have no interval of their median."""

LATER_LEVEL = 0.975
"""Level of the interval of a process that stopped because its interval was narrow; covers `LEVEL`."""

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def over_processes(values: pd.Series[float]) -> pd.DataFrame:
    """Give the geometric mean of each cell's ``values``, one a process, with Student's interval.

    ``values`` is indexed by cell_id and round. Gives ``value``, ``low``, ``high`` and ``rounds``, by cell_id. The
    interval is that of the mean of the logarithms, with one degree of freedom less than there are processes:
    whatever a process's own value is uncertain by is in the spread between processes already (T. Kalibera and
    R. Jones, *Rigorous benchmarking in reasonable time*, ISMM 2013, section 6). It is NaN for one process. A zero
    among the values makes their geometric mean zero, which has no interval; a negative one makes it NaN.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        logs = pd.Series(np.log(values.to_numpy(np.float64)), values.index)
    cells = logs.where(np.isfinite(logs)).groupby(level="cell_id")
    rounds = logs.groupby(level="cell_id").size()
    missing = logs.isna().groupby(level="cell_id").any()
    mean = cells.mean().mask(cells.count().lt(rounds), -np.inf).mask(missing)
    half = cells.std(ddof=1) / np.sqrt(rounds) * stdtrit((rounds - 1).clip(lower=1), (1 + LEVEL) / 2)
    half = half.where(np.isfinite(mean))
    ends = {"value": mean, "low": mean - half, "high": mean + half}
    return pd.DataFrame({name: np.exp(end) for name, end in ends.items()} | {"rounds": rounds})


def median_intervals(values: pd.Series[float], by_rule: Collection[object] = ()) -> pd.DataFrame:
    """Give the interval of each process's median of ``values``, by order statistics: ``low`` and ``high``.

    ``values`` is indexed by cell_id, one process a cell; ``by_rule`` are the cells whose trials ended because
    their interval was narrow. Such intervals were chosen for being narrow and are made with `LATER_LEVEL`, unless
    there are `FEWEST` values, before which there was no choice. NaN for fewer.
    """
    cells = values.groupby(level="cell_id")
    sizes = cells.size()
    counts = np.asarray(sizes, np.int64)
    later = sizes.index.isin(list(by_rule)) & (counts > FEWEST)
    ranks = _ranks(counts, np.where(later, LATER_LEVEL, LEVEL).astype(np.float64))
    floats = np.asarray(values, np.float64)
    ordered = floats[np.lexsort((floats, cells.ngroup().to_numpy()))]
    ends = np.cumsum(counts)
    starts = ends - counts
    return pd.DataFrame(
        {"low": _between(ordered, starts, ranks, 1), "high": _between(ordered, ends - 1, ranks, -1)},
        index=sizes.index,
    )


def _between(ordered: Floats, first: Ints, ranks: Floats, step: int) -> Floats:
    """Give the value ``ranks``, from 1 and with a fraction, inward from the places ``first``."""
    known = np.isfinite(ranks)
    whole = np.where(known, np.floor(ranks), 1)
    outer = first + step * (whole - 1).astype(np.int64)
    inner = np.where(known, outer + step, outer)
    found = ordered[outer] + (ranks - whole) * (ordered[inner] - ordered[outer])
    return np.asarray(found, np.float64)


def _ranks(counts: Ints, levels: Floats) -> Floats:
    """Give `interval_rank` of each count and level; few differ."""
    pairs, place = np.unique(np.stack([counts, levels]), axis=1, return_inverse=True)
    return np.array([interval_rank(int(n), level) for n, level in pairs.T], np.float64)[place.ravel()]


def interval_rank(n: int, level: float) -> float:
    """Give the rank, from 1 and with a fraction, from either end at which a median's interval of n values ends.

    NaN where no two of the values hold it at ``level``. Between whole ranks it is interpolated (T. Hettmansperger
    and S. Sheather, *Confidence intervals based on interpolated order statistics*, Statistics & Probability
    Letters 4, 1986).
    """
    tail = (1 - level) / 2
    d = int(np.searchsorted(bdtr(np.arange(n // 2), n, 0.5), tail, side="right"))
    if d < 1:
        return np.nan
    below, beyond = bdtr([d - 1, d], n, 0.5)
    inward = (tail - below) / (beyond - below)
    return float(d + (n - d) * inward / (d + (n - 2 * d) * inward))
