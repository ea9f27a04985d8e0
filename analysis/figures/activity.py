"""Calls completed over time in a fixed window, one lane per worker, and whether more workers complete more."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure
from matplotlib.image import AxesImage
from matplotlib.ticker import FixedLocator, MaxNLocator, NullLocator

from breakeven.analysis.figures.choice import choose_comparable
from breakeven.analysis.figures.context import Context, NothingToDraw
from breakeven.analysis.figures.disturbed import describe_disturbed
from breakeven.analysis.figures.edges import HEADROOM, cut_panels
from breakeven.analysis.figures.look import (
    add_gil,
    describe_sample,
    draw_errors,
    finish,
    list_styles,
    look,
    new_figure,
    styles,
    thin,
    wrap_setting,
)
from breakeven.analysis.figures.roles import DEFAULT, Roles
from breakeven.analysis.figures.texts import further_height, wrap_label
from breakeven.analysis.figures.told import describe_common, name_panels
from breakeven.analysis.frames.factors import is_varied
from breakeven.analysis.frames.lengths import lengths_of_tasks
from breakeven.analysis.frames.load import Lab
from breakeven.analysis.frames.order import rank_cells
from breakeven.analysis.units import format_length, format_ratio

PANELS = 3
BINS = 150
"""The most bins drawn, from the middle of a longer window: so few that each remains visible."""

ABOUT = 1.25
"""A number of calls that is surely within this factor of another is about as many: a second CPU doubles it."""

HALF_TURN_NS = 2.5e6
"""Half of CPython's switch interval: in wider bins two threads that take turns would seem to run at once."""

_TRIAL = ["cell_id", "round", "trial"]
_WORK = ("workload", "function", "payload_asked_bytes", "window_ns", "variant")
_MECHANISM = ("model", "start_method", "ipc", "interpreter")
_SHOWN = (
    *("mechanism", "mechanism_place", "model", "workers", "workload", "gil_enabled", "window_ns", "common"),
    *("samples", "rounds", "covers", "pairs_disturbed"),
)

ACCEPTS: tuple[str, ...] = ("facet",)


def frame(lab: Lab, roles: Roles = DEFAULT) -> pd.DataFrame:
    """Return one row per worker and bin: ``calls`` in one trial per cell, of cells that did the same work.

    ``total`` with ``total_low`` and ``total_high`` are the cell's calls in a window, over all its trials, ``speedup``
    with its ends how many times those of the serial trials they are.
    """
    cells = roles.add_to(lab.estimates)
    cells = cells[cells["pattern"].eq("window") & cells.index.isin(lab.activity["cell_id"])]
    if cells.empty:
        raise NothingToDraw("no calls were counted over time: it needs pattern=window with status ok")
    chosen = choose_comparable(cells, PANELS, roles.facet)
    for name in (*_WORK, *_MECHANISM):
        cells = cells[cells[name].isin(chosen[name])]
    cells = cells.sort_values(
        "model", key=lambda models: models.map(chosen["model"].tolist().index), kind="stable"
    )
    totals = {
        f"total{end}": cells[f"throughput_per_s{end}"] * cells["window_ns"] / 1e9
        for end in ("", "_low", "_high")
    }
    sweep = roles.add_to(lab.cells)
    labels = name_panels(cells, sweep, roles.facet, ["workers"])
    places = rank_cells(cells, roles.facet) if roles.facet else range(len(cells))
    common = describe_common(cells, sweep, ("window_ns", "function", "pattern"))
    cells = cells.assign(mechanism=labels, mechanism_place=places, common=common, **totals)
    trials = _timed(lab.trials)[_TRIAL].merge(lab.activity[_TRIAL].drop_duplicates())
    bins = _widen(
        lab.activity.merge(trials.drop_duplicates("cell_id"), on=_TRIAL), lengths_of_tasks(chosen).max()
    )
    speedups = [f"speedup{end}" for end in ("", "_low", "_high")]
    return cells[[*_SHOWN, *totals, *speedups]].join(bins.set_index("cell_id"), how="inner").reset_index()


