"""The cells of both sides in one frame, and their names."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import pandas as pd

from breakeven.analysis.comparing.knobs import METHOD, TRIAL, all_knobs, factors_of
from breakeven.analysis.comparing.select import Side
from breakeven.analysis.frames.asked import answers_alike
from breakeven.analysis.frames.factors import BARE, varying, write
from breakeven.analysis.frames.selection import show_value, typed
from breakeven.base.factors import FACTORS

Key = int
"""Identifies a cell of either side: two sweeps of one configuration share the cell_id."""

_SEPARATORS = ("python_version", "implementation", "gil_enabled", "engine", "source", "seed")
"""Columns by which cells of the same factors may still be different measurements."""

_ALWAYS = ("function", "model")
"""Factors that are named though they do not vary, if there is something to name."""
_AT_LEAST = ("workload", "pattern", "workers")
_IN_NAME = {
    "label": "label {}",
    "start_method": "start by {}",
    "workers": "{} workers",
    "payload_out_asked_bytes": "{} back",
    "tasks": "{} tasks",
    "task_ns": "task {}",
    TRIAL: "trial {}",
    "window_ns": "window {}",
    "affinity": "affinity {}",
    "interpreter_flags": "started with {}",
}


def cells_of(a: Side, b: Side) -> pd.DataFrame:
    """Return one row per cell, indexed by `Key`: side, cell_id, factors, knobs, and other distinguishing columns."""
    return _first_rows(_stack({side.name: side.runs for side in (a, b)}))


def left_out_of(a: Side, b: Side) -> pd.DataFrame:
    """Return the cells without a run of status ok, in the same form."""
    parts = {side.name: side.left_out for side in (a, b)}
    good = {side.name: set(side.runs["cell_id"]) for side in (a, b)}
    bad = {name: runs[~runs["cell_id"].isin(good[name])] for name, runs in parts.items()}
    return _first_rows(_stack(bad))


def _stack(runs: dict[str, pd.DataFrame]) -> pd.DataFrame:
    rows = [frame.assign(side=name).astype("object") for name, frame in runs.items()]
    return pd.concat(rows, ignore_index=True)


def _first_rows(runs: pd.DataFrame) -> pd.DataFrame:
    knobs = all_knobs(runs.columns)
    names = ["side", "cell_id", *FACTORS, TRIAL, *(name for name in _SEPARATORS if name in runs), *knobs]
    return runs[names].drop_duplicates(["side", "cell_id"], ignore_index=True)


def differing_columns(cells: pd.DataFrame) -> list[str]:
    """Return the columns that distinguish ``cells``: factors and knobs first, then versions and method."""
    methods = [str(name) for name in cells.columns if str(name).split(".")[0] in METHOD]
    names = [*factors_of(cells.columns), *(name for name in _SEPARATORS if name in cells), *methods]
    return [name for name in dict.fromkeys(names) if len(cells[name].drop_duplicates()) > 1]


@dataclass(frozen=True)
class Names:
    """Names of cells, made of the columns that distinguish them."""

    texts: dict[str, dict[Key, str]]

    @classmethod
    def of(cls, cells: pd.DataFrame, named: Iterable[str]) -> Names:
        """Choose the columns that vary besides the ``named`` ones, the user's functions and the model; at least one."""
        hidden = {*named, *_implied(cells)}
        if len(cells["function"].unique()) == 1:
            hidden.discard("function")  # it is not what the comparison is about
        known = [name for name in factors_of(cells.columns) if name not in hidden]
        vary = varying(cells, known)
        shown = [name for name in known if name in vary or (name in _ALWAYS and cells[name].notna().any())]
        shown = _drop_implied(cells, shown) or [name for name in _AT_LEAST if name not in hidden]
        texts = {name: dict(zip(cells.index, _write(cells, name), strict=True)) for name in shown}
        for name in differing_columns(cells):
            if name not in hidden | set(shown) and _tells_apart(cells, name, texts):
                texts[name] = {
                    key: f"{typed(name)}={show_value(value, name)}" for key, value in cells[name].items()
                }
        return cls(texts)

    def of_cell(self, cell: Key) -> str:
        """Return the name of one cell."""
        return self._join(cell)

    def of_pair(self, one: Key, other: Key) -> str:
        """Return the name of a pair, with ``queue v native`` for what differs."""
        return self._join(one, other)

    def _join(self, *cells: Key) -> str:
        parts = (
            " v ".join(dict.fromkeys(text[cell] for cell in cells if text[cell]))
            for text in self.texts.values()
        )
        return ", ".join(part for part in parts if part) or "the cell"


def _tells_apart(cells: pd.DataFrame, name: str, texts: dict[str, dict[Key, str]]) -> bool:
    """Return whether cells of a side that have one name so far differ in the column ``name``."""
    named = pd.DataFrame({"side": cells["side"]} | texts, index=cells.index)
    names = [named[column] for column in named]
    return bool(cells[name].groupby(names, dropna=False).nunique(dropna=False).gt(1).any())


def _drop_implied(cells: pd.DataFrame, names: list[str]) -> list[str]:
    """Drop names, the last first, without which the others still distinguish as many cells."""
    kept = list(names)
    for name in reversed(names):
        others = [other for other in kept if other != name]
        if name not in _ALWAYS and _count_kinds(cells, others) == _count_kinds(cells, kept):
            kept = others
    return kept


def _count_kinds(cells: pd.DataFrame, names: list[str]) -> int:
    return len(cells[["side", *names]].drop_duplicates())


def _implied(cells: pd.DataFrame) -> set[str]:
    """Return what the other factors determine: a payload back as large as that sent, tasks that a trial holds."""
    held = cells[TRIAL].notna().all()
    return {
        name
        for name, follows in (("payload_out_asked_bytes", answers_alike(cells)), ("tasks", held))
        if follows
    }


def _write(cells: pd.DataFrame, name: str) -> Iterable[str]:
    if name not in (*FACTORS, TRIAL):
        return cells[name].map(f"{name}={{}}".format, na_action="ignore").fillna("")
    texts = write(cells, name)
    texts = texts.where(texts.ne("")).map(_IN_NAME.get(name, "{}").format, na_action="ignore").fillna("")
    return texts.where(~texts.isin(BARE), "").replace("1 workers", "1 worker")
