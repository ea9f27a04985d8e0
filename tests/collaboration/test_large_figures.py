"""Figures of sweeps with hundreds of cells: reduced to what can be read, with a note of what is left out."""

from __future__ import annotations

import warnings
from itertools import combinations, product
from typing import Any

import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.legend import Legend
from matplotlib.text import Text

from breakeven.analysis.figures import Context, draw, overhead
from breakeven.analysis.figures.phases import ON_CPU
from breakeven.analysis.figures.texts import LINES
from breakeven.analysis.frames.load import load
from tests.analysis_samples import MS, Sample

HIGHEST = 14.0
"""Inches: what still fits a screen if it is scaled down by half."""

COUNT = 40


def _texts(figure: Figure) -> list[str]:
    return [text.get_text() for text in figure.findobj(Text) if text.get_text()]


def _said(figure: Figure) -> str:
    return " ".join(" ".join(_texts(figure)).split())


def test_many_strips_are_reduced(sample: Sample) -> None:
    """Of a break-even figure and of the winners' map; both say what they leave out, and no title grows without end."""
    sample.common = {"overrides": ""}
    sample.pairs = 3
    for task, size in product((MS, 10 * MS), range(COUNT)):
        knobs = f"model: {{chunksize: {size}}}"
        sample.add_map(model="process_pool", task_ns=task, tasks=20, config=knobs, speedup=0.5 + size / COUNT)
    lab = load(sample.path)
    for name in ("breakeven", "winner", "scaling"):
        figure = draw(name, lab)
        assert figure.get_size_inches()[1] <= HIGHEST, name
        assert len(figure.get_suptitle()) < 250
    assert f"and {COUNT - 8 - 3} more" in _said(draw("breakeven", lab))
    assert f"of {COUNT} settings shown" in _said(draw("scaling", lab))
    assert f"+{COUNT - 3}" in _said(draw("winner", lab))


def test_many_bars_are_reduced() -> None:
    """Those whose workers compute most, and the one that computes least, of which the title speaks."""
    rows = [
        {
            "cell_id": f"{place}",
            "mechanism": f"process/{place}",
            "setting": "",
            "model": "process",
            "workers": 2,
            "lane": overhead.WORKERS,
            "phase": phase,
            "share": share,
            "ns": 1000 * share,
            "trials": 1,
            "pairs_disturbed": 0.0,
        }
        for place in range(COUNT)
        for phase, share in ((ON_CPU, 1 - place / COUNT), ("idle", place / COUNT))
    ]
    figure = overhead.draw(pd.DataFrame(rows), Context("a machine", 2, ()))
    said = _said(figure)
    assert figure.get_size_inches()[1] <= HIGHEST
    assert f"24 of {COUNT} mechanisms" in said
    assert "process/0" in said
    assert f"least with process/{COUNT - 1}" in said


def test_no_panel_of_overhead_is_empty(sample: Sample) -> None:
    """A setting with many mechanisms does not push out those of the others, which it does not have."""
    many = [("process", ipc) for ipc in ("pipe", "simple_queue", "shared_memory", "os_pipe", "tcp")]
    for model, ipc in [*many, ("process_pool", "native"), ("mp_pool", "native")]:
        sample.add_map(model=model, ipc=ipc, spans=True, speedup=1.9)
    for payload in range(5):
        sample.add_map(model="thread", payload_bytes=2048 * (payload + 1), spans=True, speedup=0.9)
    figure = draw("overhead", load(sample.path))
    panels = [axes for axes in figure.axes if axes.get_xlabel()]
    assert len(panels) == 12
    assert all(axes.patches for axes in panels)
    assert "9 of 12 bars" in _said(figure)


LONG = "an experiment with a long descriptive label " * 8


@pytest.mark.parametrize(
    ("name", "cells"),
    [
        ("scaling", ({"workers": 2},)),
        ("scaling", ({"workers": 2}, {"workers": 4})),
        ("scaling", ({"task_ns": MS}, {"task_ns": 4 * MS})),
        ("breakeven", ({"task_ns": MS}, {"task_ns": 4 * MS})),
        ("winner", ({"task_ns": MS}, {"task_ns": 4 * MS})),
        ("overhead", ({"workers": 2, "spans": True},)),
    ],
)
def test_long_labels_leave_room_for_the_axes(
    sample: Sample, name: str, cells: tuple[dict[str, Any], ...]
) -> None:
    """They are cut in the middle, panels stay as high as a few lines, and nothing lies over anything else."""
    for label, model, factors in product((f"{LONG}one", f"{LONG}two"), ("thread", "process"), cells):
        sample.add_map(model=model, label=label, speedup=1.2, **factors)
    figure = draw(name, load(sample.path))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        figure.draw_without_rendering()
    panels = [axes for axes in figure.findobj(Axes) if isinstance(axes, Axes) and axes.get_xticklabels()]
    around = [
        text
        for text in figure.findobj(Text)
        if isinstance(text, Text) and text.get_text() in {figure.get_suptitle(), figure.get_supxlabel()}
    ]
    found = [artist.get_tightbbox() for artist in (*panels, *around, *figure.findobj(Legend))]
    boxes = [box for box in found if box is not None]
    assert not any(one.padded(-2).overlaps(other) for one, other in combinations(boxes, 2))
    assert all(axes.bbox.height >= 0.5 * figure.dpi for axes in panels)
    assert figure.get_size_inches()[1] <= HIGHEST
    assert figure.get_size_inches()[0] <= HIGHEST * 1.2
    assert figure.get_suptitle().count("\n") < LINES
