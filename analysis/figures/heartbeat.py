"""How late the main thread serves its ticks while workers work: dots by mechanism, the frame as a line."""

from __future__ import annotations

from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from breakeven.analysis.figures.context import Context, NothingToDraw
from breakeven.analysis.figures.disturbed import describe_disturbed
from breakeven.analysis.figures.dots import draw_dots
from breakeven.analysis.figures.edges import HEADROOM, cut
from breakeven.analysis.figures.look import (
    GREY,
    Styles,
    describe_sample,
    finish,
    look,
    place_legend,
)
from breakeven.analysis.figures.settings import keep_settings
from breakeven.analysis.figures.ticks import set_log_axis
from breakeven.analysis.findings.heartbeat import ALONE, LATE, MISSED, P50, P99, SMOOTH, judge
from breakeven.analysis.frames.load import Lab
from breakeven.analysis.units import format_share, format_time, plural, trim_zeros

_MEDIAN: dict[str, Any] = {"linewidth": 1, "alpha": 0.45, "label": "from the median on"}
_FRAME: dict[str, Any] = {"color": "0.3", "linewidth": 1.2, "linestyle": "--", "zorder": 1}
_ROOM = HEADROOM**3


def frame(lab: Lab) -> pd.DataFrame:
    """Return a row for each mechanism and setting, and one without workers; raise NothingToDraw.

    A row has lateness, ``frame_ns`` and ``decision``.
    """
    rows = judge(lab)
    if rows.empty:
        raise NothingToDraw("no cell keeps ticks: it needs pattern=heartbeat with status ok")
    return rows


def draw(frame: pd.DataFrame, context: Context) -> Figure:
    """Draw a row for each mechanism: the 99th percentile with its interval, and a faint line from the median."""
    kept, shown, some = keep_settings(frame, list(dict.fromkeys(frame["setting"])))
    with look():
        body = draw_dots(shown, P99, kept, _add)
        for axes in body.axes:
            axes.set_xlabel("lateness, 99 % of ticks")
            axes.set_xscale("log")
        ends = shown[[P50, P99, "frame_ns"]]
        cut(body, "x", float(ends.min().min()) / _ROOM, float(ends.max().max()) * _ROOM)
        for axes in body.axes:
            set_log_axis(axes.xaxis, format_time)
        length = trim_zeros(format_time(shown["frame_ns"].iloc[0]))
        place_legend(body, [_handle(f"a frame, {length}", _FRAME), _handle("", {"color": GREY, **_MEDIAN})])
        notes = (*some, describe_sample(shown))
        return finish(body, _title(shown), context, *notes, *describe_disturbed(shown))


def _handle(label: str, style: dict[str, Any]) -> Line2D:
    return Line2D([], [], **({"label": label} | style))


def _add(axes: Axes, cells: pd.DataFrame, look_of: Styles) -> None:
    for length in cells["frame_ns"].unique():
        axes.axvline(length, **_FRAME)
    for place, (name, style) in enumerate(look_of.items()):
        for ends in cells.loc[cells["mechanism"].eq(name), [P50, P99]].to_numpy():
            axes.plot(ends, [place, place], color=style.color, marker="|", **_MEDIAN)


def _title(frame: pd.DataFrame) -> str:
    """Return which workers make ticks late, at worst, and how many do not."""
    rows = frame[frame["mechanism"].ne(ALONE)].sort_values([MISSED, P99])
    worst, smooth = rows.iloc[-1], rows["decision"].eq(SMOOTH)
    late = rows["decision"].eq(LATE)
    if smooth.all():
        return f"The main thread keeps its ticks beside all workers: at worst {format_time(worst[P99])} late, with {_name(worst)}"
    if not late.any():
        return f"No workers surely make the main thread late; at worst ticks are {format_time(worst[P99])} late, with {_name(worst)}"
    rest = _rest(rows[~late], smooth[~late])
    worst = rows[late].iloc[-1]
    return f"{_name(worst)} makes the main thread miss {format_share(worst[MISSED])} of its frames{rest}"


def _rest(others: pd.DataFrame, smooth: pd.Series[bool]) -> str:
    """Return the words for those that are not late, empty if there are none."""
    if others.empty:
        return ", and so do all others"
    if not smooth.all():
        return f"; {smooth.sum()} of {plural(len(others), 'other')} surely do not"
    latest = others.sort_values(P99).iloc[-1]
    return f"; beside {_name(latest)}, 99 % come within {format_time(latest[P99])}"


def _name(row: pd.Series[Any]) -> str:
    return f"{row['mechanism']} ({row['setting']})" if row["setting"] else str(row["mechanism"])
