"""Latency against the rate of messages that go one way.

A line for each mechanism, from a part of its load to saturation.
"""

from __future__ import annotations

from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from breakeven.analysis.figures.context import Context, NothingToDraw
from breakeven.analysis.figures.disturbed import describe_disturbed
from breakeven.analysis.figures.edges import HEADROOM, cut
from breakeven.analysis.figures.look import (
    GREY,
    Styles,
    add_legend,
    describe_sample,
    draw_errors,
    draw_tail,
    finish,
    legend_height,
    list_styles,
    look,
    new_figure,
    side_by_side,
    sort_labels,
    styles,
    wrap_setting,
)
from breakeven.analysis.figures.settings import keep_settings, panel_grid
from breakeven.analysis.figures.texts import further_height
from breakeven.analysis.figures.ticks import set_log_axis
from breakeven.analysis.frames.load import Lab
from breakeven.analysis.frames.streamed import RATE, rivals, saturated, streams
from breakeven.analysis.units import format_rate, format_time

__all__ = ["draw", "frame"]

_MIDDLE, _TAIL = "latency_p50_ns", "latency_p99_ns"
_FAINT: dict[str, Any] = {"linewidth": 1, "alpha": 0.45, "label": "99th percentile"}


def frame(lab: Lab) -> pd.DataFrame:
    """Return the streams with a rate and a latency, see `streams`; raise NothingToDraw."""
    found = streams(lab)
    found = found if found.empty else found.dropna(subset=[RATE, _MIDDLE])
    if found.empty:
        raise NothingToDraw("no cell sends messages one way: it needs pattern=stream with status ok")
    return found


def draw(frame: pd.DataFrame, context: Context) -> Figure:
    """Draw a panel for each setting: the latency's median with its interval, and its 99th percentile.

    The latter is a faint line.
    """
    kept, shown, some = keep_settings(frame, sort_labels(frame, "setting"))
    with look():
        look_of = styles(shown)
        columns = side_by_side(len(kept))
        rows = -(-len(kept) // columns)
        body = new_figure(
            max(7.5, 2.8 + 3.4 * columns),
            1.2 + max((3.6 + further_height(kept)) * rows, legend_height(2 + len(look_of))),
        )
        panels = panel_grid(body, len(kept), columns, sharey=True)
        for axes, setting in zip(panels, kept, strict=True):
            _draw_panel(axes, shown[shown["setting"].eq(setting)], look_of)
            wrap_setting(setting, axes)
        for axes in panels[::columns]:
            axes.set_ylabel("time of a message since it was due, median")
        seen = shown[[_MIDDLE, _TAIL]].astype("float64")
        cut(body, "y", float(seen.min().min()) / HEADROOM**3, float(seen.max().max()) * HEADROOM**3)
        for axes in body.axes:
            set_log_axis(axes.yaxis, format_time)
        add_legend(body, [*list_styles(look_of), Line2D([], [], color=GREY, **_FAINT)])
        return finish(body, _title(shown), context, *some, describe_sample(shown), *describe_disturbed(shown))


def _draw_panel(axes: Axes, cells: pd.DataFrame, look_of: Styles) -> None:
    for name, style in look_of.items():
        points = cells[cells["mechanism"].eq(name)].sort_values("load", na_position="last")
        draw_errors(axes, points[RATE], points, _MIDDLE, style)
        draw_tail(axes, points[RATE], points[_TAIL], style, _FAINT)
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlabel("messages had per second")
    set_log_axis(axes.xaxis, format_rate)


def _title(shown: pd.DataFrame) -> str:
    """Return which mechanism moves most in the first setting and in the last, named once if it is the same one."""
    settings = sort_labels(shown, "setting")
    found: dict[str, list[str]] = {}
    for name in dict.fromkeys((settings[0], settings[-1])):
        said, where = _best(shown[shown["setting"].eq(name)], name)
        found.setdefault(said, []).append(where)
    return "; ".join(said + ";".join(where) for said, where in found.items())


def _best(cells: pd.DataFrame, setting: str) -> tuple[str, str]:
    """Return what moves most in a setting, and where and how much: of two that may, the rate says whose it is."""
    ranked = saturated(cells)
    at = f" at {setting}" if setting else ""
    if ranked.empty:
        return "No rate without a load", at
    first = ranked.iloc[0]
    names = sorted(
        [str(first["mechanism"]), *rivals(ranked)[:1]]
    )  # of two that may, either may be the first elsewhere
    whose = f"{first['mechanism']} " if len(names) > 1 else ""
    return f"{' or '.join(names)} moves most", f"{at}, {whose}{format_rate(first[RATE])}"
