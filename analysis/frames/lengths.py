"""How long a task is: as asked, or as it was measured if the two differ.

Tasks are calibrated once a sweep, on one interpreter: all cells with the same workload, options and task do the same
work, and what was asked for is only the name of it where that takes longer or less.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from breakeven.analysis.units import format_length
from breakeven.base.units import format_time

NEAR = 0.1
"""A task whose length differs from the one that was asked by no more than this share is as long as asked."""

_WORK = ("workload", "function", "variant", "payload_asked_bytes", "task_ns")
_RUNS_ON = ("interpreter", "interpreter_flags", "variables")

NEEDED = (*_WORK, *_RUNS_ON, "task_measured_ns")
"""The columns that `lengths_of_tasks` reads."""


def is_near(asked: pd.Series[float], measured: pd.Series[float]) -> pd.Series[bool]:
    """Return where a length was measured and is about the one that was asked."""
    return (measured / asked - 1).abs().le(NEAR)


def lengths_of_tasks(cells: pd.DataFrame, within: Sequence[str] = ()) -> pd.Series[float]:
    """Return the length of a task of each cell in ns; NaN if none was asked for.

    It is the geometric mean over the cells that do the same work on the same interpreter, unless that is about what was
    asked: a task alone is as long whatever the model, and equal lengths are drawn at one place. Cells that differ in
    the columns ``within`` have nothing to do with each other.
    """
    return _join(cells, [*within, *(name for name in (*_WORK, *_RUNS_ON) if name in cells)])


def name_lengths(cells: pd.DataFrame, without: Sequence[str] = ()) -> pd.Series[str]:
    """Return the length of a task as the text of a label, the same for all cells that do the same work.

    If it is not about what was asked both are named: ``1.52 ms instead of 1 ms``. Cells that differ only in the factors
    ``without`` have one label.
    """
    names = [name for name in _WORK if name in cells and name not in without]
    lengths, asked = _join(cells, names), cells["task_ns"].astype("float64")
    exact = asked.map(lambda length: format_time(int(length)), na_action="ignore").astype("object")
    texts, of = (
        values.map(format_length, na_action="ignore").astype("object") for values in (lengths, asked)
    )
    texts = texts.mask(_several(asked, texts) & lengths.eq(asked), exact)
    of = of.mask(_several(asked, of), exact)
    return (texts + " instead of " + of).where(lengths.ne(asked), texts)


def _several(asked: pd.Series[float], texts: pd.Series[str]) -> pd.Series[bool]:
    """Return where a text stands for several lengths that were asked for, which it would not tell apart."""
    return asked.groupby(texts).transform("nunique").gt(1)


def _join(cells: pd.DataFrame, names: list[str]) -> pd.Series[float]:
    """Return the geometric mean of the measured lengths of the cells that share ``names``, or what was asked."""
    asked = cells["task_ns"].astype("float64")
    if "task_measured_ns" not in cells:
        return asked
    measured = cells["task_measured_ns"].astype("float64")
    logs = pd.Series(np.log(measured.where(measured.gt(0)).to_numpy()), cells.index)
    groups = logs.groupby([cells[name] for name in names], dropna=False)
    means = pd.Series(np.exp(groups.transform("mean").to_numpy()), cells.index)
    return means.where(means.notna() & asked.notna() & ~is_near(asked, means), asked)
