"""Tasks that take more CPU time in a worker than alone: frame in, series out."""

from __future__ import annotations

import pandas as pd

MOST_SLOWED = 1.1
"""A task counts as slowed if it takes surely more than this many times the CPU time that it takes alone."""

BUSY = 1.2
"""Tasks that keep more CPUs than this busy alone compute on further threads."""

_TIMEABLE_NS = 100_000
"""Of shorter tasks, reading the clock is a part that counts."""


def slowed(runs: pd.DataFrame) -> pd.Series[float]:
    """Return how many times as much CPU time a task takes in a worker as alone, by cell_id of ``runs``.

    Only of cells in which it takes more in every traced trial of every run.
    """
    columns = ["task_cpu_ns", "task_cpu_least_ns", "task_cpu_alone_ns"]
    times = runs.set_index("cell_id")[columns].astype("float64")
    times = times[times["task_cpu_alone_ns"].gt(_TIMEABLE_NS)]
    ratios = times.div(times["task_cpu_alone_ns"], axis=0).groupby(level="cell_id")
    least = ratios["task_cpu_least_ns"].min()
    return ratios["task_cpu_ns"].median()[least.gt(MOST_SLOWED)]
