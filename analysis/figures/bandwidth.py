"""Payload moved per second against payload, compared with copying it once each way."""

from __future__ import annotations

from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from breakeven.analysis.figures.by_payload import (
    ACCEPTS,
    Marks,
    Measure,
    choose_shown,
    describe_winner,
    draw_panels,
    select_messages,
)
from breakeven.analysis.figures.context import Context
from breakeven.analysis.figures.disturbed import describe_disturbed
from breakeven.analysis.figures.look import Styles, describe_sample, finish, look
from breakeven.analysis.figures.roles import DEFAULT, Roles
from breakeven.analysis.frames.load import Lab
from breakeven.analysis.units import format_rate

__all__ = ["ACCEPTS", "draw", "frame"]

MEASURE = Measure(
    "bandwidth_bytes_per_s",
    "payload moved, both ways",
    lambda rate: format_rate(rate, "B"),
    lowest_wins=False,
    best="moves most",
    beside=("memcpy_bytes_per_s",),
)

_LIMIT: dict[str, Any] = {
    "color": "black",
    "linestyle": (0, (5, 2)),
    "linewidth": 1.2,
    "label": "memcpy, once each way",
}


def frame(lab: Lab, roles: Roles = DEFAULT) -> pd.DataFrame:
    """Return the pingpong cells that moved any bytes, with ``mechanism`` and ``setting`` to distinguish them."""
    return select_messages(lab, MEASURE, roles)


def draw(frame: pd.DataFrame, context: Context) -> Figure:
    """Draw bandwidth as lines, and the memcpy limit of the same runs dashed."""
    frame, left_out = choose_shown(frame, MEASURE)
    with look():
        legend = [Line2D([], [], **_LIMIT)]
        body = draw_panels(frame, MEASURE, Marks(_draw_limit, _dot_limit, legend))
        sample = (*left_out, describe_sample(frame), *describe_disturbed(frame))
        return finish(body, _title(frame), context, *sample)


def _title(frame: pd.DataFrame) -> str:
    """Return what moves most, and how close the best that copies comes to the limit."""
    cells = frame.assign(share=frame[MEASURE.column] / frame["memcpy_bytes_per_s"])
    passed = set(
        cells.loc[cells["share"].gt(1), "mechanism"]
    )  # by reference, or by a name of what lies there already
    winner = describe_winner(frame, MEASURE)
    if not passed:
        share = float(cells.nlargest(1, MEASURE.column)["share"].iloc[0])
        return winner if pd.isna(share) else f"{winner}, at best {share:.0%} of memcpy"
    others = cells[~cells["mechanism"].isin(passed)].nlargest(1, "share")
    if others.empty:
        return f"{winner}, without a copy"
    best, share = others[["mechanism", "share"]].iloc[0]
    return f"{winner}, without a copy; of others at best {best}, {share:.0%} of memcpy"


def _draw_limit(axes: Axes, cells: pd.DataFrame, _: Styles) -> None:
    limit = cells[["length", "memcpy_bytes_per_s"]].groupby("length").median().dropna()
    if len(limit):
        mark = "_" if len(limit) == 1 else ""  # a line has no single point
        axes.plot(limit.index, limit["memcpy_bytes_per_s"], **_LIMIT, marker=mark, markersize=11, zorder=2)


def _dot_limit(axes: Axes, cells: pd.DataFrame, _: Styles) -> None:
    if cells["memcpy_bytes_per_s"].notna().any():
        axes.axvline(cells["memcpy_bytes_per_s"].median(), **_LIMIT, zorder=2)
