"""The axis of one observed quantity: logarithmic for times, sizes and rates; from zero on for what may be none."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Literal

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator, NullLocator

from breakeven.analysis.figures.edges import HEADROOM, cut_axes
from breakeven.analysis.figures.ticks import set_log_axis
from breakeven.analysis.frames.observed import MAGNITUDES, RARE, write_quantity
from breakeven.analysis.units import format_count, trim_zeros

_ROOM = HEADROOM**3
_WIDE = 30.0
"""From such a ratio of the largest to the smallest on, what may be none is drawn on an axis that is logarithmic but
around zero."""

_NEAR = 1.2
"""An interval that ends within this many times the largest amount is held."""

_DECADES = 5
"""More decades than this are labelled at every second one."""

_TICKS = 4


@dataclass(frozen=True)
class Amounts:
    """Where the axis of ``quantity`` begins and ends.

    ``least`` is the smallest amount above zero that it must show.
    """

    quantity: str
    least: float
    most: float
    has_none: bool

    @classmethod
    def of(cls, quantity: str, rows: pd.DataFrame) -> Amounts:
        """Return the axis that holds the values of all ``rows`` and, of what was never seen, its interval.

        It holds other intervals, too, if they end just beyond.
        """
        bounds = rows["value_high"].where(rows["never"])
        shown = pd.concat([rows["value"], rows["alone"], bounds]).astype("float64")
        ends = rows["value_high"].astype("float64")
        shown = pd.concat([shown, ends[ends.le(_NEAR * shown.max())]])
        above = shown[shown.gt(0)]
        least, most = (float(above.min()), float(above.max())) if len(above) else (1.0, 1.0)
        return cls(quantity, least, most, has_none=bool(rows["value"].le(0).any()))

    def set_axis(self, axes: Axes, which: Literal["x", "y"]) -> None:
        """Scale, end and label an axis; intervals that go on end in arrows."""
        axis = axes.xaxis if which == "x" else axes.yaxis
        write = _write_rare if self.quantity.endswith(RARE) else partial(write_quantity, self.quantity)
        if self.quantity.endswith(MAGNITUDES) and not self.has_none:
            ends = self.least / _ROOM, self.most * _ROOM
            _rescale(axes, which, ends, "log")
            cut_axes(axes, which, *ends)
            set_log_axis(axis, write)
        elif self.most > _WIDE * self.least:
            ends = -0.3 * self.least, self.most * _ROOM**2
            _rescale(axes, which, ends, "symlog", linthresh=self.least)
            cut_axes(axes, which, *ends)
            axis.set_major_locator(FixedLocator(self._decades()))
            axis.set_minor_locator(NullLocator())
            axis.set_major_formatter(_formatter(write))
        else:
            cut_axes(axes, which, -0.04 * self.most, HEADROOM * self.most)
            axis.set_major_locator(MaxNLocator(_TICKS))
            axis.set_major_formatter(_formatter(write))

    def _decades(self) -> list[float]:
        """Return zero and the powers of ten of a symmetric logarithmic axis, few enough to read."""
        low, high = np.ceil(np.log10(self.least)), np.floor(np.log10(self.most * _ROOM))
        step = 2 if high - low >= _DECADES else 1
        powers = np.arange(high, low - 0.5, -step)[::-1]
        return [0.0, *(10.0**powers).tolist()]


def _rescale(
    axes: Axes, which: Literal["x", "y"], ends: tuple[float, float], scale: str, **options: float
) -> None:
    """Scale an axis; its ends are set before, since a scale looks for some, and one point has none."""
    (axes.set_xlim if which == "x" else axes.set_ylim)(*ends)
    (axes.set_xscale if which == "x" else axes.set_yscale)(scale, **options)


def _write_rare(value: float) -> str:
    """Return so many of a million: ``0.1`` and ``100 k``."""
    return f"{value:g}" if value < 1 else format_count(value)


def _formatter(write: Callable[[float], str]) -> FuncFormatter:
    """Return what writes a tick: zero without its unit."""
    return FuncFormatter(
        lambda value, _: trim_zeros(write(value)) if value > 0 else "0" if value == 0 else ""
    )
