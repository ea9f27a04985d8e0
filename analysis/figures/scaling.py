"""Speedup over serial: against workers, with efficiency, or against any other factor."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, NullLocator, StrMethodFormatter

from breakeven.analysis.figures.along import LENGTHS, WORKERS, is_scale, name_axis, place_cells, set_axis
from breakeven.analysis.figures.answers import describe_answers
from breakeven.analysis.figures.context import Context, NothingToDraw
from breakeven.analysis.figures.crossings import describe_break_even, describe_overtaking
from breakeven.analysis.figures.disturbed import describe_disturbed
from breakeven.analysis.figures.dots import draw_dots
from breakeven.analysis.figures.edges import HEADROOM, cut, cut_panels
from breakeven.analysis.figures.look import (
    Styles,
    add_legend,
    describe_range,
    describe_sample,
    draw_errors,
    finish,
    legend_height,
    list_styles,
    look,
    new_figure,
    side_by_side,
    styles,
    thin,
    thinned,
    wrap_setting,
)
from breakeven.analysis.figures.roles import DEFAULT, Roles, in_order, keep_hues, name_cells
from breakeven.analysis.figures.texts import further_height
from breakeven.analysis.frames.factors import is_varied, label_settings
from breakeven.analysis.frames.load import Lab
from breakeven.analysis.units import format_ratio, plural

ACCEPTS: tuple[str, ...] = ("x", "hue", "facet")

LOG_FROM = 8
"""From this many workers on both axes are logarithmic; the ideal stays a straight line."""

_QUANTITIES = {"speedup": "speedup over serial", "efficiency": "efficiency"}
SMALL = 0.1
"""If no gain can be as large as this share, the title says that there is none."""

_AUTOMATIC = (WORKERS, "task_ns", "payload_asked_bytes")
"""What is drawn along x without a choice: the first that varies."""

_ASIDE = 0.25
"""How far the first of many mechanisms is drawn left of its number of workers."""

_SERIAL: dict[str, Any] = {"color": "0.3", "linewidth": 1, "zorder": 1, "label": "serial"}
_IDEAL: dict[str, Any] = {"color": "0.6", "linewidth": 1, "zorder": 1, "label": "ideal"}
_CPUS: dict[str, Any] = {"color": "0.45", "linewidth": 1.2, "linestyle": (0, (1, 2)), "zorder": 1}


def frame(lab: Lab, roles: Roles = DEFAULT) -> pd.DataFrame:
    """Return the cells that have a speedup, with ``mechanism`` and ``setting`` to distinguish them.

    If workers vary in some settings, the others are left out: as single points, they are in the summary.
    """
    cells = roles.add_to(lab.estimates.dropna(subset="speedup"))
    if cells.empty:
        raise NothingToDraw("no cell has a speedup: it needs pattern=map or window with status ok")
    setting = label_settings(cells)
    scales = cells["model"].ne("serial") & cells["workers"].groupby(setting).transform("nunique").gt(1)
    if scales.any() and not roles.chosen:
        cells = cells[setting.isin(setting[scales])]
    along = roles.x or _variable(cells)
    return place_cells(name_cells(cells, roles, along), along)


def draw(frame: pd.DataFrame, context: Context) -> Figure:
    """Draw one panel per setting, against what lies along x; dots if nothing does."""
    settings = in_order(frame, "setting")
    kept = thin(settings)
    frame, left_out = keep_hues(frame[frame["setting"].isin(kept)], "speedup")
    with look():
        body = _draw(frame, kept)
        notes = (*thinned(len(kept), len(settings), "settings"), *left_out)
        sample = (describe_sample(frame), *describe_disturbed(frame))
        return finish(body, _title(frame, context), context, *notes, *sample)


def _draw(frame: pd.DataFrame, settings: list[str]) -> SubFigure:
    along = frame["along"].iloc[0]
    if along is None:
        return _draw_dots(frame, settings)
    return _draw_workers(frame, settings) if along == WORKERS else _draw_along(frame, settings)


def _variable(cells: pd.DataFrame) -> str | None:
    """Return the variable along x: the first of workers, task length and payload that varies, or None."""
    parallel = cells[cells["model"].ne("serial")]
    return next((name for name in _AUTOMATIC if is_varied(parallel[name])), None)


def _title(frame: pd.DataFrame, context: Context) -> str:
    """Return from which length it pays, or where one mechanism overtakes another.

    The verdicts' lines decide; without any, the verdicts do.
    """
    along = frame["along"].iloc[0]
    parallel = frame[frame["model"].ne("serial")]
    if along in LENGTHS and not parallel.empty:
        found = list(describe_break_even(parallel, along, context.lines))
        found = found or list(describe_overtaking(parallel, along, _writes(along)))
        if found:
            more = len(found) - 1
            return f"{found[0]}; {plural(more, 'more crossing')}" if more else found[0]
    return describe_answers(context.answers) or _describe_fastest(frame)


def _writes(along: str) -> Callable[[float], str]:
    length = LENGTHS[along]
    return lambda value: length.text.format(length.write(value))


def _describe_fastest(frame: pd.DataFrame) -> str:
    """Return the cell whose interval begins highest above 1, or that there is none."""
    shown = frame[frame["model"].ne("serial")]
    shown = frame if shown.empty else shown
    clear = shown[shown["speedup_low"].gt(1)]
    if clear.empty:
        best = shown.nlargest(1, "speedup").iloc[0]
        return f"{_describe_no_gain(shown['speedup_high'])}; at best {_gain(best)}"
    return f"Fastest: {_gain(clear.nlargest(1, 'speedup_low').iloc[0])}"


def _describe_no_gain(highs: pd.Series[float]) -> str:
    """Return how sure it is that nothing is faster than serial, from the upper ends of the intervals."""
    if highs.lt(1).all():
        return "Everything is slower than serial"
    return f"No gain of {SMALL:.0%} or more" if highs.lt(1 + SMALL).all() else "No clear gain"


def _gain(cell: pd.Series[Any]) -> str:
    value, low, high = (format_ratio(cell[name]) for name in ("speedup", "speedup_low", "speedup_high"))
    interval = "" if pd.isna(cell["speedup_low"]) else f" [{low}, {high}]"
    at = "" if cell["along"] is None or pd.isna(cell["at"]) else cell["at"]
    settings = ", ".join(filter(None, [at, cell["setting"]]))
    where = f" ({settings})" if settings else ""
    return f"{cell['mechanism']} {value}x{interval}{where}"


def _draw_workers(frame: pd.DataFrame, settings: list[str]) -> SubFigure:
    columns = side_by_side(len(settings))
    blocks = -(-len(settings) // columns)
    look_of = styles(frame)
    figure = new_figure(
        max(7.5, 2.6 + 2.7 * columns),
        1.3 + max((4.2 + further_height(settings)) * blocks, legend_height(2 + len(look_of))),
    )
    grid = figure.add_gridspec(2 * blocks, columns, height_ratios=[3, 2] * blocks)
    first: dict[str, Axes] = {}
    for place, setting in enumerate(settings):
        cells = frame[frame["setting"].eq(setting)]
        for row, quantity in enumerate(_QUANTITIES):
            spot = grid[2 * (place // columns) + row, place % columns]
            axes = figure.add_subplot(spot, sharey=first.get(quantity))
            first.setdefault(quantity, axes)
            _draw_panel(axes, cells, quantity, look_of)
            axes.set_ylabel("" if place % columns else _QUANTITIES[quantity])
            axes.tick_params(labelleft=place % columns == 0)
            axes.set_xlabel("workers" if row else "")
        wrap_setting(setting, figure.axes[-len(_QUANTITIES)])
    _scale(figure, frame)
    add_legend(figure, [*list_styles(look_of), *_marks(frame)])
    return figure


def _draw_panel(axes: Axes, cells: pd.DataFrame, quantity: str, look_of: Styles) -> None:
    counts = sorted(cells["workers"].unique())
    ideal = counts if quantity == "speedup" else [1] * len(counts)
    if len(counts) > 1:
        axes.plot(counts, ideal, **_IDEAL)
    for cpus in cells["cpu_count"].dropna().unique()[:1]:
        if counts[0] <= cpus <= counts[-1]:
            axes.axvline(cpus, **_CPUS, label=_name_cpus(cpus))
    shown = [name for name in look_of if cells["mechanism"].eq(name).any()]
    logarithmic = max(counts) >= LOG_FROM
    # Side by side, so that equal points stay visible; to the left, so that as many workers as CPUs are not beyond them.
    step = min(0.05, _ASIDE / max(1, len(shown) - 1))
    for place, name in enumerate(shown):
        points = cells[cells["mechanism"].eq(name)].sort_values("workers")
        aside = step * (place + 1 - len(shown))
        x = points["workers"] * 2 ** (aside / 1.5) if logarithmic else points["workers"] + aside
        draw_errors(axes, x, points, quantity, look_of[str(name)])
    if logarithmic:
        axes.set_xscale("log", base=2)
    if len(counts) == 1:
        axes.set_xlim(counts[0] * 0.6, counts[0] * 1.4)
    axes.xaxis.set_major_locator(FixedLocator(thin(counts, LOG_FROM)))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(StrMethodFormatter("{x:g}"))


def _name_cpus(cpus: float) -> str:
    return f"CPUs: {cpus:.0f}"


def _highest(frame: pd.DataFrame) -> float:
    """Return where the axis of the speedup ends: near the ideal, or the highest estimate if that is above."""
    most = frame["workers"].max()
    ideal = min([most, *frame["cpu_count"].dropna()])
    return HEADROOM * float(max(1, ideal, frame["speedup"].max()))


def _scale(figure: SubFigure, frame: pd.DataFrame) -> None:
    """End y near the ideal: an ideal line far above the data may leave the panel, and so may an interval."""
    speedups, efficiencies = figure.axes[:: len(_QUANTITIES)], figure.axes[1 :: len(_QUANTITIES)]
    logarithmic = frame["workers"].max() >= LOG_FROM
    bottom = 0.8 * min(1.0, float(frame["speedup"].min())) if logarithmic else 0.0
    if logarithmic:
        speedups[0].set_yscale("log", base=2)
        speedups[0].yaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    cut_panels(speedups, "y", bottom, _highest(frame))
    cut_panels(efficiencies, "y", 0, HEADROOM * float(max(1, frame["efficiency"].max())))


def _marks(frame: pd.DataFrame) -> list[Artist]:
    cpus = frame["cpu_count"].dropna().unique()[:1]
    return [
        Line2D([], [], **_IDEAL),
        *(Line2D([], [], **_CPUS, label=_name_cpus(n)) for n in cpus),
    ]


def _draw_along(frame: pd.DataFrame, settings: list[str]) -> SubFigure:
    """Draw the speedup against any factor but workers."""
    columns = side_by_side(len(settings))
    rows = -(-len(settings) // columns)
    look_of = styles(frame)
    body = new_figure(
        max(7.5, 2.8 + 3 * columns),
        1.2 + max((3.6 + further_height(settings)) * rows, legend_height(1 + len(look_of))),
    )
    panels = body.subplots(rows, columns, squeeze=False, sharex=True, sharey=True)
    to_scale = is_scale(frame)
    for axes, setting in zip(panels.ravel(), settings, strict=False):
        cells = frame[frame["setting"].eq(setting)].sort_values("length")
        axes.axhline(1, **_SERIAL)
        shown = [name for name in look_of if cells["mechanism"].eq(name).any()]
        for place, name in enumerate(shown):
            points = cells[cells["mechanism"].eq(name)]
            aside = 0.0 if to_scale else 0.06 * (place - (len(shown) - 1) / 2)
            draw_errors(axes, points["length"] + aside, points, "speedup", look_of[name], joined=to_scale)
        axes.set_xlabel(name_axis(frame))
        wrap_setting(setting, axes)
    for axes in panels.ravel()[len(settings) :]:
        axes.remove()
    for axes in panels[:, 0]:
        axes.set_ylabel(f"speedup over serial, {plural(describe_range(frame['workers']), 'worker')}")
    for axes in body.axes:
        set_axis(axes, frame)
    cut(body, "y", 0, _highest(frame))
    add_legend(body, [*list_styles(look_of), Line2D([], [], **_SERIAL)])
    return body


def _draw_dots(frame: pd.DataFrame, settings: list[str]) -> SubFigure:
    workers = (
        describe_range(frame.loc[frame["model"].ne("serial"), "workers"])
        if frame["model"].ne("serial").any()
        else "1"
    )

    def add_limits(axes: Axes, cells: pd.DataFrame, _: Styles) -> None:
        axes.axvline(1, **_SERIAL)
        axes.axvline(cells["workers"].max(), **_IDEAL)
        for cpus in cells["cpu_count"].dropna().unique()[:1]:
            axes.axvline(cpus, **_CPUS, label=_name_cpus(cpus))
        axes.set(
            xlabel=f"speedup over serial, {plural(workers, 'worker')}\n(efficiency: divided by {workers})"
        )

    body = draw_dots(frame, "speedup", settings, add_limits)
    cut(body, "x", 0, _highest(frame))
    add_legend(body, [Line2D([], [], **_SERIAL), *_marks(frame)])
    return body
