"""Lines against payload by mechanism: the common part of the latency and bandwidth figures."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pandas as pd
from matplotlib.artist import Artist
from matplotlib.figure import SubFigure

from breakeven.analysis.figures.context import NothingToDraw
from breakeven.analysis.figures.dots import Extra, draw_dots
from breakeven.analysis.figures.look import (
    add_legend,
    draw_errors,
    legend_height,
    list_styles,
    new_figure,
    set_log_axis,
    set_size_axis,
    sort_labels,
    styles,
    thin,
    wrap_setting,
)
from breakeven.analysis.frames.factors import is_varied, label_mechanisms, label_settings
from breakeven.analysis.frames.load import Lab
from breakeven.analysis.units import format_size

_PAIR = 2
"""Panels of the two placements, such as ``affinity=compact,scatter``."""


@dataclass(frozen=True)
class Measure:
    """One quantity against payload: its column, axis label, format, and whether lower is better."""

    column: str
    name: str
    write: Callable[[float], str]
    lowest_wins: bool


def select_messages(lab: Lab, column: str) -> pd.DataFrame:
    """Return the pingpong cells that have a positive ``column``; raise NothingToDraw."""
    cells = lab.estimates
    cells = cells[cells["pattern"].eq("pingpong") & cells[column].gt(0)]
    if cells.empty:
        raise NothingToDraw("no cell sends messages: it needs pattern=pingpong with status ok and a payload")
    return cells.assign(mechanism=label_mechanisms(cells.assign(affinity="")), setting=_settings(cells))


def _settings(cells: pd.DataFrame) -> pd.Series[str]:
    """Name the panel of each cell: its work, and its placement if that is a factor, since twice the lines would be too many."""
    settings = label_settings(cells, without=("payload_asked_bytes",))
    if not is_varied(cells["affinity"]):
        return settings
    parts = zip(settings, "affinity " + cells["affinity"], strict=True)
    return pd.Series([", ".join(filter(None, part)) for part in parts], cells.index, dtype="str")


@dataclass(frozen=True)
class Marks:
    """What a figure adds to each panel of lines or of dots, and to the legend."""

    lines: Extra
    dots: Extra
    legend: Sequence[Artist]


def draw_panels(frame: pd.DataFrame, measure: Measure, marks: Marks) -> SubFigure:
    """Draw one panel per setting, against payload, or as dots if all cells have the same payload."""
    settings = thin(sort_labels(frame, "setting"))
    if is_varied(frame["payload_asked_bytes"]):
        body = _draw_lines(frame, measure, settings, marks.lines)
        add_legend(body, [*list_styles(styles(frame)), *marks.legend])
        return body
    body = draw_dots(frame, measure.column, settings, marks.dots)
    size = format_size(frame["payload_asked_bytes"].iloc[0])
    for axes in body.axes:
        axes.set_xlabel(f"{measure.name}, {size} each way")
        axes.set_xscale("log")
        set_log_axis(axes.xaxis, measure.write)
    add_legend(body, marks.legend)
    return body


def _draw_lines(frame: pd.DataFrame, measure: Measure, settings: list[str], extra: Extra) -> SubFigure:
    columns = min(len(settings), 3)
    rows = -(-len(settings) // columns)
    look_of = styles(frame)
    wide = 5 if columns == _PAIR else 3  # so that the sizes below a panel stand side by side
    body = new_figure(max(7.5, 2.8 + wide * columns), 1.2 + max(3.6 * rows, legend_height(2 + len(look_of))))
    panels = body.subplots(rows, columns, squeeze=False, sharex=True, sharey=True)
    for axes, setting in zip(panels.ravel(), settings, strict=False):
        cells = frame[frame["setting"].eq(setting)]
        for name, points in cells.sort_values("payload_asked_bytes").groupby("mechanism"):
            draw_errors(axes, points["payload_asked_bytes"], points, measure.column, look_of[str(name)])
        extra(axes, cells, look_of)
        axes.set_xlabel("payload, each way")
        wrap_setting(setting, axes)
    for axes in panels.ravel()[len(settings) :]:
        axes.remove()
    for axes in panels[:, 0]:
        axes.set_ylabel(measure.name)
    set_size_axis(panels[0, 0], frame["payload_asked_bytes"].tolist())
    panels[0, 0].set_yscale("log")
    set_log_axis(panels[0, 0].yaxis, measure.write)
    return body


def describe_winner(frame: pd.DataFrame, measure: Measure) -> str:
    """Return which cell is best of all, and which is best at the payload farthest from that.

    A mechanism whose interval overlaps the winner's at that payload is named, too.
    """
    ordered = frame.sort_values(measure.column, ascending=measure.lowest_wins)
    best = ordered["payload_asked_bytes"].iloc[0]
    low, high = frame["payload_asked_bytes"].min(), frame["payload_asked_bytes"].max()
    payloads = dict.fromkeys([best, high if high - best >= best - low else low])
    return "; ".join(
        _describe_best(ordered[ordered["payload_asked_bytes"].eq(size)], measure) for size in payloads
    )


def _describe_best(ordered: pd.DataFrame, measure: Measure) -> str:
    first = ordered.iloc[0]
    ends = [first[f"{measure.column}{end}"] for end in ("_low", "_high")]
    interval = "" if pd.isna(ends[0]) else f" [{', '.join(map(measure.write, ends))}]"
    others = ordered[ordered["mechanism"].ne(first["mechanism"]) & ordered["setting"].eq(first["setting"])]
    near = others[f"{measure.column}_low"].le(ends[1]) & others[f"{measure.column}_high"].ge(ends[0])
    overlap = f" (overlapped by {others.loc[near, 'mechanism'].iloc[0]})" if near.any() else ""
    at = ", ".join(filter(None, [format_size(first["payload_asked_bytes"]), first["setting"]]))
    return f"{first['mechanism']} with {measure.write(first[measure.column])}{interval} at {at}{overlap}"
