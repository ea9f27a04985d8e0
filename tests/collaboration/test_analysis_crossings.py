"""Crossings from a stored bisection: what they say, as data, and that they follow from the files alone."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import breakeven
from breakeven.analysis.advice import crossing_lines, crossings, write_crossings
from breakeven.analysis.errors import ResultsDamaged
from breakeven.analysis.frames.load import load
from tests.analysis_samples import Sample

LENGTHS = (50_000, 100_000, 150_000, 190_000, 210_000, 300_000, 500_000, 1_000_000)
CROSSES_NS = 200_000


def stored(path: Path, **rule: Any) -> Path:
    """Store a bisection of two processes that pay from 200 us on, with two runs at each length."""
    sample = Sample(path, rounds=2)
    cells = [
        sample.add_map(
            speedup=1 / (0.5 + 0.5 * CROSSES_NS / length), model="process", workers=2, task_ns=length
        )
        for length in LENGTHS
    ]
    line = {
        "name": "spin 1KiB process/queue x2",
        "factor": 1.25,
        "most": 40,
        "larger_pays": True,
        "positions": list(LENGTHS),
        "cell_ids": cells,
    }
    text = {"search": "bisect", "along": "task", "low": 50_000, "high": 1_000_000, "seed": 1, "lines": [line]}
    (path / "search.json").write_text(json.dumps(text | rule))
    return path


@pytest.fixture
def bisection(tmp_path: Path) -> Path:
    """Return a decided bisection."""
    return stored(tmp_path / "bisection")


def test_it_says_from_where_it_pays(bisection: Path) -> None:
    """With the bracket, in a sentence for each line."""
    found = crossings(load(bisection))
    assert found is not None
    (one,) = found
    assert one.found.low < CROSSES_NS < one.found.high
    assert one.found.high / one.found.low < 1.26
    (sentence,) = crossing_lines(found, 200)
    assert sentence.startswith("two processes over a queue at 1 KiB: pay from 2")
    assert sentence.endswith("16 runs")


def test_a_notebook_has_the_lines_as_a_frame(bisection: Path, tmp_path: Path) -> None:
    """The same as the Parquet file; of a sweep that was no bisection there are the columns alone."""
    write_crossings(load(bisection))
    written = pd.read_parquet(bisection / "crossings.parquet")
    pd.testing.assert_frame_equal(breakeven.load(bisection).crossings, written, check_dtype=False)
    assert list(written["found"]) == ["crosses"]
    Sample(tmp_path / "grid").add_map(speedup=1.5, model="thread", workers=2)
    lab = breakeven.load(tmp_path / "grid")
    assert lab.crossings.empty
    assert list(lab.crossings) == list(written)
    assert breakeven.load(bisection).advice.empty


@pytest.mark.parametrize(
    ("rule", "why"),
    [
        ({"lines": [{}]}, "no 'name'"),
        ({"lines": 3}, "'int' object is not iterable"),
        ({"low": "x"}, "could not convert string to float: 'x'"),
    ],
)
def test_a_damaged_rule_is_one_line(tmp_path: Path, rule: dict[str, Any], why: str) -> None:
    """It does not take a bisection for a race: the command that was typed writes either anew."""
    path = stored(tmp_path / "mine", **rule)
    with pytest.raises(ResultsDamaged) as caught:
        crossings(load(path))
    assert str(caught.value) == (
        f"{path}/search.json cannot be read ({why}); type the sweep's command again with sweep=mine, "
        "which writes the file anew and resumes"
    )
