"""Round trip against payload: what one message costs, by mechanism."""

from __future__ import annotations

from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from breakeven.analysis.figures.by_payload import (
    Marks,
    Measure,
    describe_winner,
    draw_panels,
    select_messages,
)
from breakeven.analysis.figures.context import Context
from breakeven.analysis.figures.look import GREY, Styles, describe_sample, finish, look
from breakeven.analysis.frames.load import Lab
from breakeven.analysis.units import format_time

MEASURE = Measure("latency_p50_ns", "round trip of one message", format_time, lowest_wins=True)

_FAINT: dict[str, Any] = {"linewidth": 1, "alpha": 0.45}


def frame(lab: Lab) -> pd.DataFrame:
    """Return the pingpong cells that have a latency, with ``mechanism`` and ``setting`` to distinguish them."""
    return select_messages(lab, MEASURE.column)


def draw(frame: pd.DataFrame, context: Context) -> Figure:
    """Draw the median round trip as lines, the 99th percentile as faint ones."""
    with look():
        legend = [
            Line2D([], [], color=GREY, linewidth=1.6, label="median"),
            Line2D([], [], color=GREY, **_FAINT, label="99th percentile"),
        ]
        body = draw_panels(frame, MEASURE, Marks(_draw_tails, _dot_tails, legend))
        sample = f"{describe_sample(frame, 'trials')}; p50 and p99 are of all messages of a process"
        return finish(body, f"Shortest round trip: {describe_winner(frame, MEASURE)}", context, sample)


def _draw_tails(axes: Axes, cells: pd.DataFrame, look_of: Styles) -> None:
    for name, points in cells.sort_values("payload_asked_bytes").groupby("mechanism"):
        style = look_of[str(name)]
        x, tail = points["payload_asked_bytes"], points["latency_p99_ns"]
        axes.plot(x, tail, color=style.color, linestyle=style.dash, **_FAINT)


def _dot_tails(axes: Axes, cells: pd.DataFrame, look_of: Styles) -> None:
    for place, (name, style) in enumerate(look_of.items()):
        points = cells[cells["mechanism"].eq(name)]
        for ends in points[["latency_p50_ns", "latency_p99_ns"]].to_numpy():
            axes.plot(ends, [place, place], color=style.color, marker="|", **_FAINT)
