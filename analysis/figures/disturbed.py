"""How figures show disturbed cells: hollow markers, and a line in the caption."""

from __future__ import annotations

from typing import Any

import pandas as pd
from matplotlib.axes import Axes

MOST = 0.1
"""A cell with a larger share of disturbed pairs is drawn hollow."""


def draw_hollow(axes: Axes, x: Any, y: Any, points: pd.DataFrame, style: Any) -> None:
    """Redraw as hollow the markers of ``points`` at ``x`` and ``y`` whose cells were disturbed."""
    where = points["pairs_disturbed"].gt(MOST).to_numpy()
    if where.any():
        axes.plot(
            pd.Series(x).to_numpy()[where],
            pd.Series(y).to_numpy()[where],
            linestyle="none",
            marker=style.marker,
            markersize=5.5,
            markeredgecolor=style.color,
            markerfacecolor="white",
            zorder=4,
        )


def describe_disturbed(cells: pd.DataFrame, *, marked: bool = True) -> tuple[str, ...]:
    """Return the part of the caption about the disturbed trials of ``cells``, if there are any; they count.

    ``marked`` says whether the figure has markers of cells, which are hollow then.
    """
    shares = cells["pairs_disturbed"]
    if not shares.gt(0).any():
        return ()
    hollow = f" (hollow: over {MOST:.0%})" if marked and shares.gt(MOST).any() else ""
    return (f"up to {shares.max():.0%} of a cell's pairs of trials disturbed{hollow}",)
