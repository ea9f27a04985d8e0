"""Figures from stored sweeps: what they show, what their titles say, and that nothing is cut off."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from itertools import combinations, pairwise, product
from pathlib import Path
from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.legend import Legend
from matplotlib.text import Text

from breakeven.analysis.figures import (
    FIGURES,
    NothingToDraw,
    activity,
    draw,
    overhead,
    scaling,
    startup,
    timeline,
)
from breakeven.analysis.figures.context import Context
from breakeven.analysis.figures.look import styles, thin
from breakeven.analysis.findings import RULES
from breakeven.analysis.frames.load import Lab, load
from breakeven.analysis.units import format_time
from breakeven.analysis.verdicts import verdicts
from tests.analysis_samples import MS, TRACED_NS, Sample, build_richer
from tests.observed_samples import add_heartbeat, add_switching

OF_SEARCHES = ("advice", "bisection")
OF_TIMES = [name for name in FIGURES if name not in (*dict(RULES), *OF_SEARCHES)]
"""The figures of all but what patterns observe and what searches find, which are drawn of sweeps of their own."""


@pytest.fixture(scope="module")
def rich(tmp_path_factory: pytest.TempPathFactory) -> Lab:
    """Return the rich sweep."""
    return load(build_richer(tmp_path_factory.mktemp("outputs") / "rich"))


@pytest.fixture(scope="module")
def figures(rich: Lab) -> dict[str, Figure]:
    """Return all figures of the rich sweep."""
    return {name: draw(name, rich) for name in OF_TIMES}


def _one_cell(sample: Sample) -> None:
    sample.add_map(model="process", speedup=1.9, spans=True)


def _one_worker_count(sample: Sample) -> None:
    for model, speedup in (("thread", 0.97), ("process", 1.9), ("thread_pool", 0.95), ("mp_pool", 1.8)):
        sample.add_map(model=model, workers=4, speedup=speedup, spans=True)
    sample.add_map(model="thread", workload="sleep", workers=4, speedup=3.9)


def _one_payload(sample: Sample) -> None:
    for ipc, latency in (("queue", 6e4), ("pipe", 2e4), ("shared_memory", 1.5e4)):
        sample.add_pingpong(model="process", ipc=ipc, payload_bytes=65536, latency_ns=latency)


def _many_payloads(sample: Sample) -> None:
    for power in range(20):
        for ipc, latency in (("queue", 6e4), ("pipe", 2e4)):
            factors: dict[str, Any] = {"start_method": "spawn", "ipc": ipc, "payload_bytes": 4 << power}
            sample.add_pingpong(model="process", latency_ns=latency + (4 << power), **factors)


def _many_workers(sample: Sample) -> None:
    for workers in (1, 8, 64):
        for payload in range(8):
            sample.add_map(
                model="process", workers=workers, payload_bytes=payload, speedup=min(workers, 16) * 0.9
            )
    sample.add_map(model="thread", workers=64, speedup=0.9, spans=True)


def _many_mechanisms(sample: Sample) -> None:
    for place in range(24):
        sample.add_pingpong(model=f"model{place}", payload_bytes=1 + place % 2, latency_ns=1e4)
        for workers in (1, 2):
            sample.add_map(model=f"model{place}", workers=workers, speedup=1 + place / 10)


def _many_tasks(sample: Sample) -> None:
    for payload, task in product((64, 4096, 65536, 2**20), (30_000, 100_000, 300_000, MS, 3 * MS, 10 * MS)):
        sample.add_map(model="process", payload_bytes=payload, task_ns=task, speedup=task / MS)


def _one_pair(sample: Sample) -> None:
    sample.pairs = 1
    for workers in (1, 2):
        sample.add_map(model="process", workers=workers, speedup=1.5)


def _ticks(sample: Sample) -> None:
    sample.common["config"] = "pattern: {name: heartbeat, hz: 60}"
    for workload, model in product(("spin", "hash", "sort"), ("thread", "process", "interpreter")):
        add_heartbeat(sample, [1.0, 30.0, 2.0], [0.0, 0.1, 0.3], model=model, workload=workload)


def _one_tick(sample: Sample) -> None:
    sample.common["config"] = "pattern: {name: heartbeat, hz: 60}"
    add_heartbeat(sample, [1.0], [0.0], model="thread")


def _interruptions(sample: Sample) -> None:
    for interval_ns, model in product((0.1 * MS, MS, 5.0 * MS, 20.0 * MS), ("thread", "process")):
        add_switching(sample, interval_ns, [interval_ns, 1.1 * interval_ns], model=model)


def _one_interval(sample: Sample) -> None:
    add_switching(sample, 5.0 * MS, [5.0 * MS], model="thread")


SPARSE = {
    build.__name__.strip("_"): build
    for build in (
        _one_cell,
        _one_worker_count,
        _one_payload,
        _many_payloads,
        _many_workers,
        _many_mechanisms,
        _many_tasks,
        _one_pair,
        _ticks,
        _one_tick,
        _interruptions,
        _one_interval,
    )
}


def _find(figure: Figure, texts: set[str]) -> list[Text]:
    return [text for text in figure.findobj(Text) if isinstance(text, Text) and text.get_text() in texts]


def _check(figure: Figure) -> None:
    """Hold that nothing is cut off, panels have data, and titles, legends and panels lie apart."""
    figure.draw_without_rendering()
    panels = [axes for axes in figure.findobj(Axes) if axes.get_label() != "<colorbar>"]
    assert panels
    assert all(axes.has_data() for axes in panels)
    around = [*_find(figure, {figure.get_suptitle(), figure.get_supxlabel()}), *figure.findobj(Legend)]
    titles = _find(figure, {axes.get_title("left") for axes in panels} - {""})
    view = figure.bbox.padded(1)
    for box in [artist.get_tightbbox() for artist in (*panels, *around)]:
        assert box is not None
        assert view.x0 <= box.x0 < box.x1 <= view.x1
        assert view.y0 <= box.y0 < box.y1 <= view.y1
    boxes = [artist.get_window_extent().padded(-1) for artist in (*panels, *titles, *around)]
    assert not any(first.overlaps(second) for first, second in combinations(boxes, 2))
    for axis in [axis for axes in panels for axis in (axes.xaxis, axes.yaxis)]:
        labels = [label for label in axis.get_ticklabels() if label.get_text() and label.get_visible()]
        ticks = [label.get_window_extent().padded(-1) for label in labels if not label.get_rotation()]
        assert not any(first.overlaps(second) for first, second in pairwise(ticks)), labels


@pytest.mark.parametrize("name", OF_TIMES)
def test_the_rich_sweep_draws_every_figure(figures: dict[str, Figure], name: str) -> None:
    """Each figure of a sweep that has all data is whole, and its caption tells where it was measured."""
    figure = figures[name]
    _check(figure)
    caption = figure.get_supxlabel()
    assert "\n" not in caption
    assert caption.endswith(" · Intel Xeon Platinum 8481C · 2 CPUs · CPython 3.11.7")


@pytest.mark.parametrize("build", SPARSE.values(), ids=SPARSE)
def test_sparse_and_wide_sweeps_draw_what_they_can(tmp_path: Path, build: Callable[[Sample], None]) -> None:
    """A sweep that lacks an axis, or has a long one, gives whole figures and no others."""
    sample = Sample(tmp_path / "sweep", pairs=3)
    build(sample)
    lab = load(sample.path)
    drawn = []
    for name in FIGURES:
        with suppress(NothingToDraw):
            drawn.append(draw(name, lab))
    assert drawn
    for figure in drawn:
        _check(figure)


def test_titles_are_found_in_the_data(rich: Lab, figures: dict[str, Figure]) -> None:
    """Each title states numbers of this very sweep."""
    titles = {name: " ".join(figure.get_suptitle().split()) for name, figure in figures.items()}
    answers = verdicts(rich).query("pattern in ('map', 'window')")
    pays = answers[answers["decision"].eq("parallel")]
    best = pays.sort_values("speedup_low", ascending=False)["clause"].iloc[0]
    assert titles["scaling"] == (
        f"Parallel work pays in {len(pays)} of {len(answers)} settings, most for {best}"
    )
    assert titles["timeline"].startswith("Of 4 workers, on average 1.")
    assert titles["timeline"].endswith(" with thread/queue are on a CPU at once")
    speedups = rich.estimates.query("pattern == 'window'").set_index(["model", "workers"])["speedup"]
    change = f"{speedups['process', 4] / speedups['process', 1]:.2f}"
    assert titles["activity"].startswith(f"From 1 to 4 workers, calls completed: {change} times (1.")
    assert " with process, about as many (0.9" in titles["activity"]
    assert titles["overhead"].startswith("Workers compute on a CPU for 2")
    assert " of their time, least with thread, " in titles["overhead"]
    assert titles["latency"].startswith("process/shared_memory answers soonest: 1")
    assert titles["bandwidth"].startswith("process/shared_memory moves most: ")
    assert "of memcpy" in titles["bandwidth"]
    started = startup.frame(rich).query("workers == 4").sort_values("startup_ns")
    first, last = (
        f"{way['mechanism']}{{}} in {format_time(way['startup_ns'])}"
        for _, way in started.iloc[[0, -1]].iterrows()
    )
    assert titles["startup"] == f"{first.format(' starts 4 workers')}, {last.format('')}"


def test_workers_that_start_alike_are_counted_together(tmp_path: Path) -> None:
    """What their tasks do later divides nothing; a number of workers, a start method and a function do."""
    sample = Sample(tmp_path / "sweep", pairs=3, rounds=3)
    for method, task_ns in (("fork", 1_000_000), ("fork", 2_000_000), ("spawn", 1_000_000)):
        sample.add_map(model="process", start_method=method, workers=2, speedup=1.6, task_ns=task_ns)
    sample.add_map(model="process", start_method="fork", workers=4, speedup=1.6)
    found = startup.frame(load(sample.path))
    assert found.groupby(["mechanism", "workers"])["rounds"].sum().to_dict() == {
        ("process/fork", 2): 6,
        ("process/fork", 4): 3,
        ("process/spawn", 2): 3,
    }
    assert found["startup_ns"].between(20e6, 30e6).all()


def test_one_thread_at_a_time_is_what_the_timeline_measures(rich: Lab) -> None:
    """With the GIL the lanes of four threads sum to one CPU; those of processes to both."""
    frame = timeline.frame(rich)
    names = frame.drop_duplicates("mechanism")["mechanism"].tolist()
    assert names == ["thread/queue", "process/queue", "process_pool"]
    assert frame["workers"].unique().tolist() == [4]
    at_once = frame.groupby("mechanism")["on_cpu_ns"].sum() / TRACED_NS
    assert at_once["thread/queue"] == pytest.approx(0.95, abs=0.04)
    assert at_once["process/queue"] == pytest.approx(1.9, abs=0.08)


def test_the_timeline_prefers_tasks_that_show_turns(tmp_path: Path) -> None:
    """Tasks of 200 us of threads and processes before longer ones of more models; the channel both have."""
    sample = Sample(tmp_path / "sweep", pairs=3)
    for model in ("thread", "process", "process_pool"):
        sample.add_map(model=model, workers=4, speedup=1.0, spans=True)
    short = [
        sample.add_map(model=model, workers=4, speedup=1.0, spans=True, task_ns=200_000)
        for model in ("process", "thread")
    ]
    assert set(timeline.frame(load(sample.path))["cell_id"]) == set(short)


def test_the_activity_totals_are_calls_in_a_window(rich: Lab) -> None:
    """Rate times window, for each number of workers; bins of one trial a cell."""
    frame = activity.frame(rich)
    totals = frame.drop_duplicates("cell_id").set_index(["mechanism", "workers"])["total"]
    assert totals["thread"].to_numpy() == pytest.approx([2000] * 3, rel=0.02)
    assert totals["process"].to_numpy() == pytest.approx([2000, 4000, 4000], rel=0.02)
    assert (frame.groupby("cell_id").size() == 100 * frame.groupby("cell_id")["workers"].first()).all()


def test_bins_of_long_calls_are_joined_and_lose_none(tmp_path: Path) -> None:
    """Calls of 1 ms in bins of 1 ms are drawn in bins of 2 ms; of 10 ms in no more than half a turn."""
    for task, bins in ((MS, 50), (10 * MS, 50)):
        sample = Sample(tmp_path / str(task), pairs=2)
        factors: dict[str, Any] = {"model": "process", "workers": 2, "task_ns": task}
        sample.add_window(per_second=2000, serial_per_second=1000, **factors)
        lab = load(sample.path)
        frame = activity.frame(lab)
        assert len(frame) == 2 * bins
        assert frame["bin_ns"].unique().tolist() == [2 * MS]
        assert frame["calls"].sum() == lab.activity["calls"].sum() > 0


def test_overhead_compares_like_with_like(tmp_path: Path) -> None:
    """Of each setting that number of workers which most mechanisms have; messages aside if there are tasks."""
    sample = Sample(tmp_path / "sweep", pairs=3)
    for ipc in ("queue", "pipe"):
        sample.add_map(model="process", ipc=ipc, workers=2, speedup=1.5, spans=True)
    sample.add_map(model="process", ipc="queue", workers=4, speedup=1.5, spans=True)
    frame = overhead.frame(load(sample.path))
    assert sorted(frame["mechanism"].unique()) == ["process/pipe", "process/queue"]
    assert frame["workers"].unique().tolist() == [2]
    assert frame["setting"].unique().tolist() == ["2 workers"]


def test_scaling_leaves_single_points_to_the_summary(tmp_path: Path) -> None:
    """A setting with one number of workers takes no panel from those that scale."""
    sample = Sample(tmp_path / "sweep", pairs=3)
    for workers in (1, 2):
        sample.add_map(model="process", workers=workers, speedup=1.0)
    sample.add_map(model="thread", workload="sleep", workers=2, speedup=1.9)
    assert scaling.frame(load(sample.path))["workload"].unique().tolist() == ["spin"]


def test_mechanisms_differ_without_colour(rich: Lab) -> None:
    """Marker and dash tell neighbours apart, and eleven mechanisms have eleven looks."""
    frame = scaling.frame(rich).query("workload == 'spin'")
    looks = list(styles(frame).values())
    assert len({(style.marker, style.dash) for style in looks}) == len(looks) == 5
    many = frame.iloc[:11].assign(mechanism=[f"m{place}" for place in range(11)])
    assert len({(style.color, style.marker, style.dash) for style in styles(many).values()}) == 11


def test_long_axes_are_thinned_to_their_ends_and_some_between() -> None:
    """First and last stay; few stay as they are."""
    assert thin(list(range(20))) == [0, 4, 8, 11, 15, 19]
    assert thin([1, 2, 3]) == [1, 2, 3]


def test_a_figure_touches_nobodys_settings(rich: Lab) -> None:
    """Drawing leaves matplotlib's settings and its list of open figures as they were."""
    before = dict(mpl.rcParams)
    draw("scaling", rich)
    assert dict(mpl.rcParams) == before
    assert plt.get_fignums() == []


