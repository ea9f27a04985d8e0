"""Where the workers' time goes, and the parent's: the budgets by mechanism, absolute and in shares."""

from __future__ import annotations

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure
from matplotlib.patches import Patch

from breakeven.analysis.figures.context import Context, NothingToDraw
from breakeven.analysis.figures.look import (
    GREY,
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
from breakeven.analysis.frames.budget import PARENT, PHASES, Budget, sum_lanes
from breakeven.analysis.frames.factors import label_mechanisms, label_settings
from breakeven.analysis.frames.load import Lab
from breakeven.analysis.units import time_unit

ON_CPU, OTHERS, OFF_CPU = "compute, on CPU", "compute, other threads", "compute, off CPU"
_IN_TRIALS = [phase for phase in PHASES[1:] if phase not in ("startup", "teardown")]
ORDER = (ON_CPU, OTHERS, OFF_CPU, *_IN_TRIALS)
"""Phases from left to right, always with the same colours."""

_COLORS = dict(
    zip((ON_CPU, OFF_CPU, *_IN_TRIALS, "", OTHERS), sns.color_palette("colorblind", 10).as_hex(), strict=True)
)
WORKERS, PARENT_LANE = "workers", "parent"


COMPUTES = 0.1
"""Tasks on a CPU for less than this share with every mechanism are those that sleep or do I/O."""

WORKS = ("serialize", "receive", "deserialize")
PASSES = 0.2
"""A parent with these phases for more than this share is named in the title; send may wait until workers read."""

_PATTERNS = ("map", "window", "pingpong")


def frame(lab: Lab) -> pd.DataFrame:
    """Return one row per cell, lane and phase: ``ns`` per task and ``share``, of cells that are fair to compare.

    ``lane`` is workers, for all of them together, or parent.

    The pattern is map, else window, else pingpong; each setting shows the number of workers that most
    mechanisms have. If the CPU clock was not recorded, all of compute counts as on CPU.
    """
    sums = sum_lanes(lab)
    if sums.empty:
        raise NothingToDraw("no spans of a traced parallel trial: it needs measure.traced of at least 1")
    cells = lab.cells[lab.cells.index.isin(sums["cell_id"])]
    cells = _compare(cells[cells["pattern"].eq(min(cells["pattern"], key=_PATTERNS.index))])
    cells = cells.assign(mechanism=label_mechanisms(cells), setting=label_settings(cells))
    workers = cells["workers"].map(lambda count: f"{count} worker{'s' * (count > 1)}")
    cells["setting"] = cells["setting"].where(cells["setting"].eq(""), cells["setting"] + ", ") + workers
    own = sums["worker"].ne(PARENT)
    apart = sums["cell_id"].isin(cells.index[cells["model"].ne("serial")])  # else the parent is the worker
    parts = pd.concat(
        [
            _split_compute(Budget()(sums[own])).assign(lane=WORKERS),
            Budget()(sums[~own & apart]).assign(lane=PARENT_LANE),
        ]
    )
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
    others = (budget["others_ns"] / budget["ns"]).clip(upper=1 - on_cpu)
    computes = budget["phase"].eq("compute")
    parts = [budget[~computes]]
    for phase, part in ((ON_CPU, on_cpu), (OTHERS, others), (OFF_CPU, 1 - on_cpu - others)):
        split = budget[computes & (part > 0)].assign(phase=phase)
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
            "compute; off CPU: it waits for the GIL, a lock, a CPU or another process, sleeps or does I/O. Parent: its own "
            "time; a pool's or queue's threads pickle, send and read for it"
        )
        return finish(body, _title(frame), context, sample, *thinned(len(kept), len(settings), "settings"))


def _title(frame: pd.DataFrame) -> str:
    """Return for how much of their time workers compute on a CPU, and what takes the rest where that is least.

    If a parent is busy with payloads, which its workers wait for, the title says so.
    """
    shares = _pivot(frame, WORKERS)
    computes = shares.groupby("setting")[ON_CPU].transform("max") > COMPUTES
    left_out = "" if computes.all() or not computes.any() else " (left out: settings that sleep or do I/O)"
    shares = (shares[computes] if computes.any() else shares).sort_values(ON_CPU)
    names = [", ".join(filter(None, name)) for name in shares.index]
    found = [f"{share:.0%} of their time ({name})" for share, name in zip(shares[ON_CPU], names, strict=True)]
    rest = shares.drop(columns=ON_CPU).iloc[0]
    cause = f"; there {rest.max():.0%} is {str(rest.idxmax()).replace(',', '')}" if rest.max() > 0 else ""
    if len(found) == 1:
        return f"Workers compute on a CPU for {found[0]}{cause}{left_out}{_name_parent(frame)}"
    worst = found[0].replace(" of their time", "")
    return f"Workers compute on a CPU for {found[-1]} at best, {worst} at worst{cause}{left_out}{_name_parent(frame)}"


