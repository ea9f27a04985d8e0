"""What workers take in memory, against their number: a line for each mechanism, a panel for each work."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure
from matplotlib.ticker import FixedLocator, FuncFormatter, LogLocator, NullLocator, StrMethodFormatter

from breakeven.analysis.figures.context import Context, NothingToDraw
from breakeven.analysis.figures.look import (
    Styles,
    add_legend,
    describe_sample,
    draw_errors,
    finish,
    legend_height,
    list_styles,
    look,
    new_figure,
    styles,
    thin,
    thinned,
    wrap_setting,
)
from breakeven.analysis.figures.roles import DEFAULT, in_order, keep_hues, name_cells
from breakeven.analysis.figures.texts import further_height
from breakeven.analysis.findings.memory import memory_cells
from breakeven.analysis.frames.load import Lab
from breakeven.analysis.units import format_size

_TOTAL = "total_bytes"
_COLUMNS = 3
_MOST_TICKS = 8


def frame(lab: Lab) -> pd.DataFrame:
    """Return the cells that observed memory: ``total_bytes`` that all workers add, with interval; raise NothingToDraw."""
    cells = memory_cells(lab)
    if cells.empty:
        raise NothingToDraw("no cell observed memory: it needs pattern=memory with status ok")
    named = name_cells(cells.drop(columns=["mechanism", "setting"]), DEFAULT, "workers")
    ends = {f"{_TOTAL}{end}": named[f"added_bytes{end}"] * named["workers"] for end in ("", "_low", "_high")}
    covers = np.where(named["added_bytes_low"].notna(), "cell", "nothing")
    undisturbed = named.assign(pairs_disturbed=0.0)  # other programs take none of its memory
    return undisturbed.assign(**ends, covers=covers, setting=named["about"])


def draw(frame: pd.DataFrame, context: Context) -> Figure:
    """Draw one panel per work, both axes logarithmic."""
    settings = in_order(frame, "setting")
    kept = thin(settings)
    shown, left_out = keep_hues(frame[frame["setting"].isin(kept)], _TOTAL, lowest=True)
    with look():
        body = _draw(shown, kept)
        notes = (*thinned(len(kept), len(settings), "settings"), *left_out)
        return finish(body, _title(shown), context, *notes, describe_sample(shown))


def _title(shown: pd.DataFrame) -> str:
    """Return the least and the most that one of the most workers adds, for the work with most mechanisms."""
    setting = str(shown.groupby("setting")["mechanism"].nunique().idxmax())
    cells = shown[shown["setting"].eq(setting)]
    most = cells[cells["workers"].eq(cells["workers"].max())].sort_values("added_bytes")
    count = int(most["workers"].iloc[0])
    each = "one worker takes" if count == 1 else f"each of {count} workers takes"
    ends = most.iloc[[0, -1]] if len(most) > 1 else most
    sizes = [f"{format_size(row['added_bytes'])} with {row['mechanism']}" for _, row in ends.iterrows()]
    return f"For {setting}, {each} {', '.join(sizes)}"


def _draw(shown: pd.DataFrame, settings: list[str]) -> SubFigure:
    columns = min(len(settings), _COLUMNS)
    rows = -(-len(settings) // columns)
    look_of = styles(shown)
    height = max((3.6 + further_height(settings)) * rows, legend_height(len(look_of)))
    body = new_figure(max(7.5, 2.8 + 3 * columns), 1.2 + height)
    panels = body.subplots(rows, columns, squeeze=False, sharex=True, sharey=True).ravel()
    for place, (axes, setting) in enumerate(zip(panels, settings, strict=False)):
        _draw_panel(axes, shown[shown["setting"].eq(setting)], look_of)
        axes.set_xlabel("workers")
        axes.set_ylabel("" if place % columns else "memory that all workers add")
        wrap_setting(setting, axes)
    for axes in panels[len(settings) :]:
        axes.remove()
    _scale(body.axes, shown)
    add_legend(body, list_styles(look_of))
    return body


def _draw_panel(axes: Axes, cells: pd.DataFrame, look_of: Styles) -> None:
    for name, style in look_of.items():
        points = cells[cells["mechanism"].eq(name)].sort_values("workers")
        if len(points):
            draw_errors(axes, points["workers"], points, _TOTAL, style)


def _scale(panels: list[Axes], shown: pd.DataFrame) -> None:
    counts = sorted(shown["workers"].unique())
    for axes in panels:
        axes.set_xscale("log", base=2)
        axes.set_yscale("log", base=2)
        axes.set_xlim(counts[0] / 1.25, counts[-1] * 1.25)
        axes.xaxis.set_major_locator(FixedLocator(thin(counts)))
        axes.xaxis.set_minor_locator(NullLocator())
        axes.xaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
        axes.yaxis.set_major_locator(LogLocator(base=2, numticks=_MOST_TICKS))
        axes.yaxis.set_minor_locator(NullLocator())
        axes.yaxis.set_major_formatter(FuncFormatter(lambda size, _: format_size(size)))
