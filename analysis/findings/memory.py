"""What a worker costs in memory: the cheapest mechanism, what a fork shares, and what more workers would take.

The rules are those of docs/verdicts.md.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from breakeven.analysis.findings.finding import Finding
from breakeven.analysis.frames.factors import label_mechanisms, label_settings, name_work, tell_apart
from breakeven.analysis.frames.load import Lab
from breakeven.analysis.units import format_size, plural

PATTERN = "memory"
ALIKE, STEP = 1.1, 2.0**20
"""Costs of memory are alike up to so many times the least, and up to so many bytes more, as in verdicts."""

FURTHER = (10, 100)
"""For so many workers it is estimated what they would take."""

BENT = 0.05
"""Memory does not grow linearly if a measured sum is off the line by more than this share of the largest, and by more
than `STEP`."""

_ADDED, _PRIVATE, _RESIDENT = "added_bytes", "private_bytes", "resident_bytes"
_APART = ("spawn", "forkserver")
_FEWEST_COUNTS, _FEWEST_TO_JUDGE = 2, 3


def find(lab: Lab) -> list[Finding]:
    """Return what follows for each work: who is cheapest, what forks share, what 10 and 100 workers would take."""
    cells = memory_cells(lab)
    parts = [own for _, own in cells.groupby("setting", sort=False)]
    return [finding for own in parts for finding in (*_cheapest(own), *_forks(own), *_growth(own))]


def memory_cells(lab: Lab) -> pd.DataFrame:
    """Return the cells that observed memory, with what they observed.

    ``mechanism`` and ``setting`` tell them apart, ``about`` names a setting.
    """
    cells = lab.estimates[lab.estimates["pattern"].eq(PATTERN) & lab.estimates["model"].ne("serial")]
    seen = lab.observed[lab.observed["kind"].eq("parallel")].set_index("cell_id")
    for quantity in (_ADDED, _PRIVATE, _RESIDENT):
        own = seen.loc[seen["quantity"].eq(quantity), ["value", "low", "high"]]
        names = {"value": quantity, "low": f"{quantity}_low", "high": f"{quantity}_high"}
        cells = cells.join(own.rename(columns=names).astype("float64"))
    cells = cells[cells[_ADDED].notna()]
    if cells.empty:
        return cells.assign(mechanism="", setting="", about="")
    cells = cells.assign(
        mechanism=label_mechanisms(cells), setting=label_settings(cells), work=name_work(cells)
    )
    names = {str(setting): _name(own) for setting, own in cells.groupby("setting")}
    mechanism = tell_apart(cells, "mechanism", ["setting", "workers"])
    return cells.assign(mechanism=mechanism, about=cells["setting"].map(names))


def _name(cells: pd.DataFrame) -> str:
    """Return what the work of ``cells`` is, with the knobs that all of them set."""
    about, variants = str(cells["setting"].iloc[0] or cells["work"].iloc[0]), cells["variant"].unique()
    named = len(variants) > 1 or variants[0] in about
    return about if named else f"{about} with {variants[0]}"


def _sized(cell: pd.Series[float], quantity: str = _ADDED) -> str:
    """Return a size with its interval, if there is one."""
    low, high = cell[f"{quantity}_low"], cell[f"{quantity}_high"]
    interval = "" if pd.isna(low) else f" [{format_size(low)}, {format_size(high)}]"
    return f"{format_size(cell[quantity])}{interval}"


def _compared(cells: pd.DataFrame) -> pd.DataFrame:
    """Return the cells with one number of workers: the largest that most mechanisms were measured with."""
    numbers = cells.groupby("workers")["mechanism"].nunique()
    return cells[cells["workers"].eq(numbers.index[numbers.eq(numbers.max())].max())].sort_values(_ADDED)


def _cheapest(cells: pd.DataFrame) -> Iterator[Finding]:
    rows = _compared(cells)
    if len(rows) < 2:  # noqa: PLR2004  # nothing to compare
        return
    best, rest = rows.iloc[0], rows.iloc[1:]
    alike = rest[_ADDED].le(max(ALIKE * best[_ADDED], best[_ADDED] + STEP))
    dearer = rest[f"{_ADDED}_low"].gt(best[f"{_ADDED}_high"]) & ~alike
    open_ = rest[~alike & ~dearer]
    workers = int(best["workers"])
    count = "one worker" if workers == 1 else f"each of {workers} workers"
    parts = [f"{best['mechanism']} takes the least memory for {count}, {_sized(best)}"]
    if alike.any():
        parts.append(f"alike: {_listed(rest[alike])}")
    if dearer.any():
        parts.append(f"more: {_listed(rest[dearer])}")
    if len(open_):
        parts[0] = (
            f"not decided which takes the least memory; at best {best['mechanism']}, {_sized(best)} for {count}"
        )
        parts.append(f"may take as much: {_listed(open_)}")
    about = cells["about"].iloc[0]
    decision = "undecided" if len(open_) else "cheapest"
    yield Finding(
        f"which worker takes the least memory for {about}",
        decision,
        f"For {about}: {'; '.join(parts)}.",
        tuple(map(str, rows.index)),
        clause=""
        if len(open_)
        else f"a worker takes least as {best['mechanism']}, {format_size(best[_ADDED])}",
    )


def _listed(rows: pd.DataFrame) -> str:
    return ", ".join(f"{row['mechanism']} {_sized(row)}" for _, row in rows.iterrows())


def _forks(cells: pd.DataFrame) -> Iterator[Finding]:
    """Yield how much memory a forked worker has of its own, beside a fresh one of the same model."""
    for (model, _), rows in _compared(cells).groupby(["model", "variant"], dropna=False, sort=False):
        forked, fresh = rows[rows["start_method"].eq("fork")], rows[rows["start_method"].isin(_APART)]
        if forked.empty or fresh.empty or forked[_PRIVATE].isna().all() or fresh[_PRIVATE].isna().all():
            continue
        mine, other = forked.iloc[0], fresh.sort_values(_PRIVATE).iloc[0]
        less = mine[f"{_PRIVATE}_high"] < other[f"{_PRIVATE}_low"]
        more = mine[f"{_PRIVATE}_low"] > other[f"{_PRIVATE}_high"]
        decision = "shares" if less else "copies" if more else "undecided"
        share = 100 * (1 - mine[_PRIVATE] / mine[_RESIDENT])
        about = cells["about"].iloc[0]
        yield Finding(
            f"what a fork shares for {about} in {model}",
            decision,
            f"For {about}: of the {format_size(mine[_RESIDENT])} that a forked worker of {model} has in memory, "
            f"{share:.0f} % are shared and {_sized(mine, _PRIVATE)} its own; one made by {other['start_method']} has "
            f"{_sized(other, _PRIVATE)} of its own{_TOLD[decision]}.",
            (str(forked.index[0]), str(fresh.sort_values(_PRIVATE).index[0])),
        )


_TOLD = {
    "shares": "",
    "copies": ", so the fork saves nothing: its workers write to what they inherit",
    "undecided": ", which is not surely a difference",
}


def _growth(cells: pd.DataFrame) -> Iterator[Finding]:
    """Yield what more workers would take, by a line through the sums that were measured."""
    lines = {str(name): own.sort_values("workers") for name, own in cells.groupby("mechanism", sort=False)}
    lines = {name: own for name, own in lines.items() if own["workers"].nunique() >= _FEWEST_COUNTS}
    if not lines:
        return
    straight = {name: own for name, own in lines.items() if not _is_bent(own)}
    counts = sorted({int(count) for own in lines.values() for count in own["workers"]})
    estimates = [f"{name} {_at(own)}" for name, own in straight.items()]
    bent = [name for name in lines if name not in straight]
    measured = _and([str(count) for count in counts])
    wanted = _and([str(count) for count in FURTHER])
    parts = []
    if estimates:
        parts.append(
            f"a linear estimate from {plural(measured, 'worker')} for {wanted}: {', '.join(estimates)}"
        )
    if bent:
        parts.append(
            f"{_and(bent)} does not grow linearly from {plural(measured, 'worker')}, so nothing is estimated"
        )
    about = cells["about"].iloc[0]
    yield Finding(
        f"what more workers would take for {about}",
        "estimated" if estimates else "not linear",
        f"For {about}: {'; '.join(parts)}.",
        tuple(str(cell) for own in lines.values() for cell in own.index),
    )


def line(cells: pd.DataFrame) -> tuple[float, float]:
    """Return the bytes of each further worker, and of none, by the line through all that ``cells`` take."""
    slope, base = np.polyfit(cells["workers"].astype("float64"), cells[_ADDED] * cells["workers"], 1)
    return float(slope), float(base)


def _is_bent(cells: pd.DataFrame) -> bool:
    if cells["workers"].nunique() < _FEWEST_TO_JUDGE:
        return False
    slope, base = line(cells)
    total = (cells[_ADDED] * cells["workers"]).astype("float64")
    off = (total - base - slope * cells["workers"].astype("float64")).abs().max()
    return bool(off > max(BENT * total.max(), STEP))


def _at(cells: pd.DataFrame) -> str:
    slope, base = line(cells)
    return " and ".join(format_size(max(base + slope * count, 0.0)) for count in FURTHER)


def _and(texts: list[str]) -> str:
    *some, last = texts
    return f"{', '.join(some)} and {last}" if some else last
