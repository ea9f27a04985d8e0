"""Speedups on a grid as a field: interpolated between cells, where it is 1, and the band in which that lies."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

Floats = NDArray[np.float64]

STEPS = 16
"""Points between the middles of two cells."""

CONTOUR, BAND = "contour", "band"
LINE, HATCH, HATCHED = "black", "////", "0.35"


class Field(NamedTuple):
    """Logarithms at points ``x`` and ``y`` of a grid.

    Its cells are one wide and have their middles at whole numbers.
    """

    x: Floats
    y: Floats
    values: Floats


def interpolate(logs: Floats) -> Field:
    """Interpolate ``logs`` linearly between the middles of cells, and level from the outermost to the edge.

    Cells are equally wide, so a step between two lengths is linear in their logarithms. Cells that are NaN stay so, in
    whole, and have no part in what is interpolated beside them.
    """
    known = np.isfinite(logs)
    (y, x), shape = (_points(count) for count in logs.shape), logs.shape
    down, across = (_weights(points, count) for points, count in zip((y, x), shape, strict=True))
    share = down @ known.astype("float64") @ across.T
    sums = down @ np.where(known, logs, 0.0) @ across.T
    near = known[np.ix_(_nearest(y, shape[0]), _nearest(x, shape[1]))]
    return Field(x, y, np.where(near, sums / np.where(share > 0, share, 1.0), np.nan))


def _points(count: int) -> Floats:
    return np.linspace(-0.5, count - 0.5, count * STEPS + 1)


def _nearest(points: Floats, count: int) -> NDArray[np.int_]:
    nearest: NDArray[np.int_] = np.clip(np.round(points), 0, count - 1).astype(int)
    return nearest


def _weights(points: Floats, count: int) -> Floats:
    """Return how much each of ``count`` middles (columns) counts at each point (row)."""
    inside = np.clip(points, 0, count - 1)
    weights: Floats = np.clip(1 - np.abs(inside[:, None] - np.arange(count)), 0, 1)
    return weights


def draw_break_even(axes: Axes, logs: Floats, ends: tuple[Floats, Floats], row: int = 0) -> set[str]:
    """Draw the contour where the field of ``logs`` is 0, and hatch the band between those of its ``ends``.

    ``row`` is where the first row of the grid is drawn. Return which of `CONTOUR` and `BAND` there are.
    """
    low, high = (interpolate(end).values for end in ends)
    x, y, values = interpolate(logs)
    inside, drawn = np.minimum(-low, high), set()
    if (inside > 0).any():
        top = float(np.nanmax(inside)) + 1
        hatched = axes.contourf(x, y + row, _hidden(inside), levels=[0, top], colors="none", hatches=[HATCH])
        hatched.set(edgecolor=HATCHED, linewidth=0.0, zorder=2)
        drawn.add(BAND)
    if (values > 0).any() and (values < 0).any():
        axes.contour(x, y + row, _hidden(values), levels=[0], colors=LINE, linewidths=2, zorder=4)
        drawn.add(CONTOUR)
    return drawn


def _hidden(values: Floats) -> np.ma.MaskedArray:
    return np.ma.masked_invalid(values)
