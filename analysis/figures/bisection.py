"""The runs of a bisection along its axis, and the bracket in which each line crosses 1."""

from __future__ import annotations

from math import ceil

import pandas as pd
from matplotlib.figure import Figure

from breakeven.analysis.advice.crossings import Crossing, crossings
from breakeven.analysis.figures.context import Context, NothingToDraw
from breakeven.analysis.figures.disturbed import describe_disturbed
from breakeven.analysis.figures.look import (
    GREY,
    finish,
    look,
    new_figure,
    side_by_side,
    thin,
    thinned,
    wrap_setting,
)
from breakeven.analysis.figures.style import PALETTE
from breakeven.analysis.figures.texts import further_height
from breakeven.analysis.figures.ticks import set_log_axis
from breakeven.analysis.frames.load import Lab
from breakeven.analysis.units import format_size, format_time, plural
from breakeven.search.bisect import CROSSES, FLAT, UNDECIDED

_PANEL = (4.6, 3.2)  # inches
_WITH_BAND = (CROSSES, UNDECIDED, FLAT)


def frame(lab: Lab) -> pd.DataFrame:
    """Return one row per run: its line, position, speedup, and what was found of the line; raise NothingToDraw."""
    found = crossings(lab)
    if found is None:
        raise NothingToDraw("the sweep was no bisection: hydra/sweeper=bisect makes one")
    parts = [part for number, one in enumerate(found) if len(part := _runs(lab, one, number))]
    if not parts:
        raise NothingToDraw("no run of the bisection is ok")
    return pd.concat(parts, ignore_index=True)


def _runs(lab: Lab, line: Crossing, number: int) -> pd.DataFrame:
    places = dict(zip(line.cells, line.positions, strict=True))
    runs = lab.runs[lab.runs["cell_id"].isin(places) & lab.runs["status"].eq("ok")]
    return runs[["cell_id", "speedup"]].assign(
        line=number,
        position=runs["cell_id"].map(places),
        pairs_disturbed=runs["cell_id"].map(lab.estimates["pairs_disturbed"]),
        along=line.along,
        text=line.text,
        word=line.found.word,
        low=line.found.low,
        high=line.found.high,
    )


def draw(frame: pd.DataFrame, context: Context) -> Figure:
    """Draw a panel for each line: a dot for each run, a line where the speedup is 1, and the bracket as a band."""
    lines = thin(list(frame["line"].unique()))
    columns = side_by_side(len(lines))
    rows = ceil(len(lines) / columns)
    height = _PANEL[1] + further_height(frame["text"].unique())
    with look():
        body = new_figure(_PANEL[0] * max(columns, 1.6), 1.2 + height * rows)
        panels = body.subplots(rows, columns, squeeze=False, sharey=True).flat
        colour, band = PALETTE[:2]
        write = format_time if frame["along"].iloc[0] == "task" else format_size
        for axes, line in zip(panels, lines, strict=False):
            own = frame[frame["line"].eq(line)]
            first = own.iloc[0]
            if first["word"] in _WITH_BAND:
                axes.axvspan(first["low"], first["high"], color=band, alpha=0.25, linewidth=0)
            axes.axhline(1.0, color=GREY, linestyle="--", linewidth=1.0)
            axes.plot(own["position"], own["speedup"], "o", color=colour, markersize=5.5, alpha=0.7)
            axes.set_xscale("log")
            axes.set_yscale("log")
            set_log_axis(axes.xaxis, write)
            set_log_axis(axes.yaxis, "{:g}".format)
            axes.set_xlabel("length of a task" if first["along"] == "task" else first["along"])
            wrap_setting(str(first["text"]), axes)
        for axes in panels:
            axes.set_visible(False)
        body.supylabel("speedup over the serial program")
        notes = thinned(len(lines), frame["line"].nunique(), "lines")
        runs = f"each dot is one of {plural(len(frame), 'run')}, bands are 95 % brackets of the crossing"
        sample = (*notes, runs, *describe_disturbed(frame, marked=False))
        return finish(body, "Where it begins to pay", context, *sample)
