"""Where the workers' time goes: the budget of worker-seconds by mechanism, absolute and in shares."""

from __future__ import annotations

import numpy as np
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
from breakeven.analysis.frames.slowed import slowed
from breakeven.analysis.units import time_unit

ON_CPU, OFF_CPU = "compute, on CPU", "compute, off CPU"
SLOWED, OTHERS = "compute, beyond alone", "compute, other threads"
ORDER = (
    ON_CPU,
    SLOWED,
    OTHERS,
    OFF_CPU,
    *(phase for phase in PHASES[1:] if phase not in ("startup", "teardown")),
)
"""Phases from left to right, always with the same colours."""


WORKERS, PARENT = "workers", "parent"
_DOES = {"serialize": "pickle", "send": "send", "receive": "receive", "deserialize": "unpickle"}
_HANDLES = tuple(_DOES)
_WORKS = ("serialize", "receive", "deserialize")
"""What a parent does not do while it is blocked; its send may be, until workers that compute read."""
_WAITS = ("wait", "idle")
_BUSY = 0.25
"""A parent that handles messages for this share of the time is named in the title."""

_VISIBLE = 0.002
"""What is often nothing appears in the legend if it takes more than this share."""

COMPUTES = 0.1
"""Tasks on a CPU for less than this share with every mechanism are those that sleep or do I/O."""

_PLACE, _HEIGHT = {WORKERS: -0.12, PARENT: 0.33}, {WORKERS: 0.58, PARENT: 0.2}
_PATTERNS = ("map", "window", "pingpong")


def frame(lab: Lab) -> pd.DataFrame:
    """Return one row per cell, lane and phase: ``ns`` per task and ``share``, of cells that are fair to compare.

    The lane "workers" is the sum over the workers, the lane "parent" the process that hands out the tasks.

    The pattern is map, else window, else pingpong; each setting shows the number of workers that most
    mechanisms have. If the CPU clock was not recorded, all of compute counts as on CPU.
    """
    sums = sum_phases(lab)
    if sums.empty:
        raise NothingToDraw("no spans of a traced parallel trial: it needs measure.traced of at least 1")
    cells = lab.cells[lab.cells.index.isin(sums["cell_id"])].join(lab.estimates["task_measured_ns"])
    cells = _compare(cells[cells["pattern"].eq(min(cells["pattern"], key=_PATTERNS.index))])
    cells = cells.assign(mechanism=label_mechanisms(cells), setting=label_settings(cells))
    workers = cells["workers"].map(lambda count: f"{count} worker{'s' * (count > 1)}")
    cells["setting"] = cells["setting"].where(cells["setting"].eq(""), cells["setting"] + ", ") + workers
    budgets = {WORKERS: Budget()(sums), PARENT: Budget()(sum_phases(lab, parent=True))}
    beyond = 1 - 1 / slowed(lab.runs)
    parts = pd.concat([_split_compute(budget, beyond).assign(lane=lane) for lane, budget in budgets.items()])
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


def _split_compute(budget: pd.DataFrame, beyond: pd.Series[float]) -> pd.DataFrame:
    on_cpu = budget["on_cpu_ns"].clip(upper=budget["ns"]) / budget["ns"]
    on_cpu = on_cpu.where(budget["on_cpu_ns"] > 0, 1.0)
    others = (budget["others_ns"] / budget["ns"]).clip(upper=1 - on_cpu)
    slower = on_cpu * beyond.reindex(budget["cell_id"].astype("str")).fillna(0.0).to_numpy()
    computes = budget["phase"].eq("compute")
    parts = [budget[~computes]]
    compute = {ON_CPU: on_cpu - slower, SLOWED: slower, OTHERS: others, OFF_CPU: 1 - on_cpu - others}
    for phase, part in compute.items():
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
            "workers; other threads: the task waits while threads of a native library (BLAS, OpenMP) or of the function's own "
            "compute; off CPU: it waits for the GIL, a lock, a CPU or another process, sleeps or does I/O; beyond alone: more CPU time than a task takes alone; thin bars: the parent"
        )
        return finish(body, _title(frame), context, sample, *thinned(len(kept), len(settings), "settings"))


