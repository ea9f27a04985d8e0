"""What patterns observe beside times, cell by cell: updates that are lost, ticks that are late, memory a worker."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.special import stdtrit

from breakeven.analysis.frames.intervals import over_processes
from breakeven.analysis.units import format_rate, format_ratio, format_share, format_size, format_time
from breakeven.runner.cell.intervals import LEVEL

MAGNITUDES = ("_ns", "_bytes", "_per_s")
"""Units of what is never zero: a median over trials, a geometric mean over processes. Others have plain means."""

RARE = "_per_million"
"""The end of the name of a quantity that counts events: so many of a million of its trial's tasks (updates, messages,
pairs)."""

_SHARE = "_share"

_FORMS = {
    "_ns": format_time,
    "_bytes": format_size,
    "_per_s": format_rate,
    _SHARE: format_share,
    RARE: format_ratio,
}
"""How quantities are written, by the unit that ends their name."""

_UNITS_UNSAID = (*MAGNITUDES, _SHARE)
_CELL = ["cell_id", "quantity", "kind"]
_COLUMNS = [*_CELL, "value", "low", "high", "rounds"]


def observe(runs: pd.DataFrame, trials: pd.DataFrame, observations: pd.DataFrame) -> pd.DataFrame:
    """Return a row for each quantity of each cell: ``value``, ``low`` and ``high`` (95 %), and ``rounds``.

    ``kind`` is that of its trials, serial or parallel. Counted are the untraced trials after warm-up of runs that are
    ok; of what each worker observed, the mean of a trial. The interval is Student's over processes, on logarithms for
    `MAGNITUDES`, and else cut off at zero, and at one for shares. It is NaN for one process. What is `RARE` is counted:
    all events by all tasks, however these are spread over trials.
    """
    parts = []
    for names, rows in of_processes(runs, trials, observations).groupby(["quantity", "kind"], sort=False):
        quantity, kind = map(str, names)
        values = rows.set_index("cell_id")
        if quantity.endswith(MAGNITUDES):
            estimated = over_processes(values["median"])
        else:
            estimated = _ratio(values) if quantity.endswith(RARE) else mean_of_processes(values["mean"])
            if quantity.endswith(_SHARE):
                estimated["high"] = estimated["high"].clip(upper=1.0)
        parts.append(estimated.reset_index().assign(quantity=quantity, kind=kind))
    return pd.concat(parts, ignore_index=True)[_COLUMNS] if parts else nothing()


def of_processes(runs: pd.DataFrame, trials: pd.DataFrame, observations: pd.DataFrame) -> pd.DataFrame:
    """Return a row for each quantity of each fresh process.

    ``mean`` and ``median`` over its trials, ``events`` and ``tasks`` in all.

    What counts is what `observe` counts.
    """
    good = runs.loc[runs["status"].eq("ok"), ["cell_id", "round"]]
    counted = trials.loc[
        ~trials["warmup"] & ~trials["traced"], ["cell_id", "round", "trial", "kind", "tasks"]
    ]
    trial = observations.merge(counted.merge(good)).groupby([*_CELL, "round", "trial"], sort=False)
    found = trial.agg(value=("value", "mean"), tasks=("tasks", "first"))
    found["events"] = found["value"] * found["tasks"].astype("float64")
    return (
        found.groupby([*_CELL, "round"], sort=False)
        .agg(
            mean=("value", "mean"),
            median=("value", "median"),
            events=("events", "sum"),
            tasks=("tasks", "sum"),
        )
        .reset_index()
    )


def nothing() -> pd.DataFrame:
    """Return what is observed where patterns observe nothing beside times."""
    return pd.DataFrame(columns=_COLUMNS)


def mean_of_processes(values: pd.Series[float]) -> pd.DataFrame:
    """Return the mean of each cell's ``values``, one per process, with Student's interval: none is below zero."""
    cells = values.groupby(level="cell_id")
    mean, rounds = cells.mean(), cells.size()
    half = cells.std(ddof=1) / np.sqrt(rounds) * stdtrit((rounds - 1).clip(lower=1), (1 + LEVEL) / 2)
    low = (mean - half).clip(lower=0)
    return pd.DataFrame({"value": mean, "low": low, "high": mean + half, "rounds": rounds})


def _ratio(values: pd.DataFrame) -> pd.DataFrame:
    """Return the ``events`` of each cell by its ``tasks``, given those of each process, with Student's interval.

    It is that of the ratio estimator (W. Cochran, *Sampling Techniques*, 1977, section 6.4): processes that did more
    count for more.
    """
    cells = values[["events", "tasks"]].astype("float64").groupby(level="cell_id")
    sums, rounds = cells.sum(), cells.size()
    ratio = sums["events"] / sums["tasks"]
    beyond = values["events"] - values["tasks"].astype("float64") * ratio.reindex(values.index)
    spread = np.sqrt((beyond**2).groupby(level="cell_id").sum() / (rounds - 1).where(rounds.gt(1)))
    error = spread * np.sqrt(rounds) / sums["tasks"]
    half = error * stdtrit((rounds - 1).clip(lower=1), (1 + LEVEL) / 2)
    return pd.DataFrame(
        {"value": ratio, "low": (ratio - half).clip(lower=0), "high": ratio + half, "rounds": rounds}
    )


def name_quantity(quantity: str) -> str:
    """Return what a quantity is called: ``lateness p99`` for lateness_p99_ns."""
    unit = next((unit for unit in _UNITS_UNSAID if quantity.endswith(unit)), "")
    return quantity.removesuffix(unit).replace("_", " ")


def write_quantity(quantity: str, value: float) -> str:
    """Return how much of a quantity, in its unit; a dash if it is missing."""
    return next((form for unit, form in _FORMS.items() if quantity.endswith(unit)), format_ratio)(value)
