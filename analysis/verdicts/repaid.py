"""After how many tasks the start of the workers is repaid by what each task gains."""

from __future__ import annotations

import numpy as np
import pandas as pd

from breakeven.analysis.frames.hosts import host_of
from breakeven.analysis.frames.intervals import over_processes


def repaid(good: pd.DataFrame) -> pd.DataFrame:
    """Return by cell_id of the ``good`` runs, those of status ok: ``repaid_tasks`` with ``_low`` and ``_high``.

    Start and end of the workers (``startup_ns``, ``teardown_ns``) are divided by what a task gains in the same process:
    its serial time less the time that passes for it in parallel. It is infinite (never) if no process gains; if only
    some do, the estimate is that of the median gain and the interval reaches to infinity.
    """
    cells = good.set_index("cell_id")
    speedup = cells["speedup"].astype("float64")
    gain = (cells["task_measured_ns"].astype("float64") * (1 - 1 / speedup))[speedup.gt(0)]
    cost = (cells["startup_ns"] + cells["teardown_ns"]).astype("float64")[speedup.gt(0)]
    known = gain.notna() & cost.notna()
    hosts = host_of(good).set_axis(good["cell_id"])[speedup.gt(0)][known]
    gain, cost = gain[known], cost[known]
    gains = gain.gt(0)
    found = over_processes((cost / gain)[gains], hosts=hosts[gains])
    all_gain = gain.gt(0).groupby(level="cell_id").all()
    medians = cost.groupby(level="cell_id").median() / gain.groupby(level="cell_id").median()
    result = pd.DataFrame(index=all_gain.index)
    found = found.reindex(result.index)
    result["repaid_tasks"] = found["value"].where(all_gain, medians.where(medians.gt(0), np.inf))
    result["repaid_tasks_low"] = found["low"].where(all_gain)
    result["repaid_tasks_high"] = found["high"].where(all_gain, np.inf)
    never = np.isinf(result["repaid_tasks"])
    result.loc[never, ["repaid_tasks_low", "repaid_tasks_high"]] = np.inf
    return result
