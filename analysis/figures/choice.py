"""Which cells to show side by side if a figure has room for only a few."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from breakeven.analysis.frames.order import rank_cells

_SAME = [
    *("workload", "function", "pattern", "workers"),
    *("payload_asked_bytes", "payload_out_asked_bytes", "task_ns", "variant"),
]
_PREFER: dict[str, Sequence[str]] = {
    "workload": ("function", "spin", "histogram"),
    "pattern": ("map", "window"),
    "model": ("thread", "process", "interpreter", "thread_pool", "process_pool", "mp_pool"),
    "ipc": ("queue", "pipe"),
}


_FAMILY = {
    "thread_pool": "thread",
    "process_pool": "process",
    "mp_pool": "process",
    "interpreter_pool": "interpreter",
}
_TASK_NS = 500e3
"""The longest task that is much shorter than a thread's turn of 5 ms."""

_TOO_LONG = 100.0
"""Puts any longer task behind all shorter ones."""


_OF_A_MECHANISM = (
    "model",
    "start_method",
    "ipc",
    "interpreter",
    "interpreter_flags",
    "variables",
    "affinity",
)
_FOLLOW = {"model": ("start_method", "ipc"), "interpreter": ("interpreter_flags",), "workload": ("function",)}
"""What differs with a factor and cannot be kept the same."""


def choose_comparable(cells: pd.DataFrame, limit: int, facet: Sequence[str] = ()) -> pd.DataFrame:
    """Choose up to ``limit`` cells that did the same work with as many workers, one per model and interpreter.

    With ``facet`` choose cells that differ in these factors alone, one per value.

    Prefer work that both threads and processes did; then a workload that computes, in tasks of suitable
    length, with most workers, in most models, with least payload.
    """
    if cells.empty:
        return cells
    if facet:
        return _choose_facets(cells, limit, facet)
    ranks = {f"{name}_rank": cells[name].map(_ranks(cells, name)) for name in _PREFER}
    length = (cells["task_ns"].astype(float) / _TASK_NS).map(np.log)
    fit = (length.abs() + _TOO_LONG * length.gt(0)).fillna(np.inf)
    ranked = cells.assign(**ranks, fit=fit, family=cells["model"].replace(_FAMILY)).reset_index()
    works = ranked.groupby([*_SAME, "workload_rank", "pattern_rank", "fit"], dropna=False, as_index=False)
    counts = works.agg(families=("family", "nunique"), models=("model", "nunique"))
    order = {"families": False, "workload_rank": True, "pattern_rank": True, "fit": True}
    order |= {"workers": False, "models": False, "payload_asked_bytes": True}
    best = counts.sort_values(list(order), ascending=list(order.values()), kind="stable").head(1)
    same = ranked.merge(best[_SAME], on=_SAME).sort_values(["model_rank", "ipc_rank"], kind="stable")
    one = same.drop_duplicates(["model", "interpreter", "gil_enabled"])
    turns = one.groupby("model").cumcount()  # one of each model first, then the next interpreter of each
    chosen = one.loc[turns.sort_values(kind="stable").index[:limit]]
    return cells.loc[one.loc[one.index.isin(chosen.index), "cell_id"]]


def _choose_facets(cells: pd.DataFrame, limit: int, facet: Sequence[str]) -> pd.DataFrame:
    """Choose the cells that are alike in all but ``facet`` where these have most values; prefer most workers."""
    free = {*facet, *(name for factor in facet for name in _FOLLOW.get(factor, ()))}
    alike = [name for name in (*_SAME, *_OF_A_MECHANISM) if name not in free]
    ranked = cells.assign(value=rank_cells(cells, facet), prefer=cells["model"].map(_ranks(cells, "model")))
    groups = ranked.groupby(alike, dropna=False, as_index=False)
    counts = groups.agg(values=("value", "nunique"), most=("workers", "max"), prefer=("prefer", "min"))
    order = counts.sort_values(["values", "most", "prefer"], ascending=[False, False, True], kind="stable")
    same = ranked.reset_index().merge(order.head(1)[alike], on=alike)
    one = same.drop_duplicates("value").sort_values("value").head(limit)
    return cells.loc[one["cell_id"]]


def _ranks(cells: pd.DataFrame, name: str) -> dict[str, int]:
    """Rank the values of ``name`` by preference; those without one come last."""
    preferred = _PREFER[name]
    return {
        value: preferred.index(value) if value in preferred else len(preferred)
        for value in cells[name].unique()
    }
