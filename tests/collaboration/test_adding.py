"""Sums over all spans of a sweep: those that adding row by row gives, of the columns and row groups that are needed alone."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from breakeven.analysis.errors import ResultsDamaged
from breakeven.analysis.frames import adding
from breakeven.analysis.frames.adding import add_up
from breakeven.analysis.frames.files import open_table, to_frame
from breakeven.analysis.frames.load import load
from breakeven.base.schema import TABLES
from breakeven.runner.store import Sweep, compacted
from tests.stored import commit

BY = ["cell_id", "round", "trial", "worker", "phase"]
SUMS = ["duration_ns", "on_cpu_ns"]
PHASES = ["compute", "wait", "send"]


def _fill(sweep: Sweep, seed: int, runs: int) -> None:
    """Store runs with up to 300 spans each, some without CPU time."""
    chance = np.random.default_rng(seed)
    for number in range(runs):
        key = {"cell_id": f"{number % 3:02x}", "round": number // 3}
        count = int(chance.integers(1, 300))
        spans: dict[str, Any] = {name: [value] * count for name, value in key.items()}
        spans |= {name: chance.integers(-1, 3, count).tolist() for name in ("trial", "worker")}
        spans["phase"] = (
            pa.array(chance.choice(PHASES, count))
            .dictionary_encode()
            .cast(TABLES["spans"].field("phase").type)
        )
        spans["duration_ns"] = chance.integers(0, 2**40, count).tolist()
        spans["on_cpu_ns"] = [
            None if odd else value
            for value, odd in zip(spans["duration_ns"], chance.integers(0, 2, count), strict=True)
        ]
        commit(sweep, key | {"status": "ok"}, spans=spans)


def _by_hand(sweep: Sweep) -> pd.DataFrame:
    spans = pd.read_parquet(sweep.table("spans"))
    return spans.astype({"phase": "str", "cell_id": "str"}).groupby(BY)[SUMS].sum().reset_index()


def _added(sweep: Sweep) -> pd.DataFrame:
    sums = to_frame(add_up(open_table(sweep.path, "spans"), BY, SUMS))
    sums = sums.astype({"phase": "str", "cell_id": "str"})
    return sums.fillna({"on_cpu_ns": 0}).sort_values(BY, ignore_index=True)


@settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    phases=(Phase.explicit, Phase.generate),
)
@given(
    runs=st.tuples(st.integers(0, 2**32 - 1), st.integers(1, 8)),
    rows=st.integers(1, 2000),
    merged=st.booleans(),
)
def test_sums_are_those_of_all_rows(
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
    runs: tuple[int, int],
    rows: int,
    merged: bool,
) -> None:
    """However the rows lie in files and row groups, to the last ns."""
    sweep = Sweep(tmp_path_factory.mktemp("sums"))
    sweep.create()
    _fill(sweep, *runs)
    expected = _by_hand(sweep)
    monkeypatch.setattr(adding, "_ROWS", rows)
    monkeypatch.setattr(compacted, "GROUP_ROWS", rows)
    if merged:
        sweep.compact(lambda _: None)
    pd.testing.assert_frame_equal(_added(sweep), expected, check_dtype=False, check_exact=True)


def test_a_sweep_without_spans_has_no_sums(sweep: Sweep) -> None:
    """No file, no row."""
    assert add_up(open_table(sweep.path, "spans"), BY, SUMS).num_rows == 0


def test_sums_that_were_begun_are_those_that_are_asked_for(sweep: Sweep) -> None:
    """In the background, and of no other rows."""
    _fill(sweep, 5, 8)
    begun, fresh = load(sweep.path), load(sweep.path)
    begun.begin_to_add_up("spans", BY, SUMS)
    found, expected = (
        to_frame(lab.add_up("spans", BY, SUMS)).sort_values(BY, ignore_index=True) for lab in (begun, fresh)
    )
    pd.testing.assert_frame_equal(found, expected)


def test_damage_is_reported_by_what_asks_for_the_sums(sweep: Sweep) -> None:
    """Not by what begins with them, which nobody may need."""
    _fill(sweep, 5, 8)
    file = next(sweep.table("spans").glob("*.parquet"))
    file.write_bytes(file.read_bytes()[:-20])
    lab = load(sweep.path)
    lab.begin_to_add_up("spans", BY, SUMS)
    with pytest.raises(ResultsDamaged, match=f"^{file} is truncated or damaged"):
        lab.add_up("spans", BY, SUMS)


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[tuple[list[int], list[str]]]:
    """Return the row groups and columns that are read, call by call."""
    found = list[tuple[list[int], list[str]]]()
    original = adding._read

    def count(path: str, groups: list[int], columns: list[str]) -> pa.Table:
        found.append((groups, columns))
        return original(path, groups, columns)

    monkeypatch.setattr(adding, "_read", count)
    return found


def test_each_row_group_is_read_once_and_of_it_what_is_asked(
    sweep: Sweep, monkeypatch: pytest.MonkeyPatch, read: list[tuple[list[int], list[str]]]
) -> None:
    """Neither start nor thread of a span leaves the disk, and no more than a row group is held by a thread."""
    monkeypatch.setattr(compacted, "GROUP_ROWS", 200)
    monkeypatch.setattr(adding, "_ROWS", 200)
    _fill(sweep, 7, 8)
    sweep.compact(lambda _: None)
    _added(sweep)
    groups = [group for part, _ in read for group in part]
    assert sorted(groups) == list(range(len(groups)))
    assert len(groups) > 2
    assert all(len(part) == 1 and columns == [*BY, *SUMS] for part, columns in read)


def test_a_summary_needs_nothing_that_draws() -> None:
    """Neither matplotlib nor seaborn, and of SciPy no statistics: they take longer to import than ten million spans to sum."""
    code = "import sys, breakeven.analysis.show; print(*[name for name in ('matplotlib', 'seaborn', 'scipy.stats', 'duckdb') if name in sys.modules])"
    said = subprocess.run(
        [sys.executable, "-c", code],
        check=True,
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[2],
    )
    assert said.stdout.strip() == ""
