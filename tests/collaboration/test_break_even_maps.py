"""The break-even map and the winners' map from stored sweeps: what is drawn, and what their titles say."""

from __future__ import annotations

import re
from itertools import combinations, product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.collections import QuadMesh
from matplotlib.contour import ContourSet
from matplotlib.figure import Figure
from matplotlib.legend import Legend
from matplotlib.text import Text

from breakeven.analysis.figures import NothingToDraw, breakeven, draw, winner
from breakeven.analysis.figures.heat import WHY
from breakeven.analysis.figures.pays import crossings
from breakeven.analysis.lab import Lab, load
from tests.analysis_samples import MS, Sample

US = 1000
TASKS = (10 * US, 100 * US, MS, 10 * MS)
PAYLOADS = (64, 2**16, 2**20)
COSTS = {64: 50e3, 2**16: 200e3, 2**20: 2e6}
"""What handing a task over costs, in ns, by its payload: with two workers a task that takes as long breaks even."""


def _sample(path: Path, rounds: int = 6) -> Sample:
    return Sample(path / "sweep", rounds=rounds, pairs=4)


def _add(sample: Sample, speedup: float, **factors: Any) -> str:
    """Add a cell; its payload is what was asked for, too."""
    return sample.add_map(speedup=speedup, spread=0.01, **factors)


def _two_workers(task: float, payload: int) -> float:
    return 2 * task / (task + COSTS[payload])


def _grid(sample: Sample, **factors: Any) -> None:
    for task, payload in product(TASKS, PAYLOADS):
        _add(sample, _two_workers(task, payload), task_ns=task, payload_bytes=payload, **factors)


def _texts(figure: Figure) -> tuple[str, str]:
    return " ".join(figure.get_suptitle().split()), " ".join(figure.get_supxlabel().split())


def _panels(figure: Figure) -> list[Axes]:
    axes = [one for one in figure.findobj(Axes) if one.get_label() != "<colorbar>"]
    return [one for one in axes if isinstance(one, Axes)]


def _written(axes: Axes) -> dict[tuple[float, float], str]:
    """Return what is written in the cells of a map, by column and row."""
    places = [text.get_position() for text in axes.texts]
    return {(x, y): text.get_text() for (x, y), text in zip(places, axes.texts, strict=True)}


def _check(figure: Figure) -> None:
    """Hold that nothing is cut off, and that texts and panels lie apart."""
    figure.draw_without_rendering()
    view = figure.bbox.padded(1)
    around = [*figure.findobj(Legend), *_labels(figure)]
    for artist in (*_panels(figure), *around):
        box = artist.get_tightbbox()
        assert box is not None
        assert view.x0 <= box.x0 < box.x1 <= view.x1
        assert view.y0 <= box.y0 < box.y1 <= view.y1
    boxes = [artist.get_window_extent().padded(-1) for artist in (*_panels(figure), *around)]
    assert not any(one.overlaps(other) for one, other in combinations(boxes, 2))
    for axes in _panels(figure):
        for texts in (axes.texts, axes.get_xticklabels(), axes.get_yticklabels()):
            extents = [text.get_window_extent().padded(-0.5) for text in texts if text.get_text()]
            assert not any(one.overlaps(other) for one, other in combinations(extents, 2))


def _labels(figure: Figure) -> list[Text]:
    wanted = {figure.get_suptitle(), figure.get_supxlabel()} | {
        one.get_title("left") for one in _panels(figure)
    }
    found = [text for text in figure.findobj(Text) if isinstance(text, Text)]
    return [text for text in found if text.get_text() in wanted - {""}]


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Lab:
    """Return a sweep in which processes pay from a known length on and threads never."""
    sample = _sample(tmp_path_factory.mktemp("outputs"))
    _grid(sample, model="process")
    for task, payload in product(TASKS, PAYLOADS):
        _add(sample, 0.9, model="thread", task_ns=task, payload_bytes=payload)
    return load(sample.path)


