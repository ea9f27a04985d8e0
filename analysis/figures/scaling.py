"""Speedup and efficiency against workers: does more help, and up to where."""

from __future__ import annotations

from typing import Any

import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator, NullLocator, StrMethodFormatter

from analysis.factors import is_varied, label_mechanisms, label_settings
from analysis.figures.context import Context, NothingToDraw
from analysis.figures.dots import draw_dots
from analysis.figures.look import (
    Styles,
    add_legend,
    draw_errors,
    finish,
    legend_height,
    list_styles,
    look,
    new_figure,
    sort_labels,
    styles,
    tell_sample,
    thin,
    thinned,
    wrap_setting,
)
from analysis.load import Lab

LOG_FROM = 8
"""From this many workers on both axes are logarithmic; the ideal stays a straight line."""

_QUANTITIES = {"speedup": "speedup over serial", "efficiency": "efficiency"}
_IDEAL: dict[str, Any] = {"color": "0.6", "linewidth": 1, "zorder": 1}
_CPUS: dict[str, Any] = {"color": "0.45", "linewidth": 1.2, "linestyle": (0, (1, 2)), "zorder": 1}


def frame(lab: Lab) -> pd.DataFrame:
    """Give the cells that have a speedup, with ``mechanism`` and ``setting`` to tell them apart.

    Where workers vary in some settings, the others are left out: one point each, they are in the summary.
    """
    cells = lab.estimates.dropna(subset="speedup")
    if cells.empty:
        raise NothingToDraw("no cell has a speedup: it takes pattern map or window with status ok")
    setting = label_settings(cells)
    scales = cells["model"].ne("serial") & cells["workers"].groupby(setting).transform("nunique").gt(1)
    if scales.any():
        cells = cells[setting.isin(setting[scales])]
    return cells.assign(mechanism=label_mechanisms(cells), setting=label_settings(cells))


def draw(frame: pd.DataFrame, context: Context) -> Figure:
    """Draw one column of panels a setting; dots by mechanism where all cells have as many workers."""
    settings = sort_labels(frame, "setting")
    kept = thin(settings)
    frame = frame[frame["setting"].isin(kept)]
    with look():
        body = _draw_lines(frame, kept) if is_varied(frame["workers"]) else _draw_dots(frame, kept)
        sample = (
            f"{tell_sample(frame, 'pairs of trials')}; efficiency: speedup / workers; start-up not included"
        )
        return finish(body, _title(frame), context, sample, *thinned(len(kept), len(settings), "settings"))


def _title(frame: pd.DataFrame) -> str:
    """Say which mechanism is fastest and which slowest, each at its best."""
    shown = frame[frame["model"].ne("serial") & frame["workers"].gt(1)]
    shown = frame if shown.empty else shown
    best = shown.loc[shown.groupby("mechanism")["speedup"].idxmax()].sort_values("speedup", ascending=False)
    several = is_varied(frame["workload"])
    texts = [_gain(row, several) for _, row in best.iterrows()]
    if len(texts) == 1:
        return f"Fastest: {texts[0]}" if len(shown) > 1 else texts[0]
    return f"Fastest: {texts[0]}; slowest: {texts[-1]}"


def _gain(cell: pd.Series[Any], several: bool) -> str:
    verdict = (
        " (slower than serial)" if cell["speedup_high"] < 1 else " (no clear gain: the interval holds 1)"
    )
    verdict = "" if cell["speedup_low"] > 1 or pd.isna(cell["speedup_low"]) else verdict
    workload = f" in {cell['workload']}" if several else ""
    return f"{cell['mechanism']}: {cell['speedup']:.2f}x with {cell['workers']} workers{workload}{verdict}"


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


def _draw_dots(frame: pd.DataFrame, settings: list[str]) -> SubFigure:
    workers = frame["workers"].iloc[0]
    right = 1.12 * max(1, *frame[["speedup", "speedup_high"]].max())

    def add_limits(axes: Axes, cells: pd.DataFrame, _: Styles) -> None:
        axes.axvline(1, color="0.3", linewidth=1, zorder=1)
        axes.axvline(workers, **_IDEAL)
        for cpus in cells["cpu_count"].dropna().unique()[:1]:
            axes.axvline(cpus, **_CPUS)
        axes.set(
            xlim=(0, right),
            xlabel=f"speedup over serial, {workers} workers\n(efficiency: divided by {workers})",
        )

    body = draw_dots(frame, "speedup", settings, add_limits)
    add_legend(body, [Line2D([], [], color="0.3", linewidth=1, label="serial"), *_marks(frame)])
    return body