def _timed(trials: pd.DataFrame) -> pd.DataFrame:
    """Return the parallel trials that are neither warm-up nor traced."""
    left_out = trials["warmup"].astype(bool) | trials["traced"].astype(bool)
    return trials[trials["kind"].eq("parallel") & ~left_out]


def _widen(bins: pd.DataFrame, task_ns: float) -> pd.DataFrame:
    """Merge neighbouring bins until a busy one holds two calls, up to half a thread's turn.

    In narrower bins a worker that is always busy looks as if it paused between calls.
    """
    width = bins["bin_ns"].median()
    wanted = min(2 * task_ns, HALF_TURN_NS) if pd.notna(task_ns) else width
    wide = width * max(1, round(wanted / width))
    starts = (bins["bin_start_ns"] // wide * wide).astype("int64")
    joint = bins.assign(bin_start_ns=starts).groupby([*_TRIAL, "worker", "bin_start_ns"], as_index=False)
    return joint.agg(bin_ns=("bin_ns", "sum"), calls=("calls", "sum"))


def draw(frame: pd.DataFrame, context: Context) -> Figure:
    """Draw the lanes of the cells with most workers, and the total against workers where these vary."""
    cells = frame.drop_duplicates("cell_id")
    most = cells.loc[cells.groupby("mechanism", sort=False)["workers"].idxmax()]
    most = most.sort_values("mechanism_place", kind="stable")
    with look():
        body = _draw_panels(frame, cells, most)
        lanes = f"lanes: one trial, bins of {format_length(frame['bin_ns'].median())}"
        common = tuple(filter(None, cells["common"].head(1)))
        sample = (
            lanes,
            *common,
            describe_sample(cells),
            *describe_disturbed(cells, marked=is_varied(cells["workers"])),
        )
        return finish(body, _title(cells), context, *sample)


def _title(cells: pd.DataFrame) -> str:
    """Return how the calls change from few workers to many; the most and the least if there are several mechanisms."""
    window = format_length(cells["window_ns"].iloc[0])
    ends = (
        cells.sort_values("workers")
        .groupby("mechanism", sort=False)
        .agg(
            **{
                f"{end}{column}{part}": (f"{name}{part}", end)
                for end in ("first", "last")
                for column, name in (("", "speedup"), ("_total", "total"))
                for part in ("", "_low", "_high")
            },
            low=("workers", "min"),
            high=("workers", "max"),
        )
    )
    ends = ends.assign(change=ends["last"] / ends["first"])
    if ends["low"].eq(ends["high"]).all():
        found = _join_ends(ends, "last_total", lambda row: f"{row['last_total']:.0f}")
        complete = "worker completes" if ends["high"].max() == 1 else "workers complete"
        return f"{ends['high'].max()} {complete} {found} in {window}".replace(" with", " calls with", 1)
    found = _join_ends(ends, "change", _describe_change)
    return f"From {ends['low'].min()} to {ends['high'].max()} workers, calls completed: {found}"


def _join_ends(ends: pd.DataFrame, by: str, write: Callable[[pd.Series[Any]], str]) -> str:
    """Return what is said of the mechanism that is highest by the column ``by``, and of the lowest."""
    ordered = ends.sort_values(by, ascending=False, kind="stable")
    kept = ordered.iloc[list(dict.fromkeys([0, len(ordered) - 1]))]
    return ", ".join(f"{write(row)} with {name}" for name, row in kept.iterrows())


def _describe_change(ends: pd.Series[Any]) -> str:
    """Return by which factor the calls changed, with its interval.

    It may also be about 1, or not known.

    It is the ratio of the speedups, in which the drift of the machine between the cells cancels out. Their half-widths
    are added in quadrature, on logarithms, since they are of different processes: that is narrower than from end to
    end, and at least as wide as the interval of W. Cochran and G. Cox (*Experimental Designs*, 1957), which is safe.
    """
    ratio = ends["last"] / ends["first"]
    reach = np.exp(np.hypot(_half(ends, "first"), _half(ends, "last")))
    low, high = ratio / reach, ratio * reach
    interval = f"({format_ratio(low)} to {format_ratio(high)})" if np.isfinite(reach) else "(no interval)"
    if low > 1 or high < 1:
        return f"{format_ratio(ratio)} times {interval}"
    if low > 1 / ABOUT and high < ABOUT:
        return f"about as many {interval}"
    return f"no clear change {interval}"


def _half(ends: pd.Series[Any], end: str) -> float:
    """Return half the width of the interval of one speedup, of logarithms."""
    low, high = ends[f"{end}_low"], ends[f"{end}_high"]
    return float(np.log(high / low) / 2) if low > 0 else np.inf


def _draw_panels(frame: pd.DataFrame, cells: pd.DataFrame, most: pd.DataFrame) -> SubFigure:
    varies = is_varied(cells["workers"])
    lanes = most["workers"].clip(3, 16).tolist()
    titles = sum(
        further_height([add_gil(*title)])
        for title in zip(most["mechanism"], most["gil_enabled"], strict=True)
    )
    body = new_figure(10.5 if varies else 8, 1.9 + titles + sum(0.55 + 0.2 * count for count in lanes))
    grid = body.add_gridspec(len(most), 1 + varies, width_ratios=[3, 2][: 1 + varies], height_ratios=lanes)
    rate = frame["calls"] / frame["bin_ns"] * 1e6
    highest = float(rate[frame["cell_id"].isin(most["cell_id"])].max())
    panels: list[Axes] = []
    for row, (_, cell) in enumerate(most.iterrows()):
        axes = body.add_subplot(grid[row, 0], sharex=panels[0] if panels else None)
        panels.append(axes)
        image = _draw_lanes(axes, frame[frame["cell_id"].eq(cell["cell_id"])], highest)
        wrap_setting(add_gil(cell["mechanism"], cell["gil_enabled"]), axes)
    panels[-1].set_xlabel("time in the window (ms)")
    body.colorbar(image, ax=panels, label="calls per ms", location="bottom", aspect=50, shrink=0.6)
    if varies:
        _draw_totals(body.add_subplot(grid[:, 1]), cells)
    return body


def _draw_lanes(axes: Axes, rows: pd.DataFrame, highest: float) -> AxesImage:
    table = rows.pivot_table(
        index="worker", columns="bin_start_ns", values="calls", aggfunc="sum", fill_value=0
    )
    skipped = max(0, (table.shape[1] - BINS) // 2)
    table = table.iloc[:, skipped : skipped + BINS]
    width = rows["bin_ns"].median()
    starts = table.columns.to_numpy(float)
    left, right = float(starts[0] / 1e6), float((starts[-1] + width) / 1e6)
    image = axes.imshow(
        table.to_numpy(float) / width * 1e6,
        cmap=sns.color_palette("rocket_r", as_cmap=True),
        vmin=0,
        vmax=highest,
        aspect="auto",
        interpolation="nearest",
        extent=(left, right, len(table) - 0.5, -0.5),
    )
    axes.hlines(
        np.arange(len(table) - 1) + 0.5, left, right, color="white", linewidth=min(3, 20 / len(table))
    )
    axes.grid(visible=False)
    axes.yaxis.set_major_locator(MaxNLocator(8, integer=True))
    axes.set_ylabel("worker")
    return image


def _draw_totals(axes: Axes, cells: pd.DataFrame) -> None:
    look_of = styles(cells)
    for name, points in cells.sort_values("workers").groupby("mechanism"):
        draw_errors(axes, points["workers"], points, "total", look_of[str(name)])
    cut_panels([axes], "y", 0, HEADROOM * float(cells["total"].max()))
    axes.xaxis.set_major_locator(FixedLocator(thin(sorted(cells["workers"].unique()))))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set(xlabel="workers", title=f"calls completed in {format_length(cells['window_ns'].iloc[0])}")
    handles = list_styles(look_of)
    names = [wrap_label(name) for name in look_of]
    axes.legend(handles=handles, labels=names, loc="upper center", bbox_to_anchor=(0.5, -0.2), frameon=False)
