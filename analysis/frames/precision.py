"""How narrow a cell's interval was asked to be, whether its rounds ended for that, and the level that follows.

The cell's own measure decides: the round trip of messages, otherwise the speedup. All its other measures take the
same level, since the number of rounds that they share was chosen by it.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from breakeven.base.rounds import became_narrow, is_narrow, level

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
    `base.rounds` ends these rounds, otherwise empty: their number was chosen, or they ended before. The level is
    that of the rule only if the cell's own values chose their number, not where it waited for others.
    """
    found = last_precision(good).to_frame("precision")
    asked = found["precision"].dropna().to_dict()
    logs = own_logs(good[good["cell_id"].isin(asked)], "cell_id")
    narrow = {cell for cell, values in logs.items() if is_narrow(values, asked[cell])}
    chosen = {cell for cell in narrow if became_narrow(logs[cell], asked[cell])}
    rounds = own_measure(good).notna().groupby(good["cell_id"]).sum().to_dict()
    found["ended_by"] = np.where(found.index.isin(narrow), BY_PRECISION, "")
    found["level"] = [level(rounds[cell], by_rule=cell in chosen) for cell in found.index]
    return found


def own_logs(good: pd.DataFrame, by: str | list[str]) -> dict[Any, list[float]]:
    """Return the logarithms of the own measure of ``good`` runs in the order of their rounds, by the columns ``by``.

    Values that have none are left out, as the runner does.
    """
    ordered = good.sort_values("round", kind="stable")
    values = own_measure(ordered)
    positive = ordered[values.gt(0)]
    logs = np.log(values[values.gt(0)].to_numpy())
    return {
        key: of_cell.tolist()
        for key, of_cell in pd.Series(logs, positive.index).groupby(
            [positive[name] for name in by] if isinstance(by, list) else positive[by]
        )
    }
