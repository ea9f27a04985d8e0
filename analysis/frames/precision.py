"""How narrow a cell's interval was asked to be, whether its rounds ended for that, and the level that follows.

The cell's own measure decides: the round trip of messages, otherwise the speedup. All its other measures take the
same level, since the number of rounds that they share was chosen by it.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from breakeven.base.rounds import LOOKS, is_narrow, level

BY_PRECISION = "precision"
"""The value of ``ended_by`` of a cell whose rounds ended because its interval was narrow enough."""


def own_measure(runs: pd.DataFrame) -> pd.Series[float]:
    """Return the value by which the rounds of each run's cell end; NaN if the run has none that is finite."""
    of_messages = runs["pattern"].eq("pingpong")
    values = runs["latency_p50_ns"].where(of_messages, runs["speedup"]).astype("float64")
    return values.where(np.isfinite(values))


def last_precision(runs: pd.DataFrame) -> pd.Series[float]:
    """Return what was asked of the last round of each cell, by cell_id; NaN if rounds was a number."""
    last = runs.sort_values("round", kind="stable").drop_duplicates("cell_id", keep="last")
    return last.set_index("cell_id")["precision"].astype("float64")


def rule_of_rounds(good: pd.DataFrame) -> pd.DataFrame:
    """Return by cell_id of the ``good`` runs, those of status ok: ``precision``, ``ended_by`` and ``level``.

    ``precision`` is NaN if the number of rounds was chosen. ``ended_by`` is "precision" if the rule of
    `base.rounds` ends these rounds, otherwise empty: their number was chosen, or they ended before.
    """
    found = last_precision(good).to_frame("precision")
    asked = found["precision"].dropna().to_dict()
    logs = _logs_at_looks(good[good["cell_id"].isin(asked)])
    narrow = {cell for cell, values in logs.items() if is_narrow(values, asked[cell])}
    rounds = own_measure(good).notna().groupby(good["cell_id"]).sum()
    found["ended_by"] = np.where(found.index.isin(narrow), BY_PRECISION, "")
    found["level"] = [level(rounds[cell], by_rule=cell in narrow) for cell in found.index]
    return found


def _logs_at_looks(good: pd.DataFrame) -> dict[str, list[float]]:
    """Return the logarithms of the cells whose number of rounds is one at which the rule is asked."""
    values = own_measure(good).set_axis(good["cell_id"]).dropna()
    cells = values.groupby(level="cell_id").agg(["size", "min"])
    at_look = values[values.index.isin(cells.index[cells["size"].isin(LOOKS) & cells["min"].gt(0)])]
    logs = pd.Series(np.log(at_look.to_numpy()), at_look.index)
    return {str(cell): of_cell.tolist() for cell, of_cell in logs.groupby(level="cell_id")}
