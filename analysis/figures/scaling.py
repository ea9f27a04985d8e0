"""Speedup and efficiency against workers: whether more workers help, and up to how many."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, NullLocator, StrMethodFormatter

from breakeven.analysis.figures.context import Context, NothingToDraw
from breakeven.analysis.figures.crossings import describe_crossings
from breakeven.analysis.figures.dots import draw_dots
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
    set_length_axis,
    sort_labels,
    styles,
    thin,
    thinned,
    wrap_setting,
)
from breakeven.analysis.frames.asked import payloads
from breakeven.analysis.frames.factors import is_varied, label_mechanisms, label_settings
from breakeven.analysis.frames.lengths import lengths_of_tasks
from breakeven.analysis.frames.load import Lab
from breakeven.analysis.units import format_length, format_size

LOG_FROM = 8
"""From this many workers on both axes are logarithmic; the ideal stays a straight line."""

_QUANTITIES = {"speedup": "speedup over serial", "efficiency": "efficiency"}
SMALL = 0.1
"""If no gain can be as large as this share, the title says that there is none."""

TITLE = 105
"""Characters that fit two lines of a title in the narrowest figure, including the prefix."""


@dataclass(frozen=True)
class Length:
    """A quantity other than workers along x: its axis label, its format on axes and in texts."""

    axis: str
    write: Callable[[float], str]
    text: str


_LENGTHS = {
    "task_ns": Length("task", format_length, "tasks of {}"),
    "payload_asked_bytes": Length("payload", format_size, "{}"),
}

_AS_MEASURED = ", as measured"

_SERIAL: dict[str, Any] = {"color": "0.3", "linewidth": 1, "zorder": 1}
_IDEAL: dict[str, Any] = {"color": "0.6", "linewidth": 1, "zorder": 1}
_CPUS: dict[str, Any] = {"color": "0.45", "linewidth": 1.2, "linestyle": (0, (1, 2)), "zorder": 1}


def frame(lab: Lab) -> pd.DataFrame:
    """Return the cells that have a speedup, with ``mechanism`` and ``setting`` to distinguish them.

    If workers vary in some settings, the others are left out: as single points, they are in the summary.
    """
    cells = lab.estimates.dropna(subset="speedup")
    if cells.empty:
        raise NothingToDraw("no cell has a speedup: it needs pattern=map or window with status ok")
    setting = label_settings(cells)
    scales = cells["model"].ne("serial") & cells["workers"].groupby(setting).transform("nunique").gt(1)
    if scales.any():
        cells = cells[setting.isin(setting[scales])]
    along = _variable(cells)
    without = () if along in {None, "workers"} else (str(along),)
    return cells.assign(mechanism=label_mechanisms(cells), setting=label_settings(cells, without))


def draw(frame: pd.DataFrame, context: Context) -> Figure:
    """Draw one panel per setting, against workers, task length or payload; dots if none of them varies."""
    variable = _variable(frame)
    settings = sort_labels(frame, "setting")
    kept = thin(settings)
    frame = _with_lengths(frame[frame["setting"].isin(kept)], variable)
    with look():
        body = _draw(frame, kept, variable)
        sample = f"{describe_sample(frame, 'pairs of trials')}; efficiency: speedup / workers; start-up not included"
        return finish(
            body, _title(frame, variable), context, sample, *thinned(len(kept), len(settings), "settings")
        )


def _with_lengths(frame: pd.DataFrame, variable: str | None) -> pd.DataFrame:
    """Add ``length``, where a cell is drawn along x: how long its tasks are, or its payload."""
    if variable == "task_ns":
        return frame.assign(length=lengths_of_tasks(frame))
    return frame.assign(length=payloads(frame)) if variable in _LENGTHS else frame


def _draw(frame: pd.DataFrame, settings: list[str], variable: str | None) -> SubFigure:
    if variable is None:
        return _draw_dots(frame, settings)
    return _draw_lengths(frame, settings, variable) if variable in _LENGTHS else _draw_lines(frame, settings)


def _variable(cells: pd.DataFrame) -> str | None:
    """Return the variable along x: the first of workers, task length and payload that varies, or None."""
    parallel = cells[cells["model"].ne("serial")]
    return next((name for name in ("workers", *_LENGTHS) if is_varied(parallel[name])), None)


def _title(frame: pd.DataFrame, variable: str | None) -> str:
    """Return from which length it pays, if the intervals show it; else what is fastest."""
    if variable not in _LENGTHS:
        return _describe_fastest(frame, variable)
    length = _LENGTHS[variable]
    parallel = frame[frame["model"].ne("serial")]
    crossings = describe_crossings(parallel, variable, lambda value: length.text.format(length.write(value)))
    return _fit(crossings) if crossings else f"No crossing is clear. {_describe_fastest(frame, variable)}"


def _fit(texts: list[str]) -> str:
    """Join as many texts as fit two lines, at least one."""
    kept = texts[:1]
    for text in texts[1:]:
        if len("; ".join([*kept, text])) <= TITLE:
            kept.append(text)
    more = len(texts) - len(kept)
    return "; ".join(kept) + (f"; {more} more" if more else "")


def _describe_fastest(frame: pd.DataFrame, variable: str | None) -> str:
    """Return the cell whose interval begins highest above 1, and the lowest of all that are drawn."""
    shown = frame[frame["model"].ne("serial")]
    shown = frame if shown.empty else shown
    clear = shown[shown["speedup_low"].gt(1)]
    if clear.empty:
        best = shown.nlargest(1, "speedup").iloc[0]
        return f"{_describe_no_gain(shown['speedup_high'])}; at best {_gain(best, variable)}"
    fastest = f"Fastest: {_gain(clear.nlargest(1, 'speedup_low').iloc[0], variable)}"
    if len(shown) == 1:
        return fastest
    both = f"{fastest}; slowest: {_gain(shown.nsmallest(1, 'speedup').iloc[0], variable)}"
    return both if len(both) <= TITLE else fastest


def _describe_no_gain(highs: pd.Series[float]) -> str:
    """Return how sure it is that nothing is faster than serial, from the upper ends of the intervals."""
    if highs.lt(1).all():
        return "Everything is slower than serial"
    return f"No gain of {SMALL:.0%} or more" if highs.lt(1 + SMALL).all() else "No clear gain"


def _gain(cell: pd.Series[Any], variable: str | None) -> str:
    interval = f" [{cell['speedup_low']:.2f}, {cell['speedup_high']:.2f}]"
    interval = "" if pd.isna(cell["speedup_low"]) else interval
    length = _LENGTHS.get(str(variable))
    at = length.text.format(length.write(cell["length"])) if length else ""
    workers = f"{cell['workers']} worker{'s' if cell['workers'] > 1 else ''}"
    settings = ", ".join(filter(None, [workers if variable == "workers" else at, cell["setting"]]))
    where = f" ({settings})" if settings else ""
    return f"{cell['mechanism']} {cell['speedup']:.2f}x{interval}{where}"


def _draw_lines(frame: pd.DataFrame, settings: list[str]) -> SubFigure:
    columns = min(len(settings), 3)
    blocks = -(-len(settings) // columns)
    look_of = styles(frame)
    figure = new_figure(
        max(7.5, 2.6 + 2.7 * columns), 1.3 + max(4.2 * blocks, legend_height(2 + len(look_of)))
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
    _scale(first, frame)
    add_legend(figure, [*list_styles(look_of), *_marks(frame)])
    return figure


def _draw_panel(axes: Axes, cells: pd.DataFrame, quantity: str, look_of: Styles) -> None:
    counts = sorted(cells["workers"].unique())
    ideal = counts if quantity == "speedup" else [1] * len(counts)
    axes.plot(counts, ideal, **_IDEAL)
    for cpus in cells["cpu_count"].dropna().unique()[:1]:
        axes.axvline(cpus, **_CPUS)
    shown = [name for name in look_of if cells["mechanism"].eq(name).any()]
    logarithmic = max(counts) >= LOG_FROM
    for place, name in enumerate(shown):
        points = cells[cells["mechanism"].eq(name)].sort_values("workers")
        aside = 0.05 * (place - (len(shown) - 1) / 2)  # side by side, so that equal points stay visible
        x = points["workers"] * 2 ** (aside / 1.5) if logarithmic else points["workers"] + aside
        draw_errors(axes, x, points, quantity, look_of[str(name)])
    if logarithmic:
        axes.set_xscale("log", base=2)
    axes.xaxis.set_major_locator(FixedLocator(thin(counts, LOG_FROM)))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(StrMethodFormatter("{x:g}"))


def _scale(first: dict[str, Axes], frame: pd.DataFrame) -> None:
    """Fit y to the data: an ideal line far above it may leave the panel."""
    counts = [*frame["cpu_count"].dropna(), 1]
    reach = min(frame["workers"].max(), max(counts))
    top = 1.12 * max(reach, *frame[["speedup", "speedup_high"]].max())
    if frame["workers"].max() >= LOG_FROM:
        bottom = 0.8 * min(1, *frame[["speedup", "speedup_low"]].min())
        first["speedup"].set_yscale("log", base=2)
        first["speedup"].yaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
        first["speedup"].set_ylim(bottom, top)
    else:
        first["speedup"].set_ylim(0, top)
    first["efficiency"].set_ylim(0, 1.1 * max(1, *frame[["efficiency", "efficiency_high"]].max()))


def _marks(frame: pd.DataFrame) -> list[Artist]:
    cpus = frame["cpu_count"].dropna().unique()[:1]
    return [
        Line2D([], [], **_IDEAL, label="ideal"),
        *(Line2D([], [], **_CPUS, label=f"CPUs: {n:.0f}") for n in cpus),
    ]


def _draw_lengths(frame: pd.DataFrame, settings: list[str], variable: str) -> SubFigure:
    columns = min(len(settings), 3)
    rows = -(-len(settings) // columns)
    look_of = styles(frame)
    body = new_figure(max(7.5, 2.8 + 3 * columns), 1.2 + max(3.6 * rows, legend_height(1 + len(look_of))))
    panels = body.subplots(rows, columns, squeeze=False, sharex=True, sharey=True)
    for axes, setting in zip(panels.ravel(), settings, strict=False):
        cells = frame[frame["setting"].eq(setting)].sort_values("length")
        axes.axhline(1, **_SERIAL)
        for name, points in cells.groupby("mechanism"):
            draw_errors(axes, points["length"], points, "speedup", look_of[str(name)])
        axes.set_xlabel(f"{_LENGTHS[variable].axis}{_AS_MEASURED * _is_measured(frame, variable)}")
        axes.tick_params(labelbottom=True)
        wrap_setting(setting, axes)
    for axes in panels.ravel()[len(settings) :]:
        axes.remove()
    for axes in panels[:, 0]:
        axes.set_ylabel(f"speedup over serial, {describe_range(frame['workers'])} workers")
    set_length_axis(panels[0, 0], frame["length"].dropna().tolist(), _LENGTHS[variable].write)
    panels[0, 0].set_ylim(0, 1.12 * max(1, *frame[["speedup", "speedup_high"]].max()))
    add_legend(body, [*list_styles(look_of), Line2D([], [], **_SERIAL, label="serial")])
    return body


def _is_measured(frame: pd.DataFrame, variable: str) -> bool:
    """Return whether any cell is drawn elsewhere than where it was asked for."""
    known = frame.dropna(subset=variable)
    return bool(known["length"].ne(known[variable].astype("float64")).any())


def _draw_dots(frame: pd.DataFrame, settings: list[str]) -> SubFigure:
    workers = frame["workers"].iloc[0]
    right = 1.12 * max(1, *frame[["speedup", "speedup_high"]].max())

    def add_limits(axes: Axes, cells: pd.DataFrame, _: Styles) -> None:
        axes.axvline(1, **_SERIAL)
        axes.axvline(workers, **_IDEAL)
        for cpus in cells["cpu_count"].dropna().unique()[:1]:
            axes.axvline(cpus, **_CPUS)
        axes.set(
            xlim=(0, right),
            xlabel=f"speedup over serial, {workers} workers\n(efficiency: divided by {workers})",
        )

    body = draw_dots(frame, "speedup", settings, add_limits)
    add_legend(body, [Line2D([], [], **_SERIAL, label="serial"), *_marks(frame)])
    return body