def test_the_context_names_what_differs(rich: Lab) -> None:
    """Several machines, interpreters and GIL states are all told."""
    runs = rich.runs.head(3).assign(
        hostname=["a", "b", "b"],
        cpu_model=["X", "Y", "Y"],
        cpu_count=[2, 4, 4],
        python_version="3.14.0",
        implementation=["cpython", "cpython", "pypy"],
        gil_enabled=np.array([False, True, None], dtype=object),
    )
    assert Context.of(runs).caption("Sample.") == (
        "Sample. · X and 1 other CPU models on a and b · CPU count varies · "
        "CPython 3.14.0, 3.14.0 GIL off · PyPy 3.14.0"
    )


def _title_of(sample: Sample) -> str:
    figure = draw("scaling", load(sample.path))
    _check(figure)
    return " ".join(figure.get_suptitle().split())


def test_no_gain_is_not_called_fastest(tmp_path: Path) -> None:
    """Where no interval lies above 1 the title says so."""
    slower, unclear = Sample(tmp_path / "slower", pairs=8), Sample(tmp_path / "unclear", pairs=8)
    none = Sample(tmp_path / "none", pairs=8)
    for workers in (2, 4):
        none.add_map(model="thread", workers=workers, speedup=1.0, spread=0.01)
        slower.add_map(model="process", workers=workers, speedup=0.5)
        unclear.add_map(model="process", workers=workers, speedup=1.0, spread=0.2)
    assert _title_of(slower).startswith("Everything is slower than serial; at best process 0.5")
    assert _title_of(unclear).startswith("No clear gain; at best process ")
    assert _title_of(none).startswith("No gain of 10% or more; at best thread 1.0")


