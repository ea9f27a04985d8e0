"""Round trips and bandwidth against payload, or any other factor: the common part of the two figures."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import SubFigure

from breakeven.analysis.figures.along import LENGTHS, is_scale, name_axis, place_cells, set_axis
from breakeven.analysis.figures.context import NothingToDraw
from breakeven.analysis.figures.dots import Extra, draw_dots
from breakeven.analysis.figures.edges import HEADROOM, cut
from breakeven.analysis.figures.look import (
    Styles,
    add_legend,
    draw_errors,
    legend_height,
    list_styles,
    new_figure,
    side_by_side,
    styles,
    thin,
    wrap_setting,
)
from breakeven.analysis.figures.roles import Roles, in_order, keep_hues, name_cells
from breakeven.analysis.figures.texts import further_height
from breakeven.analysis.figures.ticks import set_log_axis
from breakeven.analysis.frames.factors import is_varied, label_settings, tell_apart
from breakeven.analysis.frames.load import Lab
from breakeven.analysis.units import format_size

ACCEPTS: tuple[str, ...] = ("x", "hue", "facet")

_PAYLOAD = "payload_asked_bytes"
_ROOMY = 3
"""How many times the usual headroom a logarithmic axis has on both sides."""

_PAIR = 2
"""Panels of the two placements, such as ``affinity=compact,scatter``."""


@dataclass(frozen=True)
class Measure:
    """One quantity against payload: its columns, axis label, format, and whether lower is better."""

    column: str
    name: str
    write: Callable[[float], str]
    lowest_wins: bool
    best: str
    """What the best mechanism does, such as ``answers soonest``."""

    beside: tuple[str, ...] = ()
    """Further columns that the axis must show."""


def select_messages(lab: Lab, measure: Measure, roles: Roles) -> pd.DataFrame:
    """Return the pingpong cells in which ``measure`` is positive, named as ``roles`` asks; raise NothingToDraw."""
    cells = roles.add_to(lab.estimates)
    cells = cells[cells["pattern"].eq("pingpong") & cells[measure.column].gt(0)]
    if cells.empty:
        raise NothingToDraw("no cell sends messages: it needs pattern=pingpong with status ok and a payload")
    along = roles.x or (_PAYLOAD if is_varied(cells[_PAYLOAD]) else None)
    if roles.chosen:
        return place_cells(name_cells(cells, roles, along), along)
    named = name_cells(cells.assign(affinity=""), roles, along)
    named = named.assign(affinity=cells["affinity"], setting=_settings(cells))
    beside = ["setting", *([along] if along else [])]
    return place_cells(named.assign(mechanism=tell_apart(named, "mechanism", beside)), along)


def _settings(cells: pd.DataFrame) -> pd.Series[str]:
    """Name the panel of each cell: its work, and its placement if that is a factor.

    Twice the lines in one panel would be too many.
    """
    settings = label_settings(cells, without=(_PAYLOAD,))
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


def choose_shown(frame: pd.DataFrame, measure: Measure) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Return the rows that there is room for, and what the caption says of the others."""
    settings = in_order(frame, "setting")
    kept = thin(settings)
    some = (f"{len(kept)} of {len(settings)} settings shown",) if len(kept) < len(settings) else ()
    frame, left_out = keep_hues(
        frame[frame["setting"].isin(kept)], measure.column, lowest=measure.lowest_wins
    )
    return frame, (*some, *left_out)


def draw_panels(frame: pd.DataFrame, measure: Measure, marks: Marks) -> SubFigure:
    """Draw one panel per setting, against what lies along x, or as dots if nothing does."""
    settings = in_order(frame, "setting")
    low, high = _view(frame, measure)
    if frame["along"].iloc[0] is not None:
        body = _draw_lines(frame, measure, settings, marks.lines)
        cut(body, "y", low, high)
        set_log_axis(body.axes[0].yaxis, measure.write)
        add_legend(body, [*list_styles(styles(frame)), *marks.legend])
        return body
    body = draw_dots(frame, measure.column, settings, marks.dots)
    size = f", {format_size(frame[_PAYLOAD].iloc[0])} each way" if not is_varied(frame[_PAYLOAD]) else ""
    for axes in body.axes:
        axes.set_xlabel(f"{measure.name}{size}")
        axes.set_xscale("log")
    cut(body, "x", low, high)
    for axes in body.axes:
        set_log_axis(axes.xaxis, measure.write)
    add_legend(body, marks.legend)
    return body