def _pivot(frame: pd.DataFrame, lane: str) -> pd.DataFrame:
    """Return the shares of the phases of ``lane``, a column each, by mechanism and setting."""
    rows = frame[frame["lane"].eq(lane)]
    return rows.pivot_table(index=["mechanism", "setting"], columns="phase", values="share", fill_value=0.0)


def _name_parent(frame: pd.DataFrame) -> str:
    """Return the clause on the parent that is busiest with payloads; empty if none is busy."""
    if not frame["lane"].eq(PARENT_LANE).any():
        return ""
    busy = _pivot(frame, PARENT_LANE).reindex(columns=WORKS, fill_value=0.0).sum(axis=1)
    if busy.max() <= PASSES:
        return ""
    name = ", ".join(filter(None, busy.index[int(busy.to_numpy().argmax())]))
    return f"; the parent pickles and reads for {busy.max():.0%} of its time ({name})"


def _draw_panels(frame: pd.DataFrame, settings: list[str]) -> SubFigure:
    counts = [len(_lanes(frame[frame["setting"].eq(setting)])) for setting in settings]
    shown = [phase for phase in ORDER if frame["phase"].eq(phase).any()]
    height = max(legend_height(len(shown)), sum(0.75 + 0.24 * count for count in counts))
    body = new_figure(10.5, 1.5 + height)
    panels = body.subplots(len(settings), 2, squeeze=False, height_ratios=[0.6 + count for count in counts])
    for (left, right), setting in zip(panels, settings, strict=True):
        rows = frame[frame["setting"].eq(setting)]
        times, shares = (
            rows.pivot_table(index=["mechanism", "lane"], columns="phase", values=name, fill_value=0)
            for name in ("ns", "share")
        )
        scale, unit = time_unit(times.sum(axis=1).max())
        _draw_bars(left, times.loc[_lanes(rows)] / scale)
        _draw_bars(right, shares.loc[_lanes(rows)] * 100)
        left.set(title=setting, xlabel=f"time per task, all workers or parent ({unit})")
        right.set(xlim=(0, 100), xlabel="share of the workers' or the parent's time (%)")
        right.tick_params(labelleft=False)
    add_legend(body, [Patch(color=_COLORS[phase], label=phase) for phase in shown], "phase")
    return body


def _lanes(rows: pd.DataFrame) -> list[tuple[str, str]]:
    """Return the bars of one panel from the top: each mechanism's workers, then its parent."""
    names = sorted(rows["mechanism"].unique())
    found = set(zip(rows["mechanism"], rows["lane"], strict=True))
    return [(name, lane) for name in names for lane in (WORKERS, PARENT_LANE) if (name, lane) in found]


def _draw_bars(axes: Axes, bars: pd.DataFrame) -> None:
    """Draw a bar for each mechanism's workers, and a thinner one below it for their parent."""
    is_parent = bars.index.get_level_values("lane") == PARENT_LANE
    places = np.cumsum(np.where(is_parent, 0.68, 1.0))
    left = np.zeros(len(bars))
    for phase in ORDER:
        if phase in bars:
            values = bars[phase].to_numpy()
            heights = np.where(is_parent, 0.4, 0.72)
            axes.barh(places, values, left=left, color=_COLORS[phase], height=heights, linewidth=0, zorder=3)
            left += values
    names = bars.index.get_level_values("mechanism")
    axes.set_yticks(
        places, [PARENT_LANE if its else name for name, its in zip(names, is_parent, strict=True)]
    )
    for label, its in zip(axes.get_yticklabels(), is_parent, strict=True):
        if its:
            label.set(color=GREY, size="small")
    axes.invert_yaxis()
    axes.grid(visible=False, axis="y")
