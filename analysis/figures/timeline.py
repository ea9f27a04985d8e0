"""What each worker did when: computing on a CPU or waiting, one lane per worker, models side by side."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure, SubFigure
from matplotlib.ticker import MaxNLocator

from breakeven.analysis.figures.choice import choose_comparable
from breakeven.analysis.figures.context import Context, NothingToDraw
from breakeven.analysis.figures.disturbed import describe_disturbed
from breakeven.analysis.figures.lanes import BUSY, STATES, Array, bin_states, split_states
from breakeven.analysis.figures.look import (
    GREY,
    add_gil,
    describe_range,
    finish,
    look,
    new_figure,
    place_legend,
    wrap_setting,
)
from breakeven.analysis.figures.phases import COLORS, ON_CPU, list_phases
from breakeven.analysis.figures.roles import DEFAULT, Roles, in_order
from breakeven.analysis.figures.texts import further_height
from breakeven.analysis.figures.told import describe_common, name_panels
from breakeven.analysis.frames.asked import payloads
from breakeven.analysis.frames.budget import select_traced
from breakeven.analysis.frames.factors import is_varied, name_work
from breakeven.analysis.frames.lengths import name_lengths
from breakeven.analysis.frames.load import Lab
from breakeven.analysis.units import format_size, plural

PANELS = 4
SECTION_NS = 80e6
BINS = 1600
"""Bins of a section: 50 us each, a hundredth of CPython's switch interval of 5 ms."""

_WORK = ["work", "payload", "workload", "function", "variant", "payload_asked_bytes", "task_ns"]
_COLUMNS = ["cell_id", "round", "trial", "worker", "phase", "start_ns", "duration_ns", "on_cpu_ns"]
_DESCRIBED = ("workload", "function", "payload_asked_bytes", "task_ns", "workers")
"""Factors that the caption tells in any case."""

POSITION_NS = 1e6
"""CPU time of an interrupted task is placed at its ends if that is accurate to this; else it is spread."""

_SEEN = 1e-3
"""A phase is seen if it fills more than this share of the bins of a panel."""

_SMOOTH_NS = 1e6
_LEAST_STEPS = 8


ACCEPTS: tuple[str, ...] = ("facet",)


def frame(lab: Lab, roles: Roles = DEFAULT) -> pd.DataFrame:
    """Return the spans of one traced parallel trial of each of up to `PANELS` comparable cells.

    Comparable: same work, payload and workers, in as many models as the sweep has, with the most workers.
    Columns: those of spans, and ``mechanism``, ``gil_enabled``, ``workers``, ``wall_ns``; ``common`` is what else of
    the sweep's factors all of them have.
    """
    traced = select_traced(lab)
    cells = roles.add_to(lab.cells[lab.cells.index.isin(traced["cell_id"]) & lab.cells["workers"].gt(1)])
    cells = choose_comparable(cells, PANELS, roles.facet)
    if cells.empty:
        raise NothingToDraw(
            "no traced parallel trial with two or more workers: it needs measure.traced of at least 1"
        )
    trials = traced[traced["cell_id"].isin(cells.index)].drop_duplicates("cell_id")
    numbers = sorted(trials["trial"].unique().tolist())
    workers = range(int(cells["workers"].max()))
    spans = lab.spans(_COLUMNS, cells.index.tolist(), numbers, list(workers)).merge(
        trials, on=["cell_id", "round", "trial"]
    )
    if not spans["on_cpu_ns"].gt(0).any():
        raise NothingToDraw("no compute span has CPU time: the interpreter has no thread_time_ns")
    sweep = roles.add_to(lab.cells)
    named = name_panels(cells, sweep, roles.facet)
    common = describe_common(cells, sweep, _DESCRIBED)
    cells = cells.assign(mechanism=named, work=name_work(cells), payload=payloads(cells), common=common)
    cells["mechanism_place"] = range(len(cells))
    described = cells[["mechanism", "mechanism_place", *_WORK, "common", "gil_enabled", "cpu_count"]]
    described = described.join(lab.estimates[["task_measured_ns", "pairs_disturbed"]])
    return described.join(spans.set_index("cell_id"), how="inner").reset_index()