def test_the_contour_is_where_it_breaks_even(lab: Lab) -> None:
    """Between the tasks of 10 and 100 us at 64 B, of 1 and 10 ms at 1 MiB; all cells have their colour and number."""
    figure = draw("breakeven", lab)
    _check(figure)
    processes, threads = _panels(figure)
    assert (processes.get_title("left"), threads.get_title("left")) == ("process", "thread")
    (cells,) = [one for one in processes.collections if isinstance(one, QuadMesh)]
    shades = np.asarray(cells.get_array()).reshape(len(PAYLOADS), len(TASKS))
    speedups = np.array([[_two_workers(task, payload) for task in TASKS] for payload in PAYLOADS])
    assert (np.sign(shades) == np.sign(np.log(speedups))).all()
    assert [text.get_text() for text in processes.get_xticklabels()] == ["10 us", "100 us", "1 ms", "10 ms"]
    assert [text.get_text() for text in processes.get_yticklabels()] == ["64 B", "64 KiB", "1 MiB"]
    line, *_ = [one for one in processes.collections if isinstance(one, ContourSet) and not one.filled]
    for row, payload in enumerate(PAYLOADS):
        points = np.concatenate([path.vertices for path in line.get_paths()])
        at = points[np.abs(points[:, 1] - row).argmin(), 0]
        (between,) = crossings(np.array(TASKS), np.array([_two_workers(task, payload) for task in TASKS]))
        assert TASKS[0] * 10**at == pytest.approx(between, rel=0.1)
        assert between == pytest.approx(COSTS[payload], rel=0.5)
    assert not [one for one in threads.collections if isinstance(one, ContourSet)]
    assert len(_written(processes)) == len(_written(threads)) == len(TASKS) * len(PAYLOADS)


def test_the_title_says_from_where_on_it_pays(lab: Lab) -> None:
    """At the smallest payload and at the largest one, for each mechanism; estimates between clear losses and gains."""
    title, caption = _texts(draw("breakeven", lab))
    first, last = (
        breakeven.frame(lab).query(f"payload == {size} and model == 'process'") for size in (64, 2**20)
    )
    assert len(first) == len(last) == len(TASKS)
    assert re.fullmatch(
        r"process pays from 6\d us at 64 B, from 2\.[789] ms at 1 MiB; thread nowhere on this grid", title
    )
    assert "2 workers" in caption
    assert "not measured" not in caption


def test_a_contour_that_leaves_the_grid_is_named(tmp_path: Path) -> None:
    """Already at the shortest task at one end, not up to the longest at the other."""
    sample = _sample(tmp_path)
    for task, (payload, factor) in product((MS, 10 * MS), ((64, 1.5), (1024, 1.2), (2**20, 0.5))):
        _add(sample, factor, model="process", task_ns=task, payload_bytes=payload)
    figure = draw("breakeven", load(sample.path))
    _check(figure)
    assert _texts(figure)[0] == (
        "process pays already at the shortest task (1 ms) at 64 B, not up to 10 ms at 1 MiB"
    )


@pytest.mark.parametrize(
    ("gains", "said"),
    [
        ((1.5, 1.2, 0.5), r"up to \d+ KiB"),
        ((1.9, 1.5, 1.2), "throughout, 1 KiB to 1 MiB"),
        ((1.07, 1.07, 1.08), "gains 1.0.x at most"),
    ],
)
def test_along_payloads_a_mechanism_ceases_to_pay(
    tmp_path: Path, gains: tuple[float, ...], said: str
) -> None:
    """Or pays throughout, or hardly."""
    sample = _sample(tmp_path)
    for payload, gain in zip((2**10, 2**16, 2**20), gains, strict=True):
        sample.add_map(model="process", speedup=gain, spread=0.001, payload_bytes=payload)
    figure = draw("breakeven", load(sample.path))
    _check(figure)
    assert re.fullmatch(f"process (pays )?{said}", _texts(figure)[0])


