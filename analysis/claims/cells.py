"""The cells that claims are about, their estimates, and ratios of alike ones."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from math import nan

import numpy as np
import pandas as pd

from breakeven.analysis.claims.seen import Seen
from breakeven.analysis.comparing.effect import Welch
from breakeven.analysis.frames.factors import name_cells
from breakeven.analysis.frames.load import Lab

PURE = ("spin", "histogram")
"""Workloads of pure Python: they need the CPU, and the GIL if there is one."""

THREADS = ("thread", "thread_pool")
PROCESSES = ("process", "process_pool", "mp_pool")

ALIKE = (
    "pattern",
    "workload",
    "function",
    "task_ns",
    "window_ns",
    "affinity",
    "interpreter",
    "interpreter_flags",
)
"""Factors, beside workers and payload, in which cells are alike that are compared by their mechanism."""

_PAYLOAD = "payload_asked_bytes"


def select(
    cells: pd.DataFrame,
    pattern: str,
    models: Collection[str],
    workloads: Collection[str] | None = None,
    workers: int = 1,
) -> pd.DataFrame:
    """Return the ``cells`` with ``pattern``, one of ``models`` and of ``workloads``, and enough ``workers``."""
    kept = cells["pattern"].eq(pattern) & cells["model"].isin(models) & cells["workers"].ge(workers)
    return cells[kept if workloads is None else kept & cells["workload"].isin(workloads)]


def with_gil(cells: pd.DataFrame) -> pd.DataFrame:
    """Return those of ``cells`` whose workers had a GIL."""
    return cells[cells["gil_enabled"].astype("object").fillna(value=False).astype("bool")]


def names(cells: pd.DataFrame) -> pd.Series[str]:
    """Name each of ``cells`` by what was asked of it that tells it from the others, and its number of workers."""
    if cells.empty:
        return pd.Series([], cells.index, dtype="str")
    asked = cells.drop(columns="task_measured_ns", errors="ignore")
    plain = name_cells(asked).str.replace("pattern.", "", regex=False)
    return plain + " x" + cells["workers"].astype("str")


def named(cells: pd.DataFrame) -> list[tuple[str, str]]:
    """Return the cell_id of each of ``cells``, and its name."""
    return [(str(cell), name) for cell, name in names(cells).items()]


def estimated(cells: pd.DataFrame, column: str) -> list[Seen]:
    """Return the estimates of ``column``; an interval counts only if it stands for the cell and not for one process."""
    alone = cells["covers"].ne("cell")
    ends = {f"{column}{end}": cells[f"{column}{end}"].mask(alone) for end in ("_low", "_high")}
    return observed(cells.assign(**ends), column)


def observed(cells: pd.DataFrame, column: str) -> list[Seen]:
    """Return what ``cells`` have in ``column``, with the interval over processes beside it."""
    if cells.empty:
        return []
    ends = (cells[f"{column}{end}"].astype("float64") for end in ("", "_low", "_high"))
    rows = zip(named(cells), *ends, strict=True)
    return [Seen(name, value, low, high, (cell,)) for (cell, name), value, low, high in rows]


def intervals(found: pd.DataFrame, cells: pd.DataFrame) -> list[Seen]:
    """Return what ``found`` estimates of ``cells``: its columns are value, low and high, by cell_id."""
    ends = {"value": "seen", "low": "seen_low", "high": "seen_high"}
    return observed(cells.join(found[list(ends)].rename(columns=ends), how="inner"), "seen")


def pair(
    mine: pd.DataFrame, others: pd.DataFrame, alike: Sequence[str] = (*ALIKE, "workers", _PAYLOAD)
) -> Iterator[tuple[str, str]]:
    """Yield the cell_ids of each of ``mine`` and of each of ``others`` that is alike in the columns ``alike``."""
    keys = [
        frame[list(alike)].astype("object").where(frame[list(alike)].notna(), None)
        for frame in (mine, others)
    ]
    rows = [list(key.itertuples(index=True, name=None)) for key in keys]
    for cell, *settings in rows[0]:
        yield from ((str(cell), str(other)) for other, *theirs in rows[1] if settings == theirs)


def of_runs(lab: Lab, *columns: str) -> pd.Series[float]:
    """Return the sum of ``columns`` of each ok run, by cell_id."""
    good = lab.runs[lab.runs["status"].eq("ok")].set_index("cell_id")
    return good[list(columns)].astype("float64").sum(axis=1, skipna=False)


def ratio(name: str, values: pd.Series[float], one: str, other: str) -> Seen:
    """Return the ratio of ``values`` in cell ``one`` to those in cell ``other``.

    Each has one value for each fresh process, by cell_id.

    It is that of the geometric means, with Welch's interval; NaN if either has one process, or a value that is not
    above zero.
    """
    mine, others = (np.asarray(values[values.index == cell], np.float64) for cell in (one, other))
    if not len(mine) or not len(others):
        return Seen(name, nan, nan, nan, (one, other))
    found = Welch().compare(others, mine)
    return Seen(name, found.effect, found.low, found.high, (one, other))


def ratios(cells: pd.DataFrame, values: pd.Series[float], pairs: Iterable[tuple[str, str]]) -> list[Seen]:
    """Return for each of ``pairs`` the ratio of the first to the second, named by the first.

    If the first has several partners, by both.
    """
    found = list(pairs)
    firsts = Counter(one for one, _ in found)
    of_first, of_all = (dict(named(cells.loc[list(dict.fromkeys(ids))])) for ids in (firsts, cells.index))
    return [
        ratio(
            of_first[one] if firsts[one] == 1 else f"{of_all[one]} divided by {of_all[other]}",
            values,
            one,
            other,
        )
        for one, other in found
    ]