def _title(frame: pd.DataFrame) -> str:
    """Return for how much of their time workers compute on a CPU, and what takes the rest where that is least."""
    shares = frame[frame["lane"].eq(WORKERS)].pivot_table(
        index=["mechanism", "setting"], columns="phase", values="share", fill_value=0.0
    )
    shares = shares.assign(**{ON_CPU: shares.get(ON_CPU, 0.0)})
    computes = shares.groupby("setting")[ON_CPU].transform("max") > COMPUTES
    left_out = "" if computes.all() or not computes.any() else " (left out: settings that sleep or do I/O)"
    shares = (shares[computes] if computes.any() else shares).sort_values(ON_CPU)
    names = [", ".join(filter(None, name)) for name in shares.index]
    found = [f"{share:.0%} of their time ({name})" for share, name in zip(shares[ON_CPU], names, strict=True)]
    rest = shares.drop(columns=ON_CPU).iloc[0]
    cause = f"; there {rest.max():.0%} is {str(rest.idxmax()).replace(',', '')}" if rest.max() > 0 else ""
    parent = _parent(frame, shares.index[0], _HANDLES if rest.idxmax() in _WAITS else _WORKS)
    if len(found) == 1:
        return f"Workers compute on a CPU for {found[0]}{cause}{parent}{left_out}"
    return f"Workers compute on a CPU for {found[-1]} at best, {found[0].replace(' of their time', '')} at worst{cause}{parent}{left_out}"


def _parent(frame: pd.DataFrame, which: tuple[str, str], phases: tuple[str, ...]) -> str:
    """Return what the parent does while the workers of one bar wait, if it is busy with messages: ``phases``."""
    mechanism, setting = which
    rows = frame[frame["lane"].eq(PARENT) & frame["mechanism"].eq(mechanism) & frame["setting"].eq(setting)]
    handles = rows[rows["phase"].isin(phases)].groupby("phase")["share"].mean()
    if handles.sum() < _BUSY:
        return ""
    return f" while the parent handles messages for {handles.sum():.0%} of it, most of that to {_DOES[str(handles.idxmax())]}"


def _draw_panels(frame: pd.DataFrame, settings: list[str]) -> SubFigure:
    counts = [frame.loc[frame["setting"].eq(setting), "mechanism"].nunique() for setting in settings]
    most = frame.groupby("phase")["share"].max()
    shown = [
        phase for phase in ORDER if most.get(phase, 0.0) > (_VISIBLE if phase in (SLOWED, OTHERS) else -1)
    ]
    height = max(legend_height(len(shown)), sum(0.75 + 0.3 * count for count in counts))
    body = new_figure(10.5, 1.5 + height)
    panels = body.subplots(len(settings), 2, squeeze=False, height_ratios=[0.6 + count for count in counts])
    lasting = [
        phase for phase in ORDER if phase != OTHERS
    ]  # its colour is the last, light blue: also compute
    colors = dict(zip([*lasting, OTHERS], sns.color_palette("colorblind", len(ORDER)).as_hex(), strict=True))
    for (left, right), setting in zip(panels, settings, strict=True):
        rows = frame[frame["setting"].eq(setting)]
        scale, unit = time_unit(_bars(rows, WORKERS, "ns").sum(axis=1).max())
        for lane in (WORKERS, PARENT):
            _draw_bars(left, _bars(rows, lane, "ns") / scale, colors, lane)
            _draw_bars(right, _bars(rows, lane, "share") * 100, colors, lane)
        for axes in (left, right):
            axes.set_yticks(range(rows["mechanism"].nunique()), sorted(rows["mechanism"].unique()))
            axes.invert_yaxis()
            axes.grid(visible=False, axis="y")
        left.set(title=setting, xlabel=f"time per task, summed over workers ({unit})")
        right.set(xlim=(0, 100), xlabel="share of the time (%)")
        right.tick_params(labelleft=False)
    add_legend(body, [Patch(color=colors[phase], label=phase) for phase in shown], "phase")
    return body


def _bars(rows: pd.DataFrame, lane: str, name: str) -> pd.DataFrame:
    """Return one row per mechanism, those without such a lane included, and one column per phase."""
    mine = rows[rows["lane"].eq(lane)]
    bars = mine.pivot_table(index="mechanism", columns="phase", values=name, fill_value=0)
    return bars.reindex(sorted(rows["mechanism"].unique()), fill_value=0.0)


def _draw_bars(axes: Axes, bars: pd.DataFrame, colors: dict[str, str], lane: str) -> None:
    """Draw the workers' bars thick, and the parent's thin below them."""
    places = np.arange(len(bars)) + _PLACE[lane]
    left = pd.Series(0.0, index=bars.index)
    for phase in ORDER:
        if phase in bars:
            axes.barh(
                places,
                bars[phase],
                left=left,
                color=colors[phase],
                height=_HEIGHT[lane],
                linewidth=0,
                zorder=3,
            )
            left += bars[phase]
