"""What lies along x: where each cell stands, and how the axis is labelled."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, NullLocator

from breakeven.analysis.figures.look import set_length_axis, thin
from breakeven.analysis.figures.texts import wrap_label
from breakeven.analysis.frames.factors import label_cells
from breakeven.analysis.frames.lengths import lengths_of_tasks
from breakeven.analysis.frames.order import rank_cells
from breakeven.analysis.frames.selection import typed
from breakeven.analysis.units import format_length, format_size
from breakeven.base.text import fill_plural

WORKERS = "workers"


@dataclass(frozen=True)
class Length:
    """A quantity along x: its format on the axis, and in a text."""

    write: Callable[[float], str]
    text: str = "{}"


LENGTHS = {
    "task_ns": Length(format_length, "tasks of {}"),
    "payload_asked_bytes": Length(format_size),
    "payload_out_asked_bytes": Length(format_size, "{} back"),
    "window_ns": Length(format_length, "windows of {}"),
    "tasks": Length("{:.0f}".format, "{} tasks"),
}
"""Factors that are drawn to scale; workers are, too, and all others are drawn one beside the other."""

_SLANTED = 24
"""If the labels of an axis would need the room of more characters than this they are slanted."""

_TICKS = 24
"""The most places along x that are named."""

_OWN = "own"
"""What stands at the place of cells that have no such setting, such as a pool, which has a channel of its own."""


def place_cells(cells: pd.DataFrame, along: str | None) -> pd.DataFrame:
    """Add ``along``, the factor along x, ``length``, where a cell stands there, and ``at``, the text of that."""
    if along is None:
        return cells.assign(along=None)
    if along in LENGTHS:
        length = lengths_of_tasks(cells) if along == "task_ns" else cells[along].astype("float64")
        texts = length.map(LENGTHS[along].write, na_action="ignore")
        return cells.assign(
            along=along, length=length, at=texts.map(partial(fill_plural, LENGTHS[along].text))
        )
    texts = label_cells(cells, [along], "")
    if along == WORKERS:
        return cells.assign(along=along, length=cells[along].astype("float64"), at=texts)
    texts = texts.where(texts.ne(""), _OWN)
    order = rank_cells(cells, [along]).groupby(texts).min().rank(method="dense") - 1
    return cells.assign(along=along, length=texts.map(order).astype("float64"), at=texts)


def set_axis(axes: Axes, frame: pd.DataFrame) -> None:
    """Label x at the places of ``frame``, few enough to read."""
    along = str(frame["along"].iloc[0])
    axes.tick_params(labelbottom=True)
    if along in LENGTHS:
        set_length_axis(axes, frame["length"].dropna().tolist(), LENGTHS[along].write)
        return
    names = frame.sort_values("length").groupby("length")["at"].first()
    names = names.str.removeprefix(f"{along.rpartition('.')[2]}=")  # which is the axis's own label
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xlim(-0.5, names.index.max() + 0.5)
    names = names.loc[thin(names.index.tolist(), _TICKS)]
    axes.xaxis.set_major_locator(FixedLocator(names.index.tolist()))
    long = len(names) * max(map(len, names)) > _SLANTED
    axes.set_xticks(
        names.index.tolist(),
        [wrap_label(name) for name in names],
        rotation=30 if long else 0,
        ha="right" if long else "center",
    )


def is_scale(frame: pd.DataFrame) -> bool:
    """Return whether places along x are amounts, so that lines between them mean something."""
    return frame["along"].iloc[0] in (*LENGTHS, WORKERS)


def name_axis(frame: pd.DataFrame) -> str:
    """Return the label of x: the factor, and whether any task is drawn elsewhere than where it was asked for."""
    along = str(frame["along"].iloc[0])
    known = frame.dropna(subset=along)
    measured = along == "task_ns" and bool(known["length"].ne(known[along].astype("float64")).any())
    return f"{typed(along)}{', as measured' if measured else ''}"