def draw(frame: pd.DataFrame, context: Context) -> Figure:
    """Draw one panel per mechanism: the lanes, and below them how many workers had a CPU at once."""
    names = in_order(frame, "mechanism")
    section = _section(frame)
    parallelism = {name: _parallelism(frame[frame["mechanism"].eq(name)]) for name in names}
    with look():
        body = _draw_panels(frame, names, section, parallelism)
        sample = f"one traced trial a panel: {_describe_work(frame)}"
        return finish(
            body,
            _title(frame, parallelism),
            context,
            sample,
            *describe_disturbed(frame.drop_duplicates("cell_id"), marked=False),
        )


def _describe_work(frame: pd.DataFrame) -> str:
    """Return what the tasks are, as far as all panels do the same, and what else they have in common."""
    work = frame["work"].unique()
    (length,) = name_lengths(frame.drop_duplicates("cell_id")).head(1)
    sizes = frame["payload"].unique()
    parts = [
        *([str(work[0])] if len(work) == 1 else []),
        *([f"tasks of {length}"] if pd.notna(length) and not is_varied(frame["task_ns"]) else []),
        *([f"payload {format_size(sizes[0])}"] if len(sizes) == 1 else []),
        plural(describe_range(frame["workers"]), "worker"),
        *frame["common"].head(1),
    ]
    return ", ".join(filter(None, parts))


def _smoothing(frame: pd.DataFrame, section: float) -> float:
    """Return the step of the line: whole ms, as long as the longest interrupted task, but several per section.

    In shorter steps a task whose CPU time is drawn at its other end would count beside the one that had the
    CPU.
    """
    cut = frame["phase"].eq("compute") & frame["on_cpu_ns"].lt(BUSY * frame["duration_ns"])
    longest = max(_SMOOTH_NS, float(frame.loc[cut, "duration_ns"].max() if cut.any() else 0))
    step = min(longest, section / _LEAST_STEPS)
    return max(1.0, round(step / _SMOOTH_NS)) * _SMOOTH_NS if step >= _SMOOTH_NS else step


def _section(frame: pd.DataFrame) -> float:
    """Return the length of the section shown: 16 switch intervals, more if tasks are long, whole short trials."""
    longest = frame.groupby("mechanism")["wall_ns"].first().max()
    task = frame.loc[frame["phase"].eq("compute"), "on_cpu_ns"].median()
    return float(min(longest, max(SECTION_NS, 8 * task)))


def _parallelism(rows: pd.DataFrame) -> float:
    """Divide the CPU time within tasks by the trial's wall time: the mean number of workers on a CPU."""
    return float(rows["on_cpu_ns"].sum() / rows["wall_ns"].iloc[0])


def _title(frame: pd.DataFrame, parallelism: dict[str, float]) -> str:
    """Return how many workers compute at once: where most do, and where fewest."""
    ordered = sorted(parallelism, key=parallelism.__getitem__)
    ends = dict.fromkeys([ordered[-1], ordered[0]])
    found = " and ".join(f"{parallelism[name]:.2f} with {name}" for name in ends)
    return f"Of {plural(describe_range(frame['workers']), 'worker')}, on average {found} are on a CPU at once"