def _view(frame: pd.DataFrame, measure: Measure) -> tuple[float, float]:
    """Return where the axis of the quantity ends: a little beyond all estimates, not intervals."""
    shown = frame[[measure.column, *measure.beside]].astype("float64")
    shown = shown.where(shown.gt(0))
    room = HEADROOM**_ROOMY
    return float(shown.min().min()) / room, float(shown.max().max()) * room


def _draw_lines(frame: pd.DataFrame, measure: Measure, settings: list[str], extra: Extra) -> SubFigure:
    columns = side_by_side(len(settings))
    rows = -(-len(settings) // columns)
    look_of = styles(frame)
    wide = 5 if columns == _PAIR else 3  # so that the sizes below a panel stand side by side
    height = max((3.6 + further_height(settings)) * rows, legend_height(2 + len(look_of)))
    body = new_figure(max(7.5, 2.8 + wide * columns), 1.2 + height)
    panels = body.subplots(rows, columns, squeeze=False, sharex=True, sharey=True)
    for axes, setting in zip(panels.ravel(), settings, strict=False):
        cells = frame[frame["setting"].eq(setting)].sort_values("length")
        _draw_panel(axes, cells, measure, {name: look_of[name] for name in in_order(cells, "mechanism")})
        extra(axes, cells, look_of)
        axes.set_xlabel(f"{name_axis(frame)}{', each way' * (frame['along'].iloc[0] == _PAYLOAD)}")
        wrap_setting(setting, axes)
    for axes in panels.ravel()[len(settings) :]:
        axes.remove()
    for axes in panels[:, 0]:
        axes.set_ylabel(measure.name)
    for axes in body.axes:
        set_axis(axes, frame)
    panels[0, 0].set_yscale("log")
    return body


def _draw_panel(axes: Axes, cells: pd.DataFrame, measure: Measure, look_of: Styles) -> None:
    to_scale = is_scale(cells)
    for place, (name, style) in enumerate(look_of.items()):
        points = cells[cells["mechanism"].eq(name)]
        aside = 0.0 if to_scale else 0.06 * (place - (len(look_of) - 1) / 2)
        draw_errors(axes, points["length"] + aside, points, measure.column, style, joined=to_scale)


def describe_winner(frame: pd.DataFrame, measure: Measure) -> str:
    """Return in one clause which mechanism is best, and where.

    The places are the one along x where it is best of all, and the farthest from that.

    A mechanism whose interval overlaps the winner's there is named beside it: which of them is best is not known.
    """
    ordered = frame.sort_values(measure.column, ascending=measure.lowest_wins)
    if frame["along"].iloc[0] not in LENGTHS:
        return _describe_best(ordered, measure)
    best = ordered["length"].iloc[0]
    low, high = frame["length"].min(), frame["length"].max()
    far = high if high - best >= best - low else low
    places = [ordered[ordered["length"].eq(place)] for place in dict.fromkeys([best, far])]
    first, last = (_winners(cells, measure) for cells in (places[0], places[-1]))
    if first == last:
        values = " and ".join(_value_at(cells, measure) for cells in places)
        return f"{first} {measure.best}: {_whose(places[0], first)}{values}"
    return f"{first} {measure.best} at {places[0]['at'].iloc[0]}, {last} at {places[-1]['at'].iloc[0]}"


def _describe_best(ordered: pd.DataFrame, measure: Measure) -> str:
    winners = _winners(ordered, measure)
    return f"{winners} {measure.best}: {_whose(ordered, winners)}{_value_at(ordered, measure)}"


def _whose(ordered: pd.DataFrame, winners: str) -> str:
    """Return the mechanism that the values are of, if there are two winners."""
    first = str(ordered["mechanism"].iloc[0])
    return "" if winners == first else f"{first} "


def _winners(ordered: pd.DataFrame, measure: Measure) -> str:
    """Return the first mechanism, and the next whose interval overlaps its own in the same setting."""
    first = ordered.iloc[0]
    ends = [first[f"{measure.column}{end}"] for end in ("_low", "_high")]
    others = ordered[ordered["mechanism"].ne(first["mechanism"]) & ordered["setting"].eq(first["setting"])]
    near = others[f"{measure.column}_low"].le(ends[1]) & others[f"{measure.column}_high"].ge(ends[0])
    return (
        f"{first['mechanism']} or {others.loc[near, 'mechanism'].iloc[0]}"
        if near.any()
        else str(first["mechanism"])
    )


def _value_at(ordered: pd.DataFrame, measure: Measure) -> str:
    first = ordered.iloc[0]
    size = format_size(first[_PAYLOAD]) if first["along"] is None else first["at"]
    at = ", ".join(filter(None, [size, first["setting"]]))
    return f"{measure.write(first[measure.column])} at {at}"
