"""What a candidate costs besides its time: memory and start-up, from what its runs stored."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from breakeven.analysis.frames.files import to_frame
from breakeven.analysis.frames.load import Lab
from breakeven.analysis.frames.rows import Row

ALIKE = 1.1
"""Costs count as equal up to this many times the least, and up to a step more, since they vary from run to run."""

_STEPS = {"memory_bytes": 2.0**20, "startup_ns": 1e6, "workers": 0.0}
"""What candidates cost, what counts most first, and a difference that nobody would notice."""


def costs(lab: Lab) -> pd.DataFrame:
    """Return ``memory_bytes``, ``startup_ns``, ``teardown_ns`` and ``workers`` by cell_id, over its ok runs.

    Start-up and end are those of `Lab.estimates`. Memory, a median, is that of the workers' processes after the trials,
    shared pages counted proportionally; of threads it is 0, since they have none of their own, and NaN where the system
    does not tell.
    """
    found = lab.estimates[["startup_ns", "teardown_ns", "workers"]].copy()
    found["memory_bytes"] = _memory(lab).reindex(found.index)
    return found


def _memory(lab: Lab) -> pd.Series[float]:
    table = to_frame(lab.table("workers", ["cell_id", "round", "worker", "pid", "pss_bytes"]))
    workers = table[table["worker"].ge(0)]
    parents = table.loc[table["worker"].lt(0), ["cell_id", "round", "pid"]]
    joined = workers.merge(parents, on=["cell_id", "round"], how="left", suffixes=("", "_parent"))
    own = joined["pss_bytes"].astype("float64").mask(joined["pid"].eq(joined["pid_parent"]), 0.0)
    sums = own.groupby([joined["cell_id"], joined["round"]]).sum(min_count=1)
    return sums.groupby(level="cell_id").median()


@dataclass(frozen=True)
class Cheapest:
    """Chooses the cheapest of some candidates, which are rows of ``costs`` by number.

    It is the one that takes the least memory; of those alike the soonest ready, then the one with the fewest workers,
    then the first. One whose cost is not known is as dear as the dearest.
    """

    costs: Sequence[Row]

    def __call__(self, candidates: Sequence[int]) -> int:
        """Return the number of the cheapest."""
        left = np.asarray(candidates)
        for name, step in _STEPS.items():
            spent = np.array([self.costs[number][name] for number in candidates], np.float64)
            spent = np.where(np.isnan(spent), np.nan_to_num(np.fmax.reduce(spent)), spent)
            least = spent[np.isin(candidates, left)].min()
            left = left[spent[np.isin(candidates, left)] <= max(least * ALIKE, least + step)]
        return int(left[0])
