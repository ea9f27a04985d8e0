"""Which cells of a sweep make a map: speedups over task length and payload, or over one of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from breakeven.analysis.figures.look import sort_labels
from breakeven.analysis.frames.factors import is_varied, label_mechanisms, label_settings, tell_apart
from breakeven.analysis.frames.lengths import is_near, lengths_of_tasks
from breakeven.analysis.frames.load import Lab
from breakeven.analysis.units import format_length, format_size
from breakeven.base.factors import FACTORS

Floats = NDArray[np.float64]

TASK, PAYLOAD = "task_ns", "payload"
_FOLLOW = ("payload_asked_bytes", "payload_out_asked_bytes", "tasks", "task_ns")
"""Factors that are an axis of a map, or follow from one."""

_NAMED_BY = {TASK: "task_ns", PAYLOAD: "payload_asked_bytes"}
"""The factor that names the value of an axis in a label."""

_ESTIMATES = (
    "speedup",
    "speedup_low",
    "speedup_high",
    "samples",
    "covers",
    "pairs_disturbed",
    "task_measured_ns",
)


@dataclass(frozen=True)
class Axis:
    """What lies along one side of a map: its name, and how a value is written."""

    column: str
    name: str
    write: Callable[[float], str]

    def about(self, value: float) -> str:
        """Write ``value`` with two digits, such as ``320 us``: a break-even is hardly known more exactly."""
        number, unit = self.write(value).split(" ")
        return f"{float(f'{float(number):.2g}'):g} {unit}"


AXES = {
    TASK: Axis(TASK, "task", format_length),
    PAYLOAD: Axis(PAYLOAD, "payload", format_size),
}


def mappable(lab: Lab) -> pd.DataFrame:
    """Return the parallel cells of ``lab`` that may have a speedup, failed ones too, with what a map needs of them.

    ``payload`` is what was asked for, ``length`` how long a task is, ``place`` numbers what one map is of: a mechanism,
    its workers, and all else but task length and payload.
    """
    cells = lab.cells[lab.cells["model"].ne("serial") & lab.cells["pattern"].ne("pingpong")]
    cells = cells.join(lab.estimates[list(_ESTIMATES)])
    automatic = lab.runs.groupby("cell_id")["trial_ns"].first().reindex(cells.index).notna()
    cells = cells.assign(tasks=cells["tasks"].mask(automatic))
    payload = cells["payload_asked_bytes"].astype("float64").fillna(0.0)
    cells = cells.assign(
        payload=payload, task_ns=cells["task_ns"].astype("float64"), length=lengths_of(cells)
    )
    keys = [name for name in (*FACTORS, "variant") if name not in _FOLLOW]
    return cells.assign(place=number_places(cells, keys))


def lengths_of(cells: pd.DataFrame) -> pd.Series[float]:
    """Return how long a task of each cell is; where none was asked for, as in a function, as it was measured."""
    return lengths_of_tasks(cells).fillna(cells["task_measured_ns"].astype("float64"))


def number_places(cells: pd.DataFrame, keys: Sequence[str], one: str | None = None) -> pd.Series[int]:
    """Return a number per group of ``keys``.

    If several cells of one lie at one place, what tells them apart is a key, too.

    Cells of the same ``one`` may lie at one place.
    """
    same = cells["payload_out_asked_bytes"].eq(cells["payload_asked_bytes"])
    further = cells.assign(payload_out_asked_bytes=cells["payload_out_asked_bytes"].mask(same))
    which = cells[one] if one else pd.Series(range(len(cells)), cells.index)
    for name in (None, "payload_out_asked_bytes", "tasks"):
        keys = [*keys, name] if name else [*keys]
        numbers = further.groupby(keys, dropna=False, sort=False).ngroup()
        if which.groupby([numbers, cells[TASK], cells[PAYLOAD]], dropna=False).nunique().max() == 1:
            break
    return numbers


def choose_maps(cells: pd.DataFrame) -> pd.DataFrame:
    """Return the `mappable` cells that make maps, named by ``mechanism`` and ``setting``; empty if none do."""
    chosen = with_sides(cells)
    if chosen.empty:
        return chosen.assign(mechanism="", setting="")
    named = chosen.assign(mechanism=name_mechanisms(chosen), setting=_settings(chosen))
    return named.assign(mechanism=tell_apart(named, "mechanism", ["setting", TASK, PAYLOAD]))


def with_sides(cells: pd.DataFrame) -> pd.DataFrame:
    """Return the cells of those places that make maps.

    ``axis`` is along what a strip lies, empty for a map of two sides.

    A map has two sides if a square of neighbours was measured; if none has, a single axis makes a strip.
    """
    places = cells.loc[cells["speedup"].notna(), ["place", TASK, PAYLOAD]].groupby("place")
    both = [place for place, group in places if _has_square(group)]
    told = both or [place for place, group in places if is_varied(group[TASK]) or is_varied(group[PAYLOAD])]
    chosen = cells[cells["place"].isin(told)]
    if both or chosen.empty:
        return chosen.assign(axis="")
    return pd.concat([_straighten(group) for _, group in chosen.groupby("place", sort=False)])


def _has_square(group: pd.DataFrame) -> bool:
    """Return whether four cells at the corners of a square of neighbours were measured."""
    group = group.dropna()
    (rows, sizes), (columns, lengths) = (pd.factorize(group[name], sort=True) for name in (PAYLOAD, TASK))
    known = np.zeros((len(sizes), len(lengths)), bool)
    known[rows, columns] = True
    full = known[1:, 1:] & known[:-1, 1:] & known[1:, :-1] & known[:-1, :-1]
    return bool(full.any())


def _straighten(group: pd.DataFrame) -> pd.DataFrame:
    """Return the cells along the axis with more values, at that value of the other that most of them have."""
    measured = group[group["speedup"].notna()]
    axis = TASK if measured[TASK].nunique() >= measured[PAYLOAD].nunique() else PAYLOAD
    other = PAYLOAD if axis == TASK else TASK
    usual = measured[other].mode()
    line = group[group[other].eq(usual.iloc[0])] if len(usual) else group
    return line.assign(axis=axis)


def name_mechanisms(cells: pd.DataFrame) -> pd.Series[str]:
    """Name each cell by its mechanism, and by its workers if their number varies."""
    labels = label_mechanisms(cells)
    if not is_varied(cells["workers"]):
        return labels
    return labels + " x" + cells["workers"].astype("str")


def _settings(cells: pd.DataFrame) -> pd.Series[str]:
    """Name what else differs between maps; of strips, what each has only one of, if others have another."""
    fixed = [factor for name, factor in _NAMED_BY.items() if _fixed(cells, name)]
    return label_settings(cells, without=[name for name in _FOLLOW if name not in fixed])


def _fixed(cells: pd.DataFrame, column: str) -> bool:
    """Return whether each map is of one value of ``column``."""
    return bool(cells.groupby("place")[column].nunique().le(1).all())


@dataclass(frozen=True)
class Map:
    """One panel: ``cells`` with a ``row`` and a ``column``, and what stands beside the rows and below the columns."""

    title: str
    cells: pd.DataFrame
    x: Axis
    y: Axis | None
    columns: tuple[float, ...]
    rows: tuple[Any, ...]

    @property
    def shape(self) -> tuple[int, int]:
        """Return how many rows and columns it has."""
        return len(self.rows), len(self.columns)

    def grid(self, name: str) -> Floats:
        """Return the values of a column of ``cells`` where they lie, NaN without a cell."""
        found = np.full(self.shape, np.nan)
        found[self.cells["row"], self.cells["column"]] = self.cells[name].astype("float64")
        return found

    @cached_property
    def places(self) -> Floats:
        """Return what each column stands for; see `place_columns`."""
        return np.array(place_columns(self.cells, self.x), dtype="float64")

    def write_places(self) -> list[str]:
        """Write what each column stands for."""
        pairs = zip(self.places, self.columns, strict=True)
        return [self.x.write(place) if place == asked else self.x.about(place) for place, asked in pairs]


def place_columns(cells: pd.DataFrame, axis: Axis) -> pd.Series[float]:
    """Return what each column of a map stands for, by what was asked for, in the order in which columns stand.

    That is a payload or the length of a task: as measured if its tasks are not about as long as asked. What is measured
    may be in another order than what was asked for, and columns are in the order of what they show.
    """
    asked = pd.Index(sorted(cells[axis.column].dropna().unique()), dtype="float64")
    places = pd.Series(asked, asked)
    if axis.column != TASK:
        return places
    logs = pd.Series(np.log(cells["length"].to_numpy("float64")))
    means = logs.groupby(cells[axis.column].to_numpy("float64")).mean().reindex(asked)
    found = pd.Series(np.exp(means.to_numpy("float64")), asked)
    return found.where(found.notna() & ~is_near(places, found), places).sort_values(kind="stable")


def to_maps(cells: pd.DataFrame) -> list[Map]:
    """Return the maps of what `choose_maps` chose.

    One per mechanism, or one of all mechanisms for each axis and setting.
    """
    if cells["axis"].eq("").all():
        titles = cells["mechanism"] + cells["setting"].where(cells["setting"].eq(""), ", " + cells["setting"])
        groups = cells.assign(title=titles)
        return [
            map_of_both(groups[groups["title"].eq(title)], title) for title in sort_labels(groups, "title")
        ]
    groups = cells.assign(panel=cells["axis"] + ":" + cells["setting"])
    return [_of_one(groups[groups["panel"].eq(panel)]) for panel in sort_labels(groups, "panel")]


def map_of_both(cells: pd.DataFrame, title: str) -> Map:
    """Return the map of ``cells`` over task length and payload."""
    columns, rows = list(place_columns(cells, AXES[TASK]).index), sorted(cells[PAYLOAD].dropna().unique())
    placed = cells.assign(column=index_of(cells[TASK], columns), row=index_of(cells[PAYLOAD], rows))
    return Map(title, placed, AXES[TASK], AXES[PAYLOAD], tuple(columns), tuple(rows))


def _of_one(cells: pd.DataFrame) -> Map:
    axis = AXES[str(cells["axis"].iloc[0])]
    columns, rows = list(place_columns(cells, axis).index), sort_labels(cells, "mechanism")[::-1]
    placed = cells.assign(
        column=index_of(cells[axis.column], columns), row=index_of(cells["mechanism"], rows)
    )
    return Map(str(cells["setting"].iloc[0]), placed, axis, None, tuple(columns), tuple(rows))


def index_of(values: pd.Series[Any], known: Sequence[object]) -> pd.Series[int]:
    """Return where each value stands in ``known``."""
    return values.map({value: place for place, value in enumerate(known)}).astype("int64")


def label_columns(panel: Map) -> list[str]:
    """Return what stands below the columns; of a function, how long a call with each payload takes as well."""
    texts = panel.write_places()
    own = panel.cells[panel.cells["workload"].eq("function")]
    if panel.x.column == TASK or own.empty:
        return texts
    lengths = own.groupby("column")["length"].median().reindex(range(len(texts)))
    calls = ["" if np.isnan(length) else f"\n{AXES[TASK].about(length)}" for length in lengths]
    return [text + call for text, call in zip(texts, calls, strict=True)]


def name_columns(panel: Map) -> str:
    """Return the name of what lies along x; if `label_columns` adds how long a call takes, that as well."""
    own = panel.x.column == PAYLOAD and panel.cells["workload"].eq("function").any()
    return f"{panel.x.name}, and how long a call takes" if own else panel.x.name
