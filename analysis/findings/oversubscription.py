"""What it costs if workers and the native threads of their tasks are more than there are CPUs.

The rule is that of docs/verdicts.md.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd

from breakeven.analysis.findings.finding import Finding
from breakeven.analysis.frames.extremes import place_of_best
from breakeven.analysis.frames.factors import label_settings, name_work, write
from breakeven.analysis.frames.intervals import over_processes
from breakeven.analysis.frames.load import Lab
from breakeven.analysis.frames.slowed import BUSY
from breakeven.analysis.units import format_rate, plural

PATTERN = "map"
BAND = 0.05
"""A loss of less than this share is none, as in verdicts."""

_RATE = "throughput_per_s"
_ALIKE = ("model", "start_method", "ipc", "interpreter", "interpreter_flags", "affinity", "setting")


def find(lab: Lab) -> list[Finding]:
    """Return what oversubscription costs, for each work and mechanism.

    Some of its cells must be oversubscribed and others not.
    """
    if not lab.runs["cpus_alone"].astype("float64").gt(BUSY).any():
        return []  # no task has native threads, as in most sweeps
    cells = demanding(lab)
    parts = [own for _, own in cells.groupby(list(_ALIKE), dropna=False, sort=False)]
    return [finding for own in parts for finding in _find(own)]


def demanding(lab: Lab) -> pd.DataFrame:
    """Return the cells of fixed work with ``cpus_alone``, and whether they are ``over``.

    ``cpus_alone`` is what one task keeps busy alone; cells are over if all tasks want more CPUs than there are.

    ``over`` holds only of tasks that compute on native threads: workers alone may be more than CPUs for other reasons.
    """
    good = lab.runs[lab.runs["status"].eq("ok")].set_index("cell_id")
    alone = good["cpus_alone"].astype("float64").groupby(level="cell_id").median()
    rates = over_processes(good[_RATE].astype("float64").dropna()).drop(columns="rounds")
    ends = {"value": _RATE, "low": f"{_RATE}_low", "high": f"{_RATE}_high"}
    cells = lab.estimates.drop(columns=list(ends.values())).join(alone).join(rates.rename(columns=ends))
    cells = cells[cells["pattern"].eq(PATTERN) & cells["model"].ne("serial") & cells[_RATE].notna()]
    if cells.empty:
        return cells.assign(over=False, setting="", threads="", work="")
    want = cells["cpus_alone"] * cells["workers"]
    over = cells["cpus_alone"].gt(BUSY) & want.gt(BUSY * cells["cpu_count"])
    plain = cells.assign(variables=None)
    return cells.assign(
        over=over,
        setting=label_settings(plain),
        work=name_work(cells),
        threads=write(cells, "variables").fillna(""),
    )


def _find(cells: pd.DataFrame) -> Iterator[Finding]:
    over, fit = cells[cells["over"]], cells[~cells["over"] & cells["workers"].le(cells["cpu_count"])]
    if over.empty or fit.empty:
        return
    worst = over.iloc[place_of_best(over["cpus_alone"] * over["workers"])]
    best = fit.iloc[place_of_best(fit[_RATE])]
    decision = _decide(worst, best)
    about = str(worst["setting"] or worst["work"])
    loss = 1 - worst[_RATE] / best[_RATE]
    told = {
        "costs": f"oversubscribed, it does {100 * loss:.0f} % less",
        "harmless": f"that is not surely more than {100 * BAND:.0f} % less",
        "undecided": "it is not decided whether that costs anything",
    }
    yield Finding(
        f"what oversubscription costs for {about} in {worst['model']}",
        decision,
        f"For {about} in {worst['model']}: {_text(worst)} on {plural(int(worst['cpu_count']), 'CPU')}; at best without "
        f"oversubscription {_text(best)}: {told[decision]}.",
        (str(worst.name), str(best.name)),
        clause=f"{worst['model']}: {told[decision]}" if decision == "costs" else "",
    )


def _decide(worst: pd.Series[Any], best: pd.Series[Any]) -> str:
    """Return whether the worst rate surely lies below the best by more than the band, or surely does not."""
    if worst[f"{_RATE}_high"] < (1 - BAND) * best[f"{_RATE}_low"]:
        return "costs"
    return "harmless" if worst[f"{_RATE}_low"] > (1 - BAND) * best[f"{_RATE}_high"] else "undecided"


def _text(cell: pd.Series[Any]) -> str:
    low, high = cell[f"{_RATE}_low"], cell[f"{_RATE}_high"]
    interval = "" if pd.isna(low) else f" [{format_rate(low)}, {format_rate(high)}]"
    with_ = f" with {cell['threads']}" if cell["threads"] else ""
    count = int(cell["workers"])
    return (
        f"{plural(count, 'worker')} x {cell['cpus_alone']:.1f} CPUs a task{with_} "
        f"{'does' if count == 1 else 'do'} {format_rate(cell[_RATE])}{interval}"
    )