def test_what_is_not_decided_is_in_brackets_and_in_the_band(tmp_path: Path) -> None:
    """The band covers the middle of each such cell, of no other."""
    sample = _sample(tmp_path)
    for task, payload in product(TASKS, PAYLOADS):
        gain = 1.02 if task == MS else _two_workers(task, payload)
        spread = 0.6 if task == MS else 0.01
        sample.add_map(model="process", speedup=gain, spread=spread, task_ns=task, payload_bytes=payload)
    lab = load(sample.path)
    figure = draw("breakeven", lab)
    (axes,) = _panels(figure)
    found = breakeven.frame(lab)
    unclear = found[found["speedup_low"].le(1) & found["speedup_high"].ge(1)]
    assert set(unclear["task_ns"]) == {MS}
    (band,) = [one for one in axes.collections if isinstance(one, ContourSet) and one.filled]
    for (column, row), text in _written(axes).items():
        open_ = any(path.contains_point((column, row)) for path in band.get_paths())
        assert open_ == text.startswith("(")
    assert sum(text.startswith("(") for text in _written(axes).values()) == len(unclear)
    assert "(): 95 % interval holds 1" in _texts(figure)[1]


def test_cells_without_a_result_are_told_from_those_that_were_not_measured(tmp_path: Path) -> None:
    """One failed, one cannot exist, one was left out."""
    sample = _sample(tmp_path)
    for place, (task, payload) in enumerate(product((MS, 2 * MS, 4 * MS), (64, 1024, 4096))):
        factors: dict[str, Any] = {"model": "process", "task_ns": task, "payload_bytes": payload}
        if place in {0, 1}:
            sample.add_bad(("failed", "incompatible")[place], "a reason", **factors)
        elif place != 8:
            _add(sample, 1.5, **factors)
    figure = draw("breakeven", load(sample.path))
    _check(figure)
    written = _written(_panels(figure)[0])
    assert [written.get(place) for place in ((0, 0), (0, 1), (2, 2))] == [
        WHY["failed"],
        WHY["incompatible"],
        None,
    ]
    assert "blank: not measured" in _texts(figure)[1]
    (legend,) = figure.findobj(Legend)
    assert [text.get_text() for text in legend.get_texts()] == ["tried, no result"]


def test_of_one_axis_each_mechanism_is_a_row(tmp_path: Path) -> None:
    """A function over the sizes of its input: how long a call takes stands below them."""
    sample = _sample(tmp_path)
    sizes = (2**10, 2**14, 2**18)
    for size, gain in zip(sizes, (0.4, 0.8, 1.6), strict=True):
        own: dict[str, Any] = {
            "workload": "function",
            "function": "photos:resize",
            "task_ns": None,
            "overrides": "",
        }
        own |= {"payload_asked_bytes": size, "payload_bytes": size * 3, "tasks": 10}
        _add(sample, gain, model="process", takes=size / 2**10, **own)
        _add(sample, 0.7, model="thread", takes=size / 2**10, **own)
    figure = draw("breakeven", load(sample.path))
    _check(figure)
    (axes,) = _panels(figure)
    assert [text.get_text() for text in axes.get_yticklabels()] == ["thread", "process"]
    assert [text.get_text() for text in axes.get_xticklabels()] == [
        "1 KiB\n1 ms",
        "16 KiB\n16 ms",
        "256 KiB\n260 ms",
    ]
    assert axes.get_xlabel() == "payload, and how long a call takes"
    assert _texts(figure)[0].startswith("process pays from 3")
    assert _texts(figure)[0].endswith(" KiB; thread nowhere here")