@pytest.mark.parametrize(
    ("factor", "values", "between"),
    [
        ("task_ns", (10_000, 100_000, MS), "task length between 10 us and 1 ms"),
        ("payload_bytes", (64, 1024, 2**20), "size between 64 B and 1 MiB"),
    ],
)
def test_where_it_starts_to_pay(tmp_path: Path, factor: str, values: tuple[int, ...], between: str) -> None:
    """With one number of workers x is the length; the title has the bracket of the verdicts."""
    sample = Sample(tmp_path / "sweep", pairs=8, rounds=4)
    for value, speedup, spread in zip(values, (0.5, 1.0, 1.8), (0.02, 0.3, 0.02), strict=True):
        factors: dict[str, Any] = {factor: value}
        sample.add_map(model="process", speedup=speedup, spread=spread, **factors)
        sample.add_map(model="thread", speedup=0.9, spread=0.01, **factors)
    assert _title_of(sample) == f"process pays from a {between}"


def _on_two_interpreters(sample: Sample, tasks: tuple[int, ...], **factors: Any) -> None:
    """Add cells whose tasks take 1.02 and 1.5 times as long as asked, on one interpreter and another."""
    for interpreter, takes, version in (("python3", 1.02, "3.14.0"), ("python3.13t", 1.5, "3.13.0")):
        on: dict[str, Any] = {"interpreter": interpreter, "python_version": version, "takes": takes}
        for task in tasks:
            gain = 0.5 if task < MS else 1.8
            sample.add_map(model="process", task_ns=task, speedup=gain, overrides="", **on, **factors)


