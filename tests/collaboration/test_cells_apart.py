"""No two cells of a sweep look alike: in the table, in any figure, in a comparison, in a verdict."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import yaml
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from breakeven.analysis.comparing.cells import Names, cells_of
from breakeven.analysis.comparing.select import open_side
from breakeven.analysis.figures import FIGURES, NothingToDraw
from breakeven.analysis.frames.load import Lab, load
from breakeven.analysis.summary.cells import tables
from breakeven.analysis.verdicts.question import questions
from breakeven.analysis.verdicts.words import name_mechanisms
from tests.analysis_samples import MS, Sample

COLUMNS: dict[str, tuple[Any, ...]] = {
    "label": (None, "a", "b"),
    "model": ("thread", "process"),
    "start_method": (None, "spawn"),
    "ipc": ("queue", "pipe"),
    "workers": (1, 2),
    "affinity": ("none", "compact"),
    "engine": ("local", "debug"),
    "payload_asked_bytes": (1024, 2**20, 2**20 + 1),
    "payload_out_asked_bytes": (1024, 64),
    "task_ns": (MS, MS + 1),
    "tasks": (200, 100),
    "variables": ("", "A=1", "A=2"),
    "interpreter_flags": ("", "-O"),
    "interpreter": ("python3", "/other/bin/python3"),
}
"""Factors with a column of their own."""

KNOBS: dict[str, tuple[Any, ...]] = {
    "workload.kwargs.model": (None, "small", "large"),
    "workload.args": (None, [1], [2]),
    "model.chunksize": (None, 1, 4),
    "gc": ("default", "disabled"),
    "switch_interval": (None, "1ms"),
    "longest_trial": (None, "200ms"),
    "measure.max_time": ("1s", "2s"),
}
"""Those without one, which the stored configuration has."""

EXAMPLES = 8
TYPED = {"payload_asked_bytes": "payload", "payload_out_asked_bytes": "payload_out", "task_ns": "task"}
ADDED = {"workload.kwargs.model"}

ALL = COLUMNS | KNOBS
_one_of_each = {name: st.sampled_from(values) for name, values in ALL.items()}
_changes = st.lists(
    st.sampled_from(list(ALL)).flatmap(lambda name: st.tuples(st.just(name), _one_of_each[name])),
    max_size=2,
).map(dict)


def _identity(cell: dict[str, Any]) -> str:
    return repr([(name, cell[name]) for name in ALL])


@st.composite
def _sweeps(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Return cells that differ in one factor or a few."""
    base = draw(st.fixed_dictionaries(_one_of_each))
    changes = draw(st.lists(_changes, min_size=1, max_size=5))
    typed = draw(st.booleans())
    cells = [{**base, **change, "typed": typed} for change in ({}, *changes)]
    return list({_identity(cell): cell for cell in cells}.values())


def _nested(knobs: dict[str, Any]) -> dict[str, Any]:
    plain: dict[str, Any] = {}
    for name, value in knobs.items():
        *families, last = name.split(".")
        place = plain
        for family in families:
            place = place.setdefault(family, {})
        place[last] = value
    return plain


def _row(cell: dict[str, Any]) -> dict[str, Any]:
    """Return the columns of one cell, with its configuration and what was typed for it."""
    knobs = {name: cell[name] for name in KNOBS}
    columns = {name: cell[name] for name in COLUMNS}
    typed = [
        f"{'+' * (name in ADDED)}{TYPED.get(name, name)}={value}"
        for name, value in (columns | knobs).items()
        if value is not None
    ]
    variables = dict(line.split("=") for line in cell["variables"].split("\n") if line)
    if variables:
        knobs["environment"] = variables
    return columns | {
        "config": yaml.safe_dump(
            _nested({name: value for name, value in knobs.items() if value is not None})
        ),
        "overrides": "\n".join(typed) if cell["typed"] else "",
        "payload_bytes": cell["payload_asked_bytes"],
    }


def _store(folder: Path, pattern: str, cells: Sequence[dict[str, Any]], *, spans: bool = False) -> Lab:
    sample = Sample(folder, rounds=1, pairs=3)
    for number, cell in enumerate(cells):
        row = _row(cell)
        if pattern == "map":
            sample.add_map(speedup=1.0 + number / 10, spans=spans, **row)
        elif pattern == "window":
            alone = 1e4 if cell["task_ns"] == MS else 9e3  # what is asked to take longer does, if not as long
            sample.add_window(per_second=2e4 + number, serial_per_second=alone, bins=20, **row)
        else:
            del row["tasks"], row["workers"]
            sample.add_pingpong(latency_ns=1e4 * (number + 1), **row)
    return load(folder)


def _alike(frame: pd.DataFrame, names: Sequence[str], one: str = "cell_id") -> pd.DataFrame:
    """Return the rows of different cells that are equal in ``names``."""
    rows = frame.reset_index() if one not in frame else frame
    rows = rows.drop_duplicates(one)
    return rows[rows.duplicated(list(names), keep=False)]


def _places(name: str, frame: pd.DataFrame) -> Iterator[pd.DataFrame]:
    """Yield the cells of a figure that are drawn under one name at one place."""
    if name == "breakeven":
        yield _alike(frame, ["mechanism", "setting", "task_ns", "payload"])
    elif name == "winner":
        yield _alike(frame, ["mechanism", "question"])
        asked = frame.drop_duplicates("question")
        yield _alike(asked, ["setting", "subject", "task_ns", "payload"], "question")
    elif name in ("timeline", "activity"):
        yield _alike(frame, ["mechanism", *(["workers"] if name == "activity" else [])])
    elif "along" in frame and frame["along"].iloc[0] is not None:
        yield _alike(frame, ["mechanism", "setting", "length"])
    else:
        yield _alike(frame, ["mechanism", "setting"])


def _check(lab: Lab, figures: Sequence[str] = tuple(FIGURES)) -> None:
    for pattern, table in tables(lab, {}).items():
        said = table.texts[[name for name in table.factors if name in table.texts]]
        assert not said.duplicated().any(), f"{pattern}:\n{table.texts}"
    asked = list(questions(lab))
    assert len({question.text for question in asked}) == len(asked), [question.text for question in asked]
    for question in asked:
        names = name_mechanisms(question.candidates)
        assert len(set(names)) == len(names), names
    for name in figures:
        try:
            frame = FIGURES[name].frame(lab)
        except NothingToDraw:
            continue
        for alike in _places(name, frame):
            shown = [
                column for column in ("mechanism", "setting", "at", "length", *COLUMNS) if column in alike
            ]
            assert alike.empty, f"{name}:\n{alike[shown].T}"
    side = open_side("A", lab.path)
    known = cells_of(side, side)
    known = known[known["side"].eq("A")]
    names = [Names.of(known, ()).of_cell(cell) for cell in known.index]
    assert len(set(names)) == len(names), names


@settings(
    max_examples=EXAMPLES,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    report_multiple_bugs=False,
    suppress_health_check=list(HealthCheck),
)
@given(pattern=st.sampled_from(["map", "map", "window", "pingpong"]), cells=_sweeps())
def test_no_two_cells_look_alike(pattern: str, cells: list[dict[str, Any]]) -> None:
    """Whatever they differ in, and whether it was typed or chosen in a file."""
    if pattern == "pingpong":
        cells = list({_identity(cell | {"tasks": 0, "workers": 0}): cell for cell in cells}.values())
    with tempfile.TemporaryDirectory() as folder:
        _check(_store(Path(folder) / "sweep", pattern, cells))