def test_of_many_mechanisms_the_most_telling_are_shown(tmp_path: Path) -> None:
    """Those with a break-even first; the caption names what is left out."""
    sample = _sample(tmp_path, rounds=3)
    for place in range(14):
        for task, payload in product((MS, 10 * MS), (64, 1024)):
            gain = 1.2 if place < 12 else (0.5, 1.5)[task > MS]
            _add(sample, gain, model=f"model{place:02}", task_ns=task, payload_bytes=payload)
    lab = load(sample.path)
    figure = draw("breakeven", lab)
    _check(figure)
    shown = [axes.get_title("left") for axes in _panels(figure)]
    assert len(shown) == breakeven.MAPS
    assert shown[-2:] == ["model12", "model13"]
    rest = {f"model{place:02}" for place in range(14)} - set(shown)
    assert f"Not shown, less telling: {', '.join(sorted(rest))}" in _texts(figure)[1]


@pytest.mark.parametrize("count", [2, 3, 5, 8])
def test_maps_of_several_mechanisms_have_room(tmp_path: Path, count: int) -> None:
    """Nothing overlaps with two to eight of them."""
    sample = _sample(tmp_path, rounds=2)
    for place in range(count):
        _grid(
            sample,
            model="process",
            ipc=("queue", "pipe", "shared_memory", "manager")[place % 4],
            workers=1 + place // 4,
        )
    lab = load(sample.path)
    for name in ("breakeven", "winner"):
        _check(draw(name, lab))


def test_a_single_point_is_no_map(tmp_path: Path) -> None:
    """Nor are two workers counts."""
    sample = _sample(tmp_path, rounds=2)
    for workers in (1, 2):
        _add(sample, 1.5, model="process", workers=workers)
    lab = load(sample.path)
    for name in ("breakeven", "winner"):
        with pytest.raises(NothingToDraw, match="task=100us,1ms,10ms"):
            draw(name, lab)


@pytest.mark.parametrize("payloads", [(64,), (64, 1024)], ids=["strip", "map"])
def test_columns_are_in_the_order_of_the_lengths_they_show(tmp_path: Path, payloads: tuple[int, ...]) -> None:
    """Tasks that took three times as long as asked stand behind those that took less, and so do line and title."""
    sample = _sample(tmp_path)
    for (task, takes, gain), payload in product(((100, 3, 1.6), (200, 1, 0.8), (800, 1, 1.9)), payloads):
        _add(sample, gain, model="process", task_ns=task * US, takes=takes, payload_bytes=payload)
    lab = load(sample.path)
    figures = [draw(name, lab) for name in ("breakeven", "winner")]
    for figure, numbers in zip(
        figures, (["0.80", "1.60", "1.90"], ["serial", "A 1.60", "A 1.90"]), strict=True
    ):
        _check(figure)
        (axes,) = _panels(figure)
        assert [text.get_text() for text in axes.get_xticklabels()] == ["200 us", "300 us", "800 us"]
        assert [_written(axes)[column, 0] for column in range(3)] == numbers
    line, *_ = [
        one for one in _panels(figures[0])[0].collections if isinstance(one, ContourSet) and not one.filled
    ]
    (crossed,) = {round(x, 2) for path in line.get_paths() for x in np.asarray(path.vertices)[:, 0]}
    assert crossed == pytest.approx(np.log(0.8) / np.log(0.8 / 1.6), abs=0.02)
    titles = [_texts(figure)[0] for figure in figures]
    assert titles[0].startswith("process pays from 230 us")
    if len(payloads) == 1:
        assert titles[1] == "spin: serial up to 200 us, then process"


# --- winners


def test_winners_are_those_of_the_verdicts(lab: Lab) -> None:
    """Each cell shows the decision of its question: the mechanism with its speedup, serial, or what it may be."""
    figure = draw("winner", lab)
    _check(figure)
    (axes,) = _panels(figure)
    written, verdicts = _written(axes), lab.verdicts
    assert len(written) == len(verdicts) == len(TASKS) * len(PAYLOADS)
    for _, verdict in verdicts.iterrows():
        text = written[TASKS.index(verdict["task_ns"]), PAYLOADS.index(int(verdict["payload_asked_bytes"]))]
        if verdict["decision"] == "parallel":
            assert text.splitlines()[0] == f"A {verdict['speedup']:.2f}"
        else:
            assert text.splitlines()[0] == {"serial": "serial", "undecided": "serial?"}[verdict["decision"]]
    assert {"parallel", "serial"} <= set(verdicts["decision"])


