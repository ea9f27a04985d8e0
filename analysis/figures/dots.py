"""Dots by mechanism with intervals: for sweeps that vary nothing else within a panel."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import SubFigure

from breakeven.analysis.figures.disturbed import draw_hollow
from breakeven.analysis.figures.look import (
    Styles,
    new_figure,
    side_by_side,
    split_errors,
    styles,
    wrap_setting,
)
from breakeven.analysis.figures.texts import further_height, wrap_label

Extra = Callable[[Axes, pd.DataFrame, Styles], None]


def draw_dots(frame: pd.DataFrame, column: str, settings: Sequence[str], extra: Extra) -> SubFigure:
    """Draw one panel per setting, one row per mechanism, ``column`` along x; ``extra`` adds to each panel.

    A panel lists only its own mechanisms. ``extra`` gets the axes, the panel's cells and their styles, in the
    order of the rows.
    """
    columns = side_by_side(len(settings))
    rows = -(-len(settings) // columns)
    look_of = styles(frame)
    most = frame.groupby("setting")["mechanism"].nunique().max()
    alike = frame.groupby("setting")["mechanism"].agg(set).map(len).eq(len(look_of)).all()
    wide = 2.7 if alike else 4.2
    row = 0.34 + further_height(look_of) / 2
    height = 0.8 + row * most + further_height(settings)
    body = new_figure(max(7.5, 2.4 + wide * columns), 1.6 + rows * height)
    panels = body.subplots(rows, columns, squeeze=False, sharex=True, sharey=bool(alike)).ravel()
    for axes, setting in zip(panels, settings, strict=False):
        cells = frame[frame["setting"].eq(setting)]
        own = {name: style for name, style in look_of.items() if cells["mechanism"].eq(name).any()}
        draw_rows(axes, cells, column, own)
        extra(axes, cells, own)
        axes.set_ylim(len(own) - 0.5, -0.5)
        wrap_setting(setting, axes)
    for axes in panels[len(settings) :]:
        axes.remove()
    return body


def draw_rows(axes: Axes, cells: pd.DataFrame, column: str, look_of: Styles) -> None:
    """Draw a row for each mechanism of ``look_of``, from top to bottom, with its interval."""
    for place, (name, style) in enumerate(look_of.items()):
        points = cells[cells["mechanism"].eq(name)]
        axes.errorbar(
            points[column],
            [place] * len(points),
            xerr=split_errors(points, column),
            label=name,
            color=style.color,
            marker=style.marker,
            linestyle="none",
            markersize=6.5,
            capsize=3,
            zorder=3,
        )
        draw_hollow(axes, points[column], [place] * len(points), points, style)
    axes.set_yticks(range(len(look_of)), [wrap_label(name) for name in look_of])
