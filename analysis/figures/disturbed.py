"""How figures show cells that others disturbed: hollow markers, and a line in the caption that says so."""

from __future__ import annotations

from typing import Any

import pandas as pd
from matplotlib.axes import Axes

MOST = 0.1
"""From more than this share of disturbed pairs on a cell is drawn hollow."""


def draw_hollow(axes: Axes, x: Any, y: Any, points: pd.DataFrame, style: Any) -> None:
    """Draw the markers of ``points`` at ``x`` and ``y`` again, hollow, where the cell was disturbed."""
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


def tell_disturbed(cells: pd.DataFrame) -> str:
    """Say for the caption what was disturbed, nothing if nothing was."""
    shares = cells["pairs_disturbed"]
    if not shares.gt(0).any():
        return ""
    hollow = f"; hollow: more than {MOST:.0%}" if shares.gt(MOST).any() else ""
    return f"; others disturbed up to {shares.max():.0%} of a cell's, which are counted{hollow}"
