"""A row of panels for each setting, one for each observed quantity: dots by mechanism, or lines along a factor."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import SubFigure
from matplotlib.lines import Line2D

from breakeven.analysis.figures.along import is_scale, name_axis, set_axis
from breakeven.analysis.figures.amounts import Amounts
from breakeven.analysis.figures.dots import draw_rows
from breakeven.analysis.figures.look import (
    GREY,
    Styles,
    add_legend,
    draw_errors,
    legend_height,
    list_styles,
    new_figure,
    styles,
    thin,
    thinned,
    wrap_setting,
)
from breakeven.analysis.figures.roles import HUES, in_order
from breakeven.analysis.figures.texts import further_height, wrap_label
from breakeven.analysis.frames.observed import name_quantity

_ROWS, _PANELS, _COLUMNS = 24, 12, 3
_SQUARE = 2
"""Four panels are two by two."""

_LETTER = 0.075
"""The width of a letter of a label in inches, about."""

_ALONE: dict[str, Any] = {"linestyle": "none", "markersize": 11, "label": "serial, for comparison"}


@dataclass(frozen=True)
class Panels:
    """What is drawn where.

    ``settings`` from top to bottom, in each the ``quantities`` from left to right, in lines of at most three.
    """

    shown: pd.DataFrame
    settings: list[str]
    quantities: list[str]
    left_out: tuple[str, ...]

    @classmethod
    def of(cls, frame: pd.DataFrame) -> Panels:
        """Choose as much of ``frame`` as can be read."""
        quantities = list(dict.fromkeys(frame["quantity"]))
        frame = _with_settings_in_rows(frame, len(quantities))
        settings = in_order(frame, "setting")
        kept = thin(settings, max(_PANELS // len(quantities), 1))
        some = frame[frame["setting"].isin(kept)]
        names = in_order(some, "mechanism")
        most = _ROWS if frame["along"].iloc[0] is None else HUES
        left_out = (
            *thinned(len(kept), len(settings), "settings"),
            *thinned(min(len(names), most), len(names), "mechanisms"),
        )
        return cls(some[some["mechanism"].isin(names[:most])], kept, quantities, left_out)

    @property
    def _columns(self) -> int:
        return _SQUARE if len(self.quantities) == _SQUARE**2 else min(len(self.quantities), _COLUMNS)

    @property
    def _lines(self) -> int:
        """Return how many rows of panels a setting has."""
        return -(-len(self.quantities) // self._columns)

    def draw(self) -> SubFigure:
        """Draw all panels and the legend."""
        look_of = styles(self.shown)
        if self.shown["along"].iloc[0] is None:
            body = new_figure(*self._size_of_dots())
            self._fill(body, look_of, _draw_dots)
            add_legend(body, [_alone(GREY, "|")])
            return body
        body = new_figure(*self._size_of_lines(len(look_of)))
        self._fill(body, look_of, _draw_lines)
        add_legend(body, [*list_styles(look_of), _alone(GREY, "_")])
        return body

    def _size_of_dots(self) -> tuple[float, float]:
        names = self.shown["mechanism"].unique()
        letters = max(len(line) for name in names for line in wrap_label(name).split("\n"))
        most = self.shown.groupby("setting")["mechanism"].nunique().max()
        height = 0.95 + (0.34 + further_height(names) / 2) * most
        return 2.3 + _LETTER * letters + 3.1 * self._columns, 1.4 + height * len(self.settings) * self._lines

    def _size_of_lines(self, hues: int) -> tuple[float, float]:
        height = (2.7 + further_height(self.settings)) * len(self.settings) * self._lines
        return 2.8 + 3.3 * self._columns, 1.3 + max(height, legend_height(1 + hues))

    def _fill(self, body: SubFigure, look_of: Styles, draw: Any) -> None:
        for axes, cells, first in self._places(body):
            quantity = str(cells["quantity"].iloc[0])
            beside = self.shown["setting"].eq(cells["setting"].iloc[0])
            named = set(self.shown.loc[beside, "mechanism"])
            draw(axes, cells, {name: style for name, style in look_of.items() if name in named})
            if axes in body.axes and first:
                wrap_setting(str(cells["setting"].iloc[0]), axes)
            which: Literal["x", "y"] = "x" if draw is _draw_dots else "y"
            Amounts.of(quantity, self.shown[self.shown["quantity"].eq(quantity)]).set_axis(axes, which)

    def _places(self, body: SubFigure) -> Iterator[tuple[Axes, pd.DataFrame, bool]]:
        """Yield each panel with its cells, and whether it is the first of its setting; remove those without any."""
        grid = body.subplots(len(self.settings) * self._lines, self._columns, squeeze=False)
        for place, setting in enumerate(self.settings):
            row = grid[place * self._lines : (place + 1) * self._lines].ravel().tolist()
            of_setting = self.shown[self.shown["setting"].eq(setting)]
            by_quantity = [of_setting[of_setting["quantity"].eq(name)] for name in self.quantities]
            filled = [cells for cells in by_quantity if len(cells)]
            for axes in row[len(filled) :]:
                axes.remove()
            for number, cells in enumerate(filled):
                yield row[number], cells, number == 0


def _with_settings_in_rows(frame: pd.DataFrame, quantities: int) -> pd.DataFrame:
    """Return ``frame`` with a row for each setting of each mechanism.

    That is so only if panels for all settings are too many and rows are not.
    """
    rows = len(frame[["mechanism", "setting"]].drop_duplicates())
    if (
        quantities * frame["setting"].nunique() <= _PANELS
        or rows > _ROWS
        or frame["along"].iloc[0] is not None
    ):
        return frame
    return frame.assign(
        mechanism=frame["mechanism"] + ", " + frame["setting"].str.replace("pattern.", "", regex=False),
        mechanism_place=frame["setting_place"] * (1 + frame["mechanism_place"].max())
        + frame["mechanism_place"],
        setting="",
        setting_place=0,
    )


def _draw_dots(axes: Axes, cells: pd.DataFrame, look_of: Styles) -> None:
    """Draw a row for each mechanism, and what serial trials have as a grey stroke."""
    draw_rows(axes, cells, "value", look_of)
    places = cells["mechanism"].map({name: place for place, name in enumerate(look_of)})
    axes.plot(cells["alone"], places, color=GREY, marker="|", zorder=2, **_ALONE)
    axes.set_ylim(len(look_of) - 0.5, -0.5)
    spec = axes.get_subplotspec()
    if spec is not None and spec.colspan.start:
        axes.set_yticklabels([])
    axes.set_xlabel(_name(cells))


def _draw_lines(axes: Axes, cells: pd.DataFrame, look_of: Styles) -> None:
    """Draw a line for each mechanism along x, and what serial trials have as strokes."""
    to_scale = is_scale(cells)
    for place, (name, style) in enumerate(look_of.items()):
        points = cells[cells["mechanism"].eq(name)].sort_values("length")
        aside = 0.0 if to_scale else 0.06 * (place - (len(look_of) - 1) / 2)  # equal points stay visible
        draw_errors(axes, points["length"] + aside, points, "value", style, joined=to_scale)
        axes.plot(points["length"] + aside, points["alone"], color=GREY, marker="_", zorder=2, **_ALONE)
    set_axis(axes, cells)
    axes.set_xlabel(name_axis(cells))
    axes.set_ylabel(_name(cells))


def _name(cells: pd.DataFrame) -> str:
    return name_quantity(str(cells["quantity"].iloc[0]))


def _alone(color: str, marker: str) -> Line2D:
    """Return the legend entry of serial trials."""
    return Line2D([], [], color=color, marker=marker, **_ALONE)