def _draw_panels(
    frame: pd.DataFrame, names: list[str], section: float, parallelism: dict[str, float]
) -> SubFigure:
    columns = min(len(names), 2)
    rows = -(-len(names) // columns)
    workers = int(frame["workers"].max())
    lane = min(0.42, 4 / workers)
    body = new_figure(5.2 * columns + 1.6, 1.5 + rows * (lane * workers + 1.7 + further_height(names)))
    grid = body.subplots(
        2 * rows, columns, squeeze=False, sharex=True, height_ratios=[lane * workers, 0.9] * rows
    )
    drawn: set[str] = set()
    for place, name in enumerate(names):
        lanes, line = grid[2 * (place // columns) : 2 * (place // columns) + 2, place % columns]
        shares, states = _draw_lanes(lanes, frame[frame["mechanism"].eq(name)], section)
        drawn |= states
        line_of = Line(section, _smoothing(frame, section), parallelism[name])
        _draw_parallelism(line, shares, line_of)
        gil = frame.loc[frame["mechanism"].eq(name), "gil_enabled"].iloc[0]
        wrap_setting(add_gil(name, gil), lanes)
    for axes in grid.reshape(rows, 2, columns).swapaxes(1, 2).reshape(-1, 2)[len(names) :].ravel():
        axes.remove()
    lines = grid[1::2].ravel()[: len(names)]
    for axes in lines:
        axes.set_ylim(0, 1.1 * max(line.dataLim.ymax for line in lines))
    place_legend(body, list_phases(drawn), "phase")
    return body


def _draw_lanes(axes: Axes, rows: pd.DataFrame, section: float) -> tuple[Array, set[str]]:
    """Draw each bin in the colour of the state that fills most of it; return the shares, and the states drawn."""
    workers = int(rows["workers"].iloc[0])
    begun = rows[rows["phase"].eq("compute")].groupby("worker")["start_ns"].min().max()
    start = float(max(0, min(begun, rows["wall_ns"].iloc[0] - section)))
    edges = np.linspace(start, start + section, BINS + 1)
    shares = bin_states(split_states(rows, POSITION_NS), workers, edges)
    colors = np.array([to_rgb(COLORS[state]) for state in STATES])
    rest = np.clip(1 - shares.sum(axis=1, keepdims=True), 0, 1)
    most = np.concatenate([shares, rest], axis=1).argmax(axis=1)
    axes.imshow(
        np.vstack([colors, np.ones(3)])[most],
        aspect="auto",
        interpolation="nearest",
        extent=(0, section / 1e6, workers - 0.5, -0.5),
    )
    axes.hlines(np.arange(workers - 1) + 0.5, 0, section / 1e6, color="white", linewidth=min(3, 20 / workers))
    over = (rows["wall_ns"].iloc[0] - start) / 1e6
    if over < 0.97 * section / 1e6:
        axes.text(over, workers / 2 - 0.5, "  trial over", color=GREY, size="small", va="center")
    axes.grid(visible=False)
    axes.yaxis.set_major_locator(MaxNLocator(8, integer=True))
    axes.set_ylabel("worker")
    counts = np.bincount(most.ravel(), minlength=len(STATES) + 1)
    return shares, {state for state, count in zip(STATES, counts, strict=False) if count > _SEEN * most.size}


@dataclass(frozen=True)
class Line:
    """The line under the lanes: length of the section and of a step, in ns, and the mean of the trial."""

    section: float
    step: float
    mean: float


def _draw_parallelism(axes: Axes, shares: Array, line: Line) -> None:
    """Draw means over steps, up to the last bin in which the trial still ran."""
    section, mean = line.section, line.mean
    filled = np.flatnonzero(shares.sum(axis=(0, 1)))
    at_once = shares[:, 0].sum(axis=0)[: filled[-1] + 1]
    starts = np.arange(0, len(at_once), max(1, round(line.step / (section / BINS))))
    ends = np.append(starts[1:], len(at_once))
    smooth = np.add.reduceat(at_once, starts) / (ends - starts)
    times = np.append(starts, ends[-1]) * section / BINS / 1e6
    axes.stairs(smooth, times, color=COLORS[ON_CPU], linewidth=1.2, fill=False)
    axes.axhline(mean, color="0.3", linewidth=1, linestyle="--")
    axes.set_title(f"on CPU at once: {mean:.2f} over the trial (dashed)", fontsize="small")
    axes.set(xlabel="time in the section (ms)", ylabel="workers")
    axes.tick_params(labelbottom=True)
    axes.yaxis.set_major_locator(MaxNLocator(3, integer=True))
