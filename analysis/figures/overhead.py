"""Where the workers' time goes: the budget of worker-seconds by mechanism, absolute and in shares."""

from __future__ import annotations

import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure
from matplotlib.patches import Patch

from breakeven.analysis.figures.context import Context, NothingToDraw
from breakeven.analysis.figures.look import (
    add_legend,
    describe_range,
    finish,
    legend_height,
    look,
    new_figure,
    sort_labels,
    thin,
    thinned,
)
from breakeven.analysis.frames.budget import PHASES, Budget, sum_phases
from breakeven.analysis.frames.factors import label_mechanisms, label_settings
from breakeven.analysis.frames.load import Lab
from breakeven.analysis.units import time_unit

ON_CPU, OFF_CPU = "compute, on CPU", "compute, off CPU"
ORDER = (ON_CPU, OFF_CPU, *PHASES[1:])
"""Phases from left to right, always with the same colours."""


COMPUTES = 0.1
"""Tasks on a CPU for less than this share with every mechanism are those that sleep or do I/O."""

_PATTERNS = ("map", "window", "pingpong")


def frame(lab: Lab) -> pd.DataFrame:
    """Return one row per cell and phase: ``ns`` per task and ``share``, of cells that are fair to compare.

    The pattern is map, else window, else pingpong; each setting shows the number of workers that most
    mechanisms have. If the CPU clock was not recorded, all of compute counts as on CPU.
    """
    sums = sum_phases(lab)
    if sums.empty:
        raise NothingToDraw("no spans of a traced parallel trial: it needs measure.traced of at least 1")
    cells = lab.cells[lab.cells.index.isin(sums["cell_id"])]
    cells = _compare(cells[cells["pattern"].eq(min(cells["pattern"], key=_PATTERNS.index))])
    cells = cells.assign(mechanism=label_mechanisms(cells), setting=label_settings(cells))
    workers = cells["workers"].map(lambda count: f"{count} worker{'s' * (count > 1)}")
    cells["setting"] = cells["setting"].where(cells["setting"].eq(""), cells["setting"] + ", ") + workers
    parts = _split_compute(Budget()(sums))
    names = ["mechanism", "setting", "model", "workers"]
    return cells[names].join(parts.set_index("cell_id"), how="inner").reset_index()


def _compare(cells: pd.DataFrame) -> pd.DataFrame:
    """Keep for each setting the cells with the number of workers that most mechanisms have; the higher of two."""
    setting = label_settings(cells)
    counts = (
        label_mechanisms(cells)
        .groupby([setting, cells["workers"]])
        .nunique()
        .rename("mechanisms")
        .reset_index()
    )
    order = counts.sort_values(["mechanisms", "workers"])
    chosen = order.drop_duplicates(counts.columns[0], keep="last").set_index(counts.columns[0])["workers"]
    return cells[cells["workers"].eq(setting.map(chosen))]


def _split_compute(budget: pd.DataFrame) -> pd.DataFrame:
    on_cpu = budget["on_cpu_ns"].clip(upper=budget["ns"]) / budget["ns"]
    on_cpu = on_cpu.where(budget["on_cpu_ns"] > 0, 1.0)
    computes = budget["phase"].eq("compute")
    parts = [budget[~computes]]
    for phase, part in ((ON_CPU, on_cpu), (OFF_CPU, 1 - on_cpu)):
        split = budget[computes].assign(phase=phase)
        parts.append(split.assign(ns=split["ns"] * part, share=split["share"] * part))
    return pd.concat(parts)


def draw(frame: pd.DataFrame, context: Context) -> Figure:
    """Draw stacked bars, one row of panels per setting: worker-time per task left, shares right."""
    settings = sort_labels(frame, "setting")
    kept = thin(settings)
    frame = frame[frame["setting"].isin(kept)]
    with look():
        body = _draw_panels(frame, kept)
        sample = (
            f"Sum over workers of {describe_range(frame['trials'])} traced trials a cell, {describe_range(frame['workers'])} "
            "workers; off CPU: the task waits for the GIL, a CPU or native threads (BLAS), sleeps or does I/O; the parent's time is not included"
        )
        return finish(body, _title(frame), context, sample, *thinned(len(kept), len(settings), "settings"))


def _title(frame: pd.DataFrame) -> str:
    """Return for how much of their time workers compute on a CPU, and what takes the rest where that is least."""
    shares = frame.pivot_table(
        index=["mechanism", "setting"], columns="phase", values="share", fill_value=0.0
    )
    computes = shares.groupby("setting")[ON_CPU].transform("max") > COMPUTES
    left_out = "" if computes.all() or not computes.any() else " (left out: settings that sleep or do I/O)"
    shares = (shares[computes] if computes.any() else shares).sort_values(ON_CPU)
    names = [", ".join(filter(None, name)) for name in shares.index]
    found = [f"{share:.0%} of their time ({name})" for share, name in zip(shares[ON_CPU], names, strict=True)]
    rest = shares.drop(columns=ON_CPU).iloc[0]
    cause = f"; there {rest.max():.0%} is {str(rest.idxmax()).replace(',', '')}" if rest.max() > 0 else ""
    if len(found) == 1:
        return f"Workers compute on a CPU for {found[0]}{cause}{left_out}"
    return f"Workers compute on a CPU for {found[-1]} at best, {found[0].replace(' of their time', '')} at worst{cause}{left_out}"


def _draw_panels(frame: pd.DataFrame, settings: list[str]) -> SubFigure:
    counts = [frame.loc[frame["setting"].eq(setting), "mechanism"].nunique() for setting in settings]
    shown = [phase for phase in ORDER if frame["phase"].eq(phase).any()]
    height = max(legend_height(len(shown)), sum(0.75 + 0.3 * count for count in counts))
    body = new_figure(10.5, 1.5 + height)
    panels = body.subplots(len(settings), 2, squeeze=False, height_ratios=[0.6 + count for count in counts])
    colors = dict(zip(ORDER, sns.color_palette("colorblind", len(ORDER)).as_hex(), strict=True))
    for (left, right), setting in zip(panels, settings, strict=True):
        rows = frame[frame["setting"].eq(setting)]
        times, shares = (
            rows.pivot_table(index="mechanism", columns="phase", values=name, fill_value=0)
            for name in ("ns", "share")
        )
        scale, unit = time_unit(times.sum(axis=1).max())
        _draw_bars(left, times / scale, colors)
        _draw_bars(right, shares * 100, colors)
        left.set(title=setting, xlabel=f"worker-time per task ({unit})")
        right.set(xlim=(0, 100), xlabel="share of the workers' time (%)")
        right.tick_params(labelleft=False)
    add_legend(body, [Patch(color=colors[phase], label=phase) for phase in shown], "phase")
    return body


def _draw_bars(axes: Axes, bars: pd.DataFrame, colors: dict[str, str]) -> None:
    left = pd.Series(0.0, index=bars.index)
    for phase in ORDER:
        if phase in bars:
            axes.barh(
                bars.index, bars[phase], left=left, color=colors[phase], height=0.72, linewidth=0, zorder=3
            )
            left += bars[phase]
    axes.invert_yaxis()
    axes.grid(visible=False, axis="y")
