"""What is paid before the first task: dots by mechanism, a panel a number of workers.

It is the common part of two figures.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from breakeven.analysis.figures.context import Context, NothingToDraw
from breakeven.analysis.figures.disturbed import describe_disturbed
from breakeven.analysis.figures.dots import draw_dots
from breakeven.analysis.figures.edges import HEADROOM, cut
from breakeven.analysis.figures.look import Styles, describe_sample, finish, look, thin, thinned
from breakeven.analysis.figures.roles import Roles, in_order, name_cells
from breakeven.analysis.figures.ticks import set_log_axis
from breakeven.analysis.frames.factors import is_varied
from breakeven.analysis.frames.hosts import host_of
from breakeven.analysis.frames.intervals import over_processes
from breakeven.analysis.frames.load import Lab
from breakeven.analysis.units import format_time, plural
from breakeven.base.factors import FACTORS

__all__ = ["ACCEPTS", "Cost", "draw_ways", "frame_ways"]

ACCEPTS: tuple[str, ...] = ("hue", "facet")
_WORK = (
    *("workload", "pattern", "tasks", "task_ns", "window_ns", "affinity", "seed"),
    *("payload_asked_bytes", "payload_out_asked_bytes", "payload_bytes", "payload_out_bytes", "label"),
)
"""What tasks do: nothing of it begins before all workers are ready."""

_IDENTITY = ("function", "variant")
_OF_WORKERS = ("model.", "ipc.", "gc=", "switch_interval=")
_ROWS = 24


@dataclass(frozen=True)
class Cost:
    """One cost in ns: its column, what makes it of the columns of runs, and its name.

    ``lacking`` says what a sweep without it lacks.
    """

    column: str
    parts: tuple[str, ...]
    name: str
    lacking: str

    def of(self, runs: pd.DataFrame) -> pd.Series[float]:
        """Return the cost in each run, NaN if it is unknown."""
        return runs[list(self.parts)].astype("float64").sum(axis=1, skipna=False)


def frame_ways(lab: Lab, roles: Roles, cost: Cost) -> pd.DataFrame:
    """Return one row for each way to start workers or channels: its cost, with interval; raise NothingToDraw.

    Cells that differ in nothing but what their tasks do, which begins later, are started alike: their processes count
    together.
    """
    runs = lab.runs.assign(**{cost.column: cost.of(lab.runs)})
    good = runs[runs["status"].eq("ok") & runs[cost.column].gt(0)]
    of_a_cell = [f"{cost.column}{end}" for end in ("", "_low", "_high")]
    cells = roles.add_to(lab.estimates.drop(columns=of_a_cell, errors="ignore")).assign(variant=_of_workers)
    cells = cells[cells.index.isin(good["cell_id"])].drop(columns=["samples", "rounds", "covers"])
    started = [
        name for name in (*FACTORS, *roles.knobs.columns, *_IDENTITY) if name in cells and name not in _WORK
    ]
    alike = cells.groupby(started, dropna=False, sort=False).ngroup()
    first = alike.drop_duplicates()
    times = good.assign(cell_id=good["cell_id"].map(alike.map(dict(zip(first, first.index, strict=True)))))
    found = over_processes(times.set_index("cell_id")[cost.column].astype("float64"), hosts=host_of(times))
    ends = {"value": cost.column, "low": f"{cost.column}_low", "high": f"{cost.column}_high"}
    ways = (
        cells.loc[first.index]
        .join(found.rename(columns=ends))
        .assign(
            combined=alike.value_counts()[first].to_numpy(),
            pairs_disturbed=cells["pairs_disturbed"].groupby(alike).max()[first].to_numpy(),
        )
    )
    ways = ways.assign(**{name: ways[name].iloc[0] for name in _WORK if name in ways and len(ways)})
    panels = roles if roles.facet or not is_varied(ways["workers"]) else replace(roles, facet=("workers",))
    named = name_cells(ways, panels, None) if len(ways) else ways
    if named.empty or (named["mechanism"] == named["mechanism"].iloc[0]).all():
        raise NothingToDraw(cost.lacking)
    place = named.groupby("mechanism")[cost.column].transform("median").rank(method="dense")
    return named.assign(
        mechanism_place=place, covers=np.where(named[f"{cost.column}_low"].notna(), "cell", "nothing")
    )


def _of_workers(cells: pd.DataFrame) -> pd.Series[str]:
    """Return the variants with only the knobs of workers and channels.

    What their tasks do, and how often they are measured, is left out.
    """
    knobs = cells["variant"].fillna("").str.split(", ")
    return knobs.map(lambda texts: ", ".join(text for text in texts if text.startswith(_OF_WORKERS)))


def draw_ways(frame: pd.DataFrame, cost: Cost, title: str, context: Context) -> Figure:
    """Draw a row for each mechanism, on a logarithmic axis of time."""
    settings = in_order(frame, "setting")
    kept = thin(settings)
    shown, left_out = _quickest(frame[frame["setting"].isin(kept)])
    with look():
        body = draw_dots(shown, cost.column, kept, _nothing)
        for axes in body.axes:
            axes.set_xlabel(cost.name)
            axes.set_xscale("log")
        cut(body, "x", shown[cost.column].min() / HEADROOM**3, shown[cost.column].max() * HEADROOM**3)
        for axes in body.axes:
            set_log_axis(axes.xaxis, format_time)
        notes = (*thinned(len(kept), len(settings), "settings"), *left_out)
        sample = (*_describe_combined(shown), *describe_disturbed(shown))
        return finish(body, title, context, *notes, *sample)


def _describe_combined(shown: pd.DataFrame) -> tuple[str, ...]:
    """Return what the caption says of rows, which may stand for several cells; a table has a number of each cell."""
    most = int(shown["combined"].max())
    if most == 1:
        return (describe_sample(shown),)
    return (f"up to {most} cells a row", describe_sample(shown, "row"))


def _quickest(frame: pd.DataFrame) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Return the rows of the `_ROWS` quickest mechanisms, and what the caption says of the others."""
    names = in_order(frame, "mechanism")
    return frame[frame["mechanism"].isin(names[:_ROWS])], thinned(
        min(len(names), _ROWS), len(names), "mechanisms"
    )


def _nothing(_: Axes, __: pd.DataFrame, ___: Styles) -> None:
    """Add nothing to a panel."""


def ends(frame: pd.DataFrame, cost: Cost) -> tuple[list[tuple[str, str]], str]:
    """Return the cheapest and the dearest way with their costs, and with how many workers, in words.

    It is the largest number of workers with which two ways or more were measured, or the largest one. A single way is
    both.
    """
    ways = frame["workers"].value_counts()
    several = ways[ways.gt(1)] if ways.gt(1).any() else ways
    count = int(several.index.max())
    found = frame[frame["workers"].eq(count)].sort_values(cost.column)
    named = [(str(way["mechanism"]), format_time(way[cost.column])) for _, way in found.iterrows()]
    return list(dict.fromkeys((named[0], named[-1]))), "one worker" if count == 1 else plural(count, "worker")
