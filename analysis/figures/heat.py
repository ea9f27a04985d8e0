"""Cells of a map in colour, with what is written in them and beside them; and panels for several maps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Colormap, LinearSegmentedColormap, Normalize, to_rgb
from matplotlib.figure import SubFigure
from matplotlib.patches import Patch, Rectangle
from matplotlib.patheffects import withStroke
from numpy.typing import NDArray

from breakeven.analysis.figures.look import new_figure, wrap_setting
from breakeven.analysis.figures.sheets import Map, label_columns, name_columns
from breakeven.analysis.figures.texts import further_height, shorten_label

Floats = NDArray[np.float64]

COLORS = LinearSegmentedColormap.from_list(
    "loss to gain", ["#d9730d", "#f5c08a", "#f7f7f7", "#7fb0d8", "#08306b"]
)
"""From orange over white to blue, which the colour-blind tell apart; in grey, losses are light and large gains dark."""

FAILED: dict[str, Any] = {"facecolor": "0.95", "edgecolor": "0.75", "hatch": "xxx", "linewidth": 0}
WHY = {"incompatible": "n/a", "failed": "failed", "crashed": "crashed", "timeout": "timeout"}

_WORST, _LEAST_RANGE = 0.1, 1.5
_TICKS = (
    0.1,
    0.2,
    0.3,
    0.5,
    0.7,
    0.85,
    1.0,
    1.2,
    1.5,
    2.0,
    3.0,
    4.0,
    6.0,
    8.0,
    12.0,
    16.0,
    24.0,
    32.0,
    64.0,
    128.0,
)
_TICKS_APART = 0.17
_WIDEST, _MOST_COLUMNS = 12.5, 4
CELL = (0.54, 0.34)
"""Width and height of a cell that holds a number."""

_TEXT_NEEDS = 0.4
"""Width in inches of a cell in which there is room for its number."""

_SIZE = 7.5
_LETTER = 0.09
"""Width in inches of a letter of a legend."""

_DARK = 0.45
"""Luminance of a colour on which text is white."""


@dataclass(frozen=True)
class Heat:
    """Colours of speedups, on a logarithmic scale from ``bottom`` over 1, which is white, to ``top``.

    Both sides have a scale of their own: losses may be a hundredfold where gains end at the number of workers.
    """

    bottom: float
    top: float
    clipped: bool

    @classmethod
    def of(cls, speedups: pd.Series[float]) -> Heat:
        """Return the colours for ``speedups``; those below a tenth have the colour of a tenth."""
        least, most = float(speedups.min()), float(speedups.max())
        return cls(
            bottom=min(max(least, _WORST), 1 / _LEAST_RANGE),
            top=max(most, _LEAST_RANGE),
            clipped=least < _WORST,
        )

    def shade(self, speedups: Any) -> Floats:
        """Return where ``speedups`` lie on the scale: -1 is the worst, 1 the best."""
        logs = np.log(np.asarray(speedups, dtype="float64"))
        shades: Floats = np.clip(
            np.where(logs < 0, -logs / np.log(self.bottom), logs / np.log(self.top)), -1, 1
        )
        return shades

    def text_color(self, speedup: float) -> str:
        """Return a colour that can be read on that of ``speedup``."""
        return text_color(COLORS((self.shade(speedup) + 1) / 2))

    def add_scale(self, body: SubFigure, panels: Sequence[Axes], name: str) -> None:
        """Add the scale of colours right of ``panels``."""
        ticks = self._ticks()
        scale = body.colorbar(
            ScalarMappable(Normalize(-1, 1), COLORS),
            ax=panels,
            ticks=self.shade(ticks),
            extend="min" if self.clipped else "neither",
            label=name,
            aspect=25,
            pad=0.02,
        )
        scale.ax.set_yticklabels([f"{tick:g}" for tick in ticks])
        scale.outline.set_visible(False)

    def _ticks(self) -> list[float]:
        """Return round speedups within the scale that lie apart on it, 1 among them."""
        kept = [1.0]
        for tick in sorted(_TICKS, key=lambda tick: abs(np.log(tick))):
            inside = self.bottom * 0.99 <= tick <= self.top * 1.01
            if inside and (np.abs(self.shade(kept) - self.shade(tick)) >= _TICKS_APART).all():
                kept.append(tick)
        return sorted(kept)


def text_color(color: Any) -> str:
    """Return black or white, whichever can be read on ``color``."""
    red, green, blue = to_rgb(color)
    return "white" if 0.3 * red + 0.59 * green + 0.11 * blue < _DARK else "black"


def new_panels(
    maps: Sequence[Map], cell: tuple[float, float] = CELL, entries: int = 3
) -> tuple[SubFigure, list[Axes]]:
    """Create a figure with a panel for each map, whose cells are ``cell`` inches; strips stand below each other.

    There is room for ``entries`` of a legend below them.
    """
    width, height = (max(one.shape[1 - side] for one in maps) * cell[side] for side in (0, 1))
    strips = maps[0].y is None
    width, height = min(max(width, 2.2), _WIDEST), max(height, 0.7)
    columns = 1 if strips else max(1, min(len(maps), _MOST_COLUMNS, int(_WIDEST / (width + 0.3))))
    rows = ceil(len(maps) / columns)
    columns = ceil(len(maps) / rows)
    beside = 1.8 + 0.075 * max(
        (len(shorten_label(str(row))) for one in maps if one.y is None for row in one.rows), default=0
    )
    titles = further_height(one.title for one in maps)
    body = new_figure(
        max(7.5, beside + (width + 0.3) * columns),
        1.55 + 0.23 * ceil(entries / 2) + rows * (height + 0.55 + titles),
    )
    heights = [one.shape[0] for one in maps] if strips else [1] * rows
    panels = body.subplots(rows, columns, squeeze=False, height_ratios=heights).ravel()
    for axes in panels[len(maps) :]:
        axes.remove()
    shown = list(panels[: len(maps)])
    for place, (axes, one) in enumerate(zip(shown, maps, strict=True)):
        _label_sides(axes, one, left=place % columns == 0, below=place + columns >= len(maps))
    return body, shown


def _label_sides(axes: Axes, one: Map, *, left: bool, below: bool) -> None:
    """Label columns and rows of a map; the names of its sides stand ``left`` and ``below`` of the outer panels."""
    axes.set(xlim=(-0.5, one.shape[1] - 0.5), ylim=(-0.5, one.shape[0] - 0.5))
    axes.grid(visible=False)
    axes.tick_params(length=0, labelsize="small")
    axes.set_xticks(range(one.shape[1]), label_columns(one))
    axes.set_yticks(
        range(one.shape[0]), [one.y.write(row) if one.y else shorten_label(str(row)) for row in one.rows]
    )
    axes.set_xlabel(name_columns(one) if below else "")
    axes.set_ylabel(one.y.name if left and one.y else "")
    for spine in axes.spines.values():
        spine.set_visible(False)
    wrap_setting(one.title, axes)


def add_key(body: SubFigure, handles: Sequence[Artist]) -> None:
    """Put the legend below the panels, in as many columns as fit."""
    longest = max(len(str(handle.get_label())) for handle in handles)
    columns = int(body.get_figure(root=True).get_figwidth() / (0.6 + _LETTER * longest))
    body.legend(
        handles=list(handles),
        loc="outside lower left",
        frameon=False,
        ncols=max(1, min(columns, len(handles), _MOST_COLUMNS)),
        handlelength=2.2,
        columnspacing=1.2,
    )


def draw_cells(axes: Axes, shades: Floats, colors: Colormap, limits: tuple[float, float]) -> None:
    """Colour the cells of a map by ``shades``; those that are NaN stay blank."""
    rows, columns = shades.shape
    axes.pcolormesh(
        np.arange(columns + 1) - 0.5,
        np.arange(rows + 1) - 0.5,
        np.ma.masked_invalid(shades),
        cmap=colors,
        vmin=limits[0],
        vmax=limits[1],
        edgecolors="white",
        linewidth=0.6,
        zorder=1,
    )


def draw_failed(axes: Axes, one: Map) -> bool:
    """Mark the cells of a map that were tried without success, and say why; return whether there are any."""
    bad = one.cells[one.cells["speedup"].isna()]
    for row, column, status in zip(bad["row"], bad["column"], bad["status"], strict=True):
        axes.add_patch(Rectangle((column - 0.5, row - 0.5), 1, 1, **FAILED, zorder=1))
        write_in(axes, (column, row), WHY.get(status, "no value"), "0.3")
    return not bad.empty


def failed_mark() -> Patch:
    """Return the entry of failed cells in a legend."""
    return Patch(**FAILED, label="tried, no result")


def write_in(axes: Axes, place: tuple[float, float], text: str, color: str, **how: Any) -> None:
    """Write ``text`` in the middle of a cell, if there is room."""
    if axes.get_xlim()[1] * _TEXT_NEEDS <= _WIDEST:
        own: dict[str, Any] = {"ha": "center", "va": "center", "fontsize": _SIZE, "zorder": 5} | how
        axes.text(*place, text, color=color, **own)


def outlined(color: str) -> list[Any]:
    """Return the effect that keeps text readable on a hatched ground of ``color``."""
    return [withStroke(linewidth=2.2, foreground=color)]
