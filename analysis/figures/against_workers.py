"""Panels of a quantity against the number of workers: a line for each mechanism."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import SubFigure
from matplotlib.ticker import FixedLocator, FuncFormatter, LogLocator, NullLocator, StrMethodFormatter

from breakeven.analysis.figures.look import (
    Styles,
    add_legend,
    draw_errors,
    legend_height,
    list_styles,
    new_figure,
    styles,
    thin,
    wrap_setting,
)
from breakeven.analysis.figures.settings import panel_grid
from breakeven.analysis.figures.texts import further_height

_COLUMNS = 3
_MOST_TICKS = 8


@dataclass(frozen=True)
class Quantity:
    """What lies along y: its column, its name and how it is written.

    ``log`` says whether its axis is logarithmic or begins at zero.
    """

    column: str
    name: str
    write: Callable[[float], str]
    logarithmic: bool


def draw_against_workers(shown: pd.DataFrame, settings: list[str], quantity: Quantity) -> SubFigure:
    """Draw one panel per setting."""
    columns = min(len(settings), _COLUMNS)
    rows = -(-len(settings) // columns)
    look_of = styles(shown)
    height = max((3.6 + further_height(settings)) * rows, legend_height(len(look_of)))
    body = new_figure(max(7.5, 2.8 + 3 * columns), 1.2 + height)
    panels = panel_grid(body, len(settings), columns, sharex=True, sharey=True)
    for place, (axes, setting) in enumerate(zip(panels, settings, strict=True)):
        _draw_panel(axes, shown[shown["setting"].eq(setting)], look_of, quantity.column)
        axes.set_xlabel("workers")
        axes.set_ylabel("" if place % columns else quantity.name)
        wrap_setting(setting, axes)
    _scale(body.axes, shown, quantity)
    add_legend(body, list_styles(look_of))
    return body


def _draw_panel(axes: Axes, cells: pd.DataFrame, look_of: Styles, column: str) -> None:
    for name, style in look_of.items():
        points = cells[cells["mechanism"].eq(name)].sort_values("workers")
        if len(points):
            draw_errors(axes, points["workers"], points, column, style)


def _scale(panels: list[Axes], shown: pd.DataFrame, quantity: Quantity) -> None:
    counts = sorted(shown["workers"].unique())
    for axes in panels:
        axes.set_xscale("log", base=2)
        axes.set_xlim(counts[0] / 1.25, counts[-1] * 1.25)
        axes.xaxis.set_major_locator(FixedLocator(thin(counts)))
        axes.xaxis.set_minor_locator(NullLocator())
        axes.xaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
        if quantity.logarithmic:
            axes.set_yscale("log", base=2)
            axes.yaxis.set_major_locator(LogLocator(base=2, numticks=_MOST_TICKS))
            axes.yaxis.set_minor_locator(NullLocator())
        else:
            axes.set_ylim(bottom=0)
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: quantity.write(value)))
