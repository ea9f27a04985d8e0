"""Figures are what gets passed on alone: each says itself what disturbed it, and names and counts what it shows."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from breakeven.analysis.figures import FIGURES, NothingToDraw, draw, overhead
from breakeven.analysis.figures.phases import ON_CPU
from breakeven.analysis.frames.load import Lab, load
from tests.analysis_samples import Sample, build_richer
from tests.collaboration.test_analysis_advice import stored as store_race
from tests.collaboration.test_analysis_crossings import stored as store_bisection
from tests.collaboration.test_streamed import ALIKE, APART
from tests.collaboration.test_streamed import _sweep as send_messages
from tests.observed_samples import add_heartbeat, add_switching, ticking

OF_MEMORY = "memory"
"""The figure of what other programs take nothing of."""


def _ticks(path: Path) -> Path:
    sample = ticking(path)
    for model, late in (("thread", 40.0), ("process", 1.0)):
        add_heartbeat(sample, [late, late * 1.1], [0.1, 0.1], model=model)
    return sample.path


def _switches(path: Path) -> Path:
    sample = Sample(path, pairs=2)
    for interval in (1e6, 5e6):
        add_switching(sample, interval, [interval, interval * 1.1], model="thread")
    return sample.path


def _stream(path: Path) -> Path:
    return send_messages(path, {"pipe": APART, "queue": ALIKE}).path


SWEEPS: dict[str, Callable[[Path], Path]] = {
    "rich": build_richer,
    "ticks": _ticks,
    "switches": _switches,
    "stream": _stream,
    "race": lambda path: store_race(path, {("process_pool", 2): (1.8, 4), ("thread_pool", 2): (0.9, 2)}),
    "bisection": store_bisection,
}


def _disturb(lab: Lab, share: int) -> Lab:
    return lab.replace(runs=lab.runs.assign(n_trials=100, n_disturbed=share))


def _draw_all(lab: Lab) -> dict[str, Figure]:
    found = {}
    for name in FIGURES:
        try:
            found[name] = draw(name, lab)
        except NothingToDraw:
            continue
    return found


@pytest.fixture(scope="module")
def labs(tmp_path_factory: pytest.TempPathFactory) -> list[Lab]:
    """Return sweeps of which every figure can be drawn."""
    return [load(build(tmp_path_factory.mktemp(name) / name)) for name, build in SWEEPS.items()]


def _caption(figure: Figure) -> str:
    return " ".join(figure.get_supxlabel().split())


def test_every_figure_of_times_says_that_trials_were_disturbed(labs: list[Lab]) -> None:
    """In its caption; and none does of a sweep that nothing disturbed."""
    disturbed = [found for lab in labs for found in _draw_all(_disturb(lab, 97)).items()]
    assert {name for name, _ in disturbed} == set(FIGURES)
    for name, figure in disturbed:
        said = "up to 97% of a cell's pairs of trials disturbed" in _caption(figure)
        counted = re.search(r"\d+ of \d+ cells disturbed", _caption(figure))  # on maps
        assert (said or counted is not None) == (name != OF_MEMORY), (name, _caption(figure))
    quiet = [_caption(figure) for lab in labs for figure in _draw_all(_disturb(lab, 0)).values()]
    assert not [caption for caption in quiet if "disturbed" in caption]


def test_a_caption_counts_processes_of_what_it_names(tmp_path: Path, labs: list[Lab]) -> None:
    """A cell has as many as it was measured in; a row that stands for several cells has those of all."""
    for lab in labs:
        most = int(lab.runs.groupby("cell_id").size().max())
        for name, figure in _draw_all(lab).items():
            counts = re.findall(r"(\d+) processes a cell", _caption(figure))
            assert all(int(count) <= most for count in counts), (name, _caption(figure))
    sample = Sample(tmp_path / "tasks", rounds=3)
    for ipc in ("queue", "pipe"):
        for tasks in (100, 200):
            sample.add_map(speedup=1.0, model="process", ipc=ipc, tasks=tasks)
    for name in ("startup", "channels"):
        caption = _caption(draw(name, load(sample.path)))
        assert caption.startswith("up to 2 cells a row · 95 % intervals over 6 processes a row")


def test_a_row_of_several_cells_has_their_most_disturbed(tmp_path: Path) -> None:
    """Not the share of the first of them."""
    sample = Sample(tmp_path / "tasks", rounds=2)
    for model in ("thread", "process"):
        for tasks in (100, 200):
            sample.add_map(speedup=1.0, model=model, tasks=tasks)
    lab = load(sample.path)
    few = lab.runs["tasks"].eq(100)
    for first in (few, ~few):
        counted = lab.replace(runs=lab.runs.assign(n_trials=100, n_disturbed=80 * first.astype("int64")))
        assert "up to 80% of a cell's pairs of trials disturbed" in _caption(draw("startup", counted))


@pytest.mark.parametrize(
    ("chosen", "process"), [({}, "process/queue"), ({"facet": "model"}, "process, pickle5")]
)
def test_a_panel_of_the_timeline_names_its_cell(tmp_path: Path, chosen: dict[str, str], process: str) -> None:
    """By all that it needs to be found among the cells of the sweep, though no other panel shows such a cell."""
    sample = Sample(tmp_path / "channels")
    for model, ipc in (
        ("process", "pipe"),
        ("process", "queue"),
        ("process", "pickle5"),
        ("thread_pool", "native"),
    ):
        sample.add_map(speedup=1.5, model=model, ipc=ipc, spans=True)
    figure = draw("timeline", load(sample.path), **chosen)
    titles = [" ".join(axes.get_title(loc="left").split()) for axes in figure.findobj(Axes)]
    panels = [title for title in titles if title and not title.startswith("on CPU")]
    assert sorted(panels) == [f"{process}, GIL on", "thread_pool, GIL on"]
    assert f"with {process}" in " ".join(figure.get_suptitle().split())


@given(
    st.dictionaries(st.sampled_from(sorted(overhead.HANDLES)), st.integers(1, 25), min_size=1), st.booleans()
)
def test_the_title_gives_the_parent_what_its_bar_shows(shares: dict[str, int], waiting: bool) -> None:
    """All of its messages, and the phase that is the longest piece; nothing of a parent that is hardly busy."""
    rest = {"wait": 100 - sum(shares.values())}
    lanes = {
        overhead.PARENT: shares | rest,
        overhead.WORKERS: {"wait" if waiting else "send": 60, ON_CPU: 40},
    }
    rows = [
        {"lane": lane, "phase": phase, "share": share / 100, "ns": float(share)}
        for lane, parts in lanes.items()
        for phase, share in parts.items()
    ]
    frame = pd.DataFrame(rows).assign(mechanism="process", setting="", model="process", workers=2)
    title = overhead._title(frame)
    said = re.search(r"the parent handles messages for (\d+)%, most to (\w+)$", title)
    busy = sum(share for phase, share in shares.items() if waiting or phase != "send")
    assert (said is not None) == (busy >= 25)
    if said:
        assert int(said[1]) == sum(shares.values())
        words = {"pickle": "serialize", "unpickle": "deserialize"}
        assert shares[words.get(said[2], said[2])] == max(shares.values())
