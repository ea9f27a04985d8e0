"""How long workers run in one go against the switch interval, both logarithmic; a line where both are equal."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure
from matplotlib.lines import Line2D

from breakeven.analysis.figures.context import Context, NothingToDraw
from breakeven.analysis.figures.disturbed import describe_disturbed
from breakeven.analysis.figures.edges import HEADROOM, cut
from breakeven.analysis.figures.look import (
    GREY,
    add_legend,
    describe_sample,
    draw_errors,
    draw_tail,
    finish,
    list_styles,
    look,
    new_figure,
    side_by_side,
    styles,
    wrap_setting,
)
from breakeven.analysis.figures.settings import keep_settings, panel_grid
from breakeven.analysis.figures.texts import further_height
from breakeven.analysis.figures.ticks import set_log_axis
from breakeven.analysis.findings.switching import DECIDES, IN_PART, NOT, P50, P99, decide, judge, lines, where
from breakeven.analysis.frames.load import Lab
from breakeven.analysis.units import format_length, format_time

_EQUAL: dict[str, Any] = {
    "color": "0.3",
    "linewidth": 1.2,
    "linestyle": "--",
    "zorder": 1,
    "label": "run = interval",
}
_TAIL: dict[str, Any] = {"linewidth": 1, "alpha": 0.45, "label": "99th percentile"}
_ROOM = HEADROOM**3
_ALONE = 3.0
"""Room around a single interval, a factor: enough to see that runs are as long as it is."""


def frame(lab: Lab) -> pd.DataFrame:
    """Return a row for each cell: runs, ``interval_ns``, and whether it decided them; raise NothingToDraw."""
    rows = judge(lab)
    if rows.empty:
        raise NothingToDraw("no cell notes interruptions: it needs pattern=switching with status ok")
    return rows


def draw(frame: pd.DataFrame, context: Context) -> Figure:
    """Draw a line for each mechanism, the median run with its interval, and a faint one for the 99th percentile."""
    kept, shown, some = keep_settings(frame, list(dict.fromkeys(frame["setting"])))
    with look():
        body = _draw(shown, kept)
        notes = (*some, describe_sample(shown))
        return finish(body, _title(shown), context, *notes, *describe_disturbed(shown))


def _draw(frame: pd.DataFrame, settings: list[str]) -> SubFigure:
    columns = side_by_side(len(settings))
    rows = -(-len(settings) // columns)
    body = new_figure(max(7.5, 2.8 + 3.4 * columns), 1.2 + (3.9 + further_height(settings)) * rows)
    panels = panel_grid(body, len(settings), columns, sharex=True, sharey=True)
    look_of = styles(frame)
    shortest, longest = frame["interval_ns"].min(), frame["interval_ns"].max()
    room = _ALONE if shortest == longest else _ROOM
    ends = shortest / room, longest * room
    for axes, setting in zip(panels, settings, strict=True):
        cells = frame[frame["setting"].eq(setting)]
        axes.plot(ends, ends, **_EQUAL)
        for name, points in cells.groupby("mechanism", sort=False):
            style = look_of[str(name)]
            draw_errors(axes, points["interval_ns"], points, P50, style)
            draw_tail(axes, points["interval_ns"], points[P99], style, _TAIL)
        wrap_setting(setting, axes)
        _scale(axes, ends)
    low, high = (float(getattr(np, end)(frame[[P50, P99, "interval_ns"]])) for end in ("min", "max"))
    cut(body, "y", low / room, high * room)
    set_log_axis(body.axes[0].yaxis, format_time)
    body.axes[0].set_ylabel("run without interruption, median")
    add_legend(body, [*list_styles(look_of), Line2D([], [], color=GREY, **_TAIL), Line2D([], [], **_EQUAL)])
    return body


def _scale(axes: Axes, ends: tuple[float, float]) -> None:
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlim(ends)
    set_log_axis(axes.xaxis, format_length)
    axes.set_xlabel("switch interval")


def _title(frame: pd.DataFrame) -> str:
    """Return for which mechanisms the interval decides, and for which not."""
    found: dict[str, list[str]] = {}
    for line in lines(frame):
        word = decide(line)
        at = f" ({where(line)})" if word == IN_PART else ""
        found.setdefault(word, []).append(f"{_name(line.iloc[0], frame)}{at}")
    parts = [f"{_CLAUSES[word]} {', '.join(found[word])}" for word in _CLAUSES if word in found]
    if not parts:
        return "Whether the switch interval decides how long workers run is open"
    return f"The switch interval decides how long workers run: {'; '.join(parts)}"


_CLAUSES = {DECIDES: "yes with", IN_PART: "in part with", NOT: "no with"}


def _name(row: pd.Series[Any], frame: pd.DataFrame) -> str:
    one = frame["setting"].eq(frame["setting"].iloc[0]).all()
    return str(row["mechanism"]) if one else f"{row['mechanism']} ({row['setting']})"