def test_a_task_is_drawn_where_it_was_measured(tmp_path: Path) -> None:
    """If it is not about as long as asked; the axis says so."""
    sample = Sample(tmp_path / "sweep", pairs=8, rounds=3)
    _on_two_interpreters(sample, (MS // 10, MS))
    figure = draw("scaling", load(sample.path))
    (axes,) = figure.axes
    assert axes.get_xlabel() == "task, as measured"
    drawn = sorted({float(x) for line in axes.lines for x in np.atleast_1d(line.get_xdata()) if x > 1})
    assert drawn == pytest.approx([100_000, 150_000, MS, 1.5 * MS], rel=1e-3)
    title = " ".join(figure.get_suptitle().split())
    said = "process/CPython 3.13.0 pays from a task length between 150 us and 1.50 ms"
    assert title == f"{said}; 1 more crossing"


def test_tasks_as_long_as_asked_are_called_so(tmp_path: Path) -> None:
    """A difference of a tenth is none."""
    sample = Sample(tmp_path / "sweep", pairs=8)
    for task in (MS // 10, MS):
        sample.add_map(model="process", task_ns=task, takes=1.09, speedup=1.8)
    (axes,) = draw("scaling", load(sample.path)).axes
    assert axes.get_xlabel() == "task"


def test_labels_name_the_length_that_was_measured(tmp_path: Path) -> None:
    """Of a panel that joins interpreters the geometric mean, and what was asked, so that no two are the same."""
    sample = Sample(tmp_path / "sweep", pairs=8)
    for workers in (1, 2):
        _on_two_interpreters(sample, (MS // 10, MS), workers=workers, spans=True)
    lab = load(sample.path)
    labels = ["task 124 us instead of 100 us", "task 1.24 ms instead of 1 ms"]
    assert scaling.frame(lab)["setting"].unique().tolist() == labels
    assert overhead.frame(lab)["setting"].unique().tolist() == [f"{label}, 2 workers" for label in labels]
    caption = draw("timeline", lab).get_supxlabel()
    assert "tasks of" in caption
    assert "instead of" in " ".join(caption.split())


def test_one_mechanism_overtakes_another(tmp_path: Path) -> None:
    """Where no line crosses 1, lines that cross each other are told, if the intervals lie apart."""
    sample = Sample(tmp_path / "sweep", pairs=8)
    for task, process in ((MS, 1.2), (2 * MS, 1.9)):
        sample.add_map(model="process", task_ns=task, speedup=process)
        sample.add_map(model="process_pool", task_ns=task, speedup=1.5)
    said = "process overtakes process_pool between tasks of 1 ms and tasks of 2 ms"
    assert said in _title_of(sample)


def test_without_a_crossing_the_title_says_so(tmp_path: Path) -> None:
    """Lines all above 1 and apart."""
    sample = Sample(tmp_path / "sweep", pairs=8)
    for task in (MS, 2 * MS):
        sample.add_map(model="process", task_ns=task, speedup=1.5)
    assert _title_of(sample).startswith("Fastest: process 1.5")
