"""Where the workers' time goes: the budget of worker-seconds by mechanism, absolute and in shares."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure

from breakeven.analysis.figures.context import Context, NothingToDraw
from breakeven.analysis.figures.disturbed import describe_disturbed
from breakeven.analysis.figures.look import (
    add_legend,
    describe_range,
    finish,
    legend_height,
    look,
    new_figure,
    thin,
    thinned,
    wrap_setting,
)
from breakeven.analysis.figures.phases import COLORS, OFF_CPU, ON_CPU, ORDER, OTHERS, SLOWED, list_phases
from breakeven.analysis.figures.roles import DEFAULT, Roles, in_order, name_cells
from breakeven.analysis.figures.texts import further_height, wrap_label
from breakeven.analysis.frames.budget import Budget, sum_phases
from breakeven.analysis.frames.factors import label_cells, label_mechanisms, label_settings
from breakeven.analysis.frames.load import Lab
from breakeven.analysis.frames.slowed import slowed
from breakeven.analysis.units import time_unit
from breakeven.analysis.verdicts.question import COMPARED

WORKERS, PARENT = "workers", "parent"
_DOES = {"serialize": "pickle", "send": "send", "receive": "receive", "deserialize": "unpickle"}
HANDLES = tuple(_DOES)
_WORKS = ("serialize", "receive", "deserialize")
"""What a parent does not do while it is blocked; its send may be, until workers that compute read."""
_WAITS = ("wait", "idle")
_ROW = 45
"""The most characters of a line beside a bar."""

_BARS = 24
"""The most bars in one figure."""

_BUSY = 0.25
"""A parent that handles messages for this share of the time is named in the title."""

COMPUTES = 0.1
"""Tasks on a CPU for less than this share with every mechanism are those that sleep or do I/O."""

_PLACE, _HEIGHT = {WORKERS: -0.12, PARENT: 0.33}, {WORKERS: 0.58, PARENT: 0.2}


ACCEPTS: tuple[str, ...] = ("x", "facet")


def frame(lab: Lab, roles: Roles = DEFAULT) -> pd.DataFrame:
    """Return one row per cell, lane and phase: ``ns`` per task and ``share``, of cells that are fair to compare.

    The lane "workers" is the sum over the workers, the lane "parent" the process that hands out the tasks.

    The pattern is map, else window, else pingpong; each setting shows the number of workers that most
    mechanisms have. If the CPU clock was not recorded, all of compute counts as on CPU.
    """
    sums = sum_phases(lab)
    if sums.empty:
        raise NothingToDraw("no spans of a traced parallel trial: it needs measure.traced of at least 1")
    cells = lab.cells[lab.cells.index.isin(sums["cell_id"])].join(
        lab.estimates[["task_measured_ns", "pairs_disturbed"]]
    )
    shown = next((pattern for pattern in COMPARED if cells["pattern"].eq(pattern).any()), None)
    if shown is None:
        raise NothingToDraw(f"no spans of tasks or messages: it needs pattern={', '.join(COMPARED)}")
    cells = roles.add_to(cells[cells["pattern"].eq(shown)])
    cells = _name(cells, roles)
    budgets = {WORKERS: Budget()(sums), PARENT: Budget()(sum_phases(lab, parent=True))}
    beyond = 1 - 1 / slowed(lab.runs)
    parts = pd.concat([_split_compute(budget, beyond).assign(lane=lane) for lane, budget in budgets.items()])
    names = [
        "mechanism",
        "mechanism_place",
        "setting",
        "setting_place",
        "model",
        "workers",
        "pairs_disturbed",
    ]
    return cells[names].join(parts.set_index("cell_id"), how="inner").reset_index()


def _name(cells: pd.DataFrame, roles: Roles) -> pd.DataFrame:
    """Name bars and panels as asked; without a choice each panel is one setting with one number of workers."""
    if roles.chosen:
        bars = Roles(hue=(roles.x,) if roles.x else (), facet=roles.facet, knobs=roles.knobs)
        return name_cells(cells, bars, None)
    cells = name_cells(_compare(cells), roles, None)
    workers = label_cells(cells, ["workers"], "")
    settings = cells["setting"].where(cells["setting"].eq(""), cells["setting"] + ", ") + workers
    return cells.assign(setting=settings)


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
    settings = in_order(frame, "setting")
    kept = thin(settings)
    frame, some = _keep_bars(frame[frame["setting"].isin(kept)])
    with look():
        body = _draw_panels(frame, kept)
        parent = ("thin bars: the parent",) if frame["lane"].eq(PARENT).any() else ()
        trials = describe_range(frame["trials"])
        sample = f"sums over {'one traced trial' if trials == '1' else f'{trials} traced trials'} a cell"
        notes = (*thinned(len(kept), len(settings), "settings"), *some)
        return finish(
            body, _title(frame), context, *notes, sample, *parent, *describe_disturbed(frame, marked=False)
        )


def _keep_bars(frame: pd.DataFrame) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Return the rows of as many mechanisms a panel as can be read, and what the caption says of the others.

    In each panel they are those whose workers compute for the largest share of the time, and the one where they do so
    least.
    """
    bars = frame[["setting", "mechanism"]].drop_duplicates()
    most = max(2, _BARS // bars["setting"].nunique())
    if bars.groupby("setting").size().max() <= most:
        return frame, ()
    on_cpu = frame[frame["lane"].eq(WORKERS) & frame["phase"].eq(ON_CPU)]
    shares = on_cpu.groupby(["setting", "mechanism"])["share"].sum().rename("computes").reset_index()
    ranked = bars.merge(shares, how="left").fillna({"computes": 0.0}).sort_values("computes", kind="stable")
    place = ranked.groupby("setting").cumcount()
    last = place.groupby(ranked["setting"]).transform("max")
    kept = ranked.loc[place.eq(0) | (last - place).lt(most - 1), ["setting", "mechanism"]]
    what = "mechanisms" if bars["setting"].eq(bars["setting"].iloc[0]).all() else "bars"
    return frame.merge(kept), thinned(len(kept), len(bars), what)


def _title(frame: pd.DataFrame) -> str:
    """Return for how much of their time workers compute on a CPU, and what takes the rest where that is least."""
    parallel = frame[frame["model"].ne("serial")]
    rows = (frame if parallel.empty else parallel)[lambda one: one["lane"].eq(WORKERS)]
    shares = rows.pivot_table(index=["mechanism", "setting"], columns="phase", values="share", fill_value=0.0)
    shares = shares.assign(**{ON_CPU: shares.get(ON_CPU, 0.0)})
    computes = shares.groupby("setting")[ON_CPU].transform("max") > COMPUTES
    shares = (shares[computes] if computes.any() else shares).sort_values(ON_CPU)
    bar, setting = shares.index[0]
    one = len(set(shares.index.get_level_values("setting"))) == 1
    least = bar if one or not setting else f"{bar}, {setting}"
    low, high = (f"{share:.0%}" for share in (shares[ON_CPU].iloc[0], shares[ON_CPU].iloc[-1]))
    reach = low if low == high else f"{low} to {high}"
    parent = _parent(frame, shares.index[0], HANDLES if _rest(shares)[0] in _WAITS else _WORKS)
    return f"Workers compute on a CPU for {reach} of their time, least with {least}: {_cause(shares)}{parent}"


def _rest(shares: pd.DataFrame) -> tuple[str, float]:
    """Return what takes most of the rest where workers compute least, and its share."""
    rest = shares.drop(columns=ON_CPU).iloc[0]
    return str(rest.idxmax()), float(rest.max())


def _cause(shares: pd.DataFrame) -> str:
    phase, share = _rest(shares)
    return f"{share:.0%} {phase.replace(',', '')}"


def _parent(frame: pd.DataFrame, which: tuple[str, str], phases: tuple[str, ...]) -> str:
    """Return for how long the parent handles messages beside the workers of one bar, as the bar below shows it.

    It is empty if the parent is not busy: ``phases`` are those in which it surely is.
    """
    mechanism, setting = which
    rows = frame[frame["lane"].eq(PARENT) & frame["mechanism"].eq(mechanism) & frame["setting"].eq(setting)]
    shares = rows.groupby("phase")["share"].mean()
    busy = shares[shares.index.isin(phases)]
    if busy.sum() < _BUSY:
        return ""
    handles = shares[shares.index.isin(HANDLES)]
    return f", the parent handles messages for {handles.sum():.0%}, most to {_DOES[str(handles.idxmax())]}"


def _draw_panels(frame: pd.DataFrame, settings: list[str]) -> SubFigure:
    counts = [frame.loc[frame["setting"].eq(setting), "mechanism"].nunique() for setting in settings]
    height = max(legend_height(frame["phase"].nunique()), sum(0.75 + 0.3 * count for count in counts))
    body = new_figure(10.5, 1.5 + height + sum(further_height([setting]) for setting in settings))
    panels = body.subplots(len(settings), 2, squeeze=False, height_ratios=[0.6 + count for count in counts])
    for (left, right), setting in zip(panels, settings, strict=True):
        rows = frame[frame["setting"].eq(setting)]
        bars = _bars(rows)
        scale, unit = time_unit(bars[WORKERS]["ns"].sum(axis=1).max())
        for lane, both in bars.items():
            _draw_bars(left, both["ns"] / scale, lane)
            _draw_bars(right, both["share"] * 100, lane)
        for axes in (left, right):
            names = in_order(rows, "mechanism")
            axes.set_yticks(range(len(names)), [wrap_label(name, _ROW) for name in names])
            axes.invert_yaxis()
            axes.grid(visible=False, axis="y")
        wrap_setting(setting, left)
        left.set(xlabel=f"time per task, summed over workers ({unit})")
        right.set(xlim=(0, 100), xlabel="share of the time (%)")
        right.tick_params(labelleft=False)
    add_legend(body, list_phases(ORDER), "phase")
    return body


def _bars(rows: pd.DataFrame) -> dict[str, dict[str, pd.DataFrame]]:
    """Return for each lane one row per mechanism, with a column per phase of ``ns`` and ``share``.

    Mechanisms without such a lane are included.
    """
    columns, names = ["ns", "share"], in_order(rows, "mechanism")
    table = rows.pivot_table(index=["lane", "mechanism"], columns="phase", values=columns, fill_value=0)
    found: dict[str, dict[str, pd.DataFrame]] = {}
    for lane in (WORKERS, PARENT):
        phases = rows.loc[rows["lane"].eq(lane), "phase"].unique()
        own = table.reindex(pd.MultiIndex.from_product([[lane], names]), fill_value=0.0).set_axis(names)
        found[lane] = {name: pd.DataFrame(own[name]).reindex(columns=sorted(phases)) for name in columns}
    return found


def _draw_bars(axes: Axes, bars: pd.DataFrame, lane: str) -> None:
    """Draw the workers' bars thick, and the parent's thin below them."""
    places = np.arange(len(bars)) + _PLACE[lane]
    left = pd.Series(0.0, index=bars.index)
    for phase in ORDER:
        if phase in bars:
            axes.barh(
                places,
                bars[phase],
                left=left,
                color=COLORS[phase],
                label=phase,
                height=_HEIGHT[lane],
                linewidth=0,
                zorder=3,
            )
            left += bars[phase]
