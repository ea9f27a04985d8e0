"""The interval over processes, many cells at once; that of one process is stored in its run."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.special import stdtrit

from breakeven.runner.cell.intervals import LEVEL


def over_processes(
    values: pd.Series[float],
    levels: pd.Series[float] | float = LEVEL,
    hosts: pd.Series[str] | None = None,
) -> pd.DataFrame:
    """Return the geometric mean of each cell's ``values``, one per process, with Student's interval.

    ``values`` is indexed by cell_id. The columns are ``value``, ``low``, ``high`` and ``rounds``, by cell_id.
    ``levels`` are those of the intervals, by cell_id if they differ (`rule_of_rounds`).
    The interval is that of the mean of the logarithms, with one degree of freedom less than there are
    processes: the uncertainty of each process's own value is already part of the spread between processes (T.
    Kalibera and R. Jones, *Rigorous benchmarking in reasonable time*, ISMM 2013, section 6). It is NaN for
    one process.

    ``hosts`` are those of the values, in the same order. Processes of one host share what differs from host to host, so
    of a cell that has several each host counts as one value, the mean of its processes, and the interval has one degree
    of freedom less than there are hosts: the variance of means of equal weight is unbiased however many processes each
    has (the method of unweighted means; R. Burdick and F. Graybill, *Confidence Intervals on Variance Components*,
    1992, section 4.2). It stands for hosts like these; more processes on the same hosts do not make it narrow.

    A zero among the values makes their geometric mean zero, which has no interval; a negative
    one makes it NaN.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        logs = pd.Series(np.log(values.to_numpy(np.float64)), values.index)
    cells = logs.where(np.isfinite(logs)).groupby(level="cell_id")
    rounds = logs.groupby(level="cell_id").size()
    missing = logs.isna().groupby(level="cell_id").any()
    mean = cells.mean().mask(cells.count().lt(rounds), -np.inf).mask(missing)
    at = levels.reindex(mean.index) if isinstance(levels, pd.Series) else levels
    units = cells
    if hosts is not None and not _alone(hosts):
        units = independent(logs.where(np.isfinite(logs)), hosts).groupby(level="cell_id")
        mean = mean.where(~np.isfinite(mean), units.mean())
    count = units.size()
    half = units.std(ddof=1) / np.sqrt(count) * stdtrit((count - 1).clip(lower=1), (1 + at) / 2)
    half = half.where(np.isfinite(mean))
    ends = {"value": mean, "low": mean - half, "high": mean + half}
    return pd.DataFrame({name: np.exp(end) for name, end in ends.items()} | {"rounds": rounds})


def independent(logs: pd.Series[float], hosts: pd.Series[str]) -> pd.Series[float]:
    """Return the independent values by cell_id.

    Those of a cell's processes, or the means of its hosts if it has several.

    ``logs`` is indexed by cell_id, one per process, and ``hosts`` are theirs in the same order.
    """
    if _alone(hosts):
        return logs.rename_axis("cell_id")
    names = pd.Series(hosts.to_numpy(), logs.index)
    several = names.groupby(level="cell_id").nunique().gt(1)
    spread = several.reindex(logs.index).to_numpy()
    means = logs[spread].groupby([logs.index[spread], names[spread]]).mean().droplevel(1)
    return pd.concat([logs[~spread], means.rename_axis("cell_id")])


def _alone(hosts: pd.Series[str]) -> bool:
    """Return whether there is only one host, as in most sweeps: nothing is divided by hosts then."""
    return len(hosts.unique()) <= 1