def test_what_is_not_decided_is_grey_and_says_between_what(tmp_path: Path) -> None:
    """All share one grey, which no winner has; the legend lists what the cells name and nothing else."""
    sample = _sample(tmp_path)
    for task, payload in product((MS, 10 * MS), (64, 1024)):
        clear = task > MS
        factors: dict[str, Any] = {"task_ns": task, "payload_bytes": payload}
        sample.add_map(
            model="process", speedup=1.8 if clear else 1.1, spread=0.01 if clear else 0.6, **factors
        )
        sample.add_map(model="thread", speedup=0.8, spread=0.01, **factors)
    lab = load(sample.path)
    assert set(lab.verdicts["decision"]) == {"undecided", "parallel"}
    figure = draw("winner", lab)
    _check(figure)
    (axes,) = _panels(figure)
    (cells,) = [one for one in axes.collections if isinstance(one, QuadMesh)]
    cells.update_scalarmappable()
    colors = np.asarray(cells.get_facecolor()).reshape(2, 2, 4)
    assert (colors[:, 0] == colors[0, 0]).all()
    assert np.ptp(colors[0, 0][:3]) == 0
    assert np.ptp(colors[0, 1][:3]) > 0.3
    letters = {"process": "A", "thread": "B"}
    for row, payload in enumerate((64, 1024)):
        verdict = lab.verdicts.query(f"payload_asked_bytes == {payload} and task_ns == {MS}").iloc[0]
        between = [letters[lab.cells.loc[cell, "model"]] for cell in verdict["undecided"]]
        assert _written(axes)[0, row] == "serial?\n" + " ".join(between)
    (legend,) = figure.findobj(Legend)
    named = [text.get_text() for text in legend.get_texts()]
    assert (named[0], named[-1]) == ("A  process", "not decided between these")
    assert _texts(figure)[0] == "Best: process at 2 of 4 task lengths and payloads; 2 not decided"


def test_another_number_of_tasks_at_one_place_is_another_map(tmp_path: Path) -> None:
    """A number that follows from the task length makes none: only one that was typed."""
    sample = _sample(tmp_path, rounds=3)
    for task, payload in product((MS, 4 * MS), (64, 1024)):
        place: dict[str, Any] = {"model": "process", "task_ns": task, "payload_bytes": payload}
        _add(sample, 1.5, tasks=32 * MS // task, trial_ns=32 * MS, **place)
    _add(sample, 1.2, model="process", task_ns=MS, payload_bytes=64, tasks=500)
    lab = load(sample.path)
    for name in ("breakeven", "winner"):
        figure = draw(name, lab)
        _check(figure)
        (axes,) = _panels(figure)
        assert len(_written(axes)) == 4


def test_functions_over_their_inputs_are_rows(tmp_path: Path) -> None:
    """Two functions are never in one row; the title says up to which size each winner is best."""
    sample = _sample(tmp_path)
    for name, gains in {"photos:resize": (0.5, 1.5), "photos:blur": (0.6, 0.7)}.items():
        for size, gain in zip((2**10, 2**20), gains, strict=True):
            own: dict[str, Any] = {"workload": "function", "function": name, "task_ns": None, "overrides": ""}
            _add(sample, gain, model="process", payload_asked_bytes=size, payload_bytes=size, tasks=10, **own)
    lab = load(sample.path)
    figure = draw("winner", lab)
    _check(figure)
    (axes,) = _panels(figure)
    assert [text.get_text() for text in axes.get_yticklabels()] == ["photos:resize", "photos:blur"]
    assert _texts(figure)[0] == "photos:blur: serial; photos:resize: serial up to 1 KiB, then process"
    assert winner.frame(lab)["setting"].nunique() == 2
