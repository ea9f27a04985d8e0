"""Round trip against payload: what one message costs, by mechanism."""

from __future__ import annotations

from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from breakeven.analysis.figures.along import is_scale
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
from breakeven.analysis.figures.look import GREY, Styles, describe_sample, draw_tail, finish, look
from breakeven.analysis.figures.roles import DEFAULT, Roles
from breakeven.analysis.frames.load import Lab
from breakeven.analysis.units import format_time

__all__ = ["ACCEPTS", "draw", "frame"]

MEASURE = Measure(
    "latency_p50_ns",
    "round trip of one message, median",
    format_time,
    lowest_wins=True,
    best="answers soonest",
    beside=("latency_p99_ns",),
)

_TAIL = "99th percentile"
_FAINT: dict[str, Any] = {"linewidth": 1, "alpha": 0.45, "label": _TAIL}


def frame(lab: Lab, roles: Roles = DEFAULT) -> pd.DataFrame:
    """Return the pingpong cells that have a latency, with ``mechanism`` and ``setting`` to distinguish them."""
    return select_messages(lab, MEASURE, roles)


def draw(frame: pd.DataFrame, context: Context) -> Figure:
    """Draw the median round trip as lines, the 99th percentile as faint ones."""
    frame, left_out = choose_shown(frame, MEASURE)
    with look():
        legend = [Line2D([], [], color=GREY, **_FAINT)]
        body = draw_panels(frame, MEASURE, Marks(_draw_tails, _dot_tails, legend))
        sample = (*left_out, describe_sample(frame), *describe_disturbed(frame))
        return finish(body, describe_winner(frame, MEASURE), context, *sample)


def _draw_tails(axes: Axes, cells: pd.DataFrame, look_of: Styles) -> None:
    for name, points in cells.sort_values("length").groupby("mechanism"):
        style = look_of[str(name)]
        draw_tail(axes, points["length"], points["latency_p99_ns"], style, _FAINT, joined=is_scale(points))


def _dot_tails(axes: Axes, cells: pd.DataFrame, look_of: Styles) -> None:
    for place, (name, style) in enumerate(look_of.items()):
        points = cells[cells["mechanism"].eq(name)]
        for ends in points[["latency_p50_ns", "latency_p99_ns"]].to_numpy():
            axes.plot(ends, [place, place], color=style.color, marker="|", **_FAINT)
