"""How long it takes from the creation of the first worker until all are ready: dots by mechanism, a panel a number of workers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from breakeven.analysis.figures.context import Context, NothingToDraw
from breakeven.analysis.figures.disturbed import describe_disturbed
from breakeven.analysis.figures.dots import draw_dots
from breakeven.analysis.figures.edges import HEADROOM, cut
from breakeven.analysis.figures.look import Styles, describe_sample, finish, look, set_log_axis, thin, thinned
from breakeven.analysis.figures.roles import DEFAULT, Roles, in_order, name_cells
from breakeven.analysis.frames.factors import is_varied
from breakeven.analysis.frames.intervals import over_processes
from breakeven.analysis.frames.load import Lab
from breakeven.analysis.units import format_time
from breakeven.base.factors import FACTORS

__all__ = ["ACCEPTS", "draw", "frame"]

ACCEPTS: tuple[str, ...] = ("hue", "facet")
_COLUMN = "startup_ns"
_WORK = (
    *("workload", "pattern", "tasks", "task_ns", "window_ns", "affinity", "seed"),
    *("payload_asked_bytes", "payload_out_asked_bytes", "payload_bytes", "payload_out_bytes", "label"),
)
"""What tasks do: nothing of it begins before all workers are ready."""

_IDENTITY = ("function", "variant")
_ROWS = 24


def frame(lab: Lab, roles: Roles = DEFAULT) -> pd.DataFrame:
    """Return one row for each way to start workers: its time in ns, with interval; raise NothingToDraw.

    Cells that differ in nothing but what their tasks do, which begins later, are started alike: their processes count together.
    """
    good = lab.runs[lab.runs["status"].eq("ok") & lab.runs[_COLUMN].gt(0)]
    cells = roles.add_to(lab.estimates)
    cells = cells[cells.index.isin(good["cell_id"])].drop(columns=["samples", "rounds", "covers"])
    started = [
        name for name in (*FACTORS, *roles.knobs.columns, *_IDENTITY) if name in cells and name not in _WORK
    ]
    alike = cells.groupby(started, dropna=False, sort=False).ngroup()
    first = alike.drop_duplicates()
    times = good.assign(cell_id=good["cell_id"].map(alike.map(dict(zip(first, first.index, strict=True)))))
    found = over_processes(times.set_index("cell_id")[_COLUMN].astype("float64"))
    ends = {"value": _COLUMN, "low": f"{_COLUMN}_low", "high": f"{_COLUMN}_high"}
    ways = cells.loc[first.index].join(found.rename(columns=ends))
    ways = ways.assign(**{name: ways[name].iloc[0] for name in _WORK if name in ways and len(ways)})
    panels = roles if roles.facet or not is_varied(ways["workers"]) else replace(roles, facet=("workers",))
    named = name_cells(ways, panels, None) if len(ways) else ways
    if named.empty or (named["mechanism"] == named["mechanism"].iloc[0]).all():
        raise NothingToDraw("no two ways to start workers: it needs cells of several models or start methods")
    place = named.groupby("mechanism")[_COLUMN].transform("median").rank(method="dense")
    return named.assign(
        mechanism_place=place, covers=np.where(named[f"{_COLUMN}_low"].notna(), "cell", "nothing")
    )


def draw(frame: pd.DataFrame, context: Context) -> Figure:
    """Draw a row for each mechanism, on a logarithmic axis of time."""
    settings = in_order(frame, "setting")
    kept = thin(settings)
    shown, left_out = _quickest(frame[frame["setting"].isin(kept)])
    with look():
        body = draw_dots(shown, _COLUMN, kept, _nothing)
        for axes in body.axes:
            axes.set_xlabel("until all are ready")
            axes.set_xscale("log")
        cut(body, "x", shown[_COLUMN].min() / HEADROOM**3, shown[_COLUMN].max() * HEADROOM**3)
        for axes in body.axes:
            set_log_axis(axes.xaxis, format_time)
        notes = (*thinned(len(kept), len(settings), "settings"), *left_out)
        return finish(
            body, _title(shown), context, *notes, describe_sample(shown), *describe_disturbed(shown)
        )


def _quickest(frame: pd.DataFrame) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Return the rows of the `_ROWS` quickest mechanisms, and what the caption says of the others."""
    names = in_order(frame, "mechanism")
    return frame[frame["mechanism"].isin(names[:_ROWS])], thinned(
        min(len(names), _ROWS), len(names), "mechanisms"
    )


def _nothing(_: Axes, __: pd.DataFrame, ___: Styles) -> None:
    """Add nothing to a panel."""


def _title(frame: pd.DataFrame) -> str:
    """Name the quickest and the slowest where the most workers are started."""
    most = frame[frame["workers"].eq(frame["workers"].max())]
    ends = most.sort_values(_COLUMN)
    first, last = ends.iloc[0], ends.iloc[-1]
    count = int(most["workers"].iloc[0])
    workers = "one worker" if count == 1 else f"{count} workers"
    return (
        f"{first['mechanism']} starts {workers} in {format_time(first[_COLUMN])}, "
        f"{last['mechanism']} in {format_time(last[_COLUMN])}"
    )
