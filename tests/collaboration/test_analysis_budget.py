"""Budgets from stored spans: they close, and a phase that is lost shows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from breakeven.analysis.figures import overhead, phases
from breakeven.analysis.frames.budget import PHASES, Budget, sum_phases
from breakeven.analysis.frames.load import Lab, load
from tests.analysis_samples import TRACED_NS, Sample

CELL: dict[str, Any] = {"workers": 4, "spans": True}


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Lab:
    """Return a sweep of threads and processes, two rounds each, traced."""
    sample = Sample(tmp_path_factory.mktemp("outputs") / "sweep", rounds=2, pairs=3)
    sample.add_map(model="thread", speedup=0.97, **CELL)
    sample.add_map(model="process", speedup=1.9, **CELL)
    return load(sample.path)


def _shares_of_the_time(sums: pd.DataFrame) -> np.ndarray:
    """Return what all phases of a trial come to, as a share of workers x wall time, one for each trial."""
    trials = sums.groupby(["cell_id", "round", "trial"]).agg(
        ns=("duration_ns", "sum"), wall_ns=("wall_ns", "first"), workers=("workers", "first")
    )
    assert (trials["wall_ns"] * trials["workers"] == 4 * TRACED_NS).all()
    return (trials["ns"] / (trials["wall_ns"] * trials["workers"])).to_numpy()


def test_the_budget_closes(lab: Lab) -> None:
    """All phases of all workers sum to workers x wall time, in every traced trial."""
    shares = _shares_of_the_time(sum_phases(lab))
    assert len(shares) == 4
    assert abs(shares - 1).max() < 1e-9


def test_a_budget_with_a_hole_does_not_close(lab: Lab) -> None:
    """A lost phase is missing from the sum, to its size."""
    sums = sum_phases(lab)
    lost = sums.loc[sums["phase"].eq("compute")].groupby(["cell_id", "round"])["duration_ns"].sum().to_numpy()
    assert (lost > 0).all()
    assert _shares_of_the_time(sums[sums["phase"].ne("compute")]) == pytest.approx(1 - lost / (4 * TRACED_NS))


def test_only_workers_in_traced_trials_that_count(tmp_path: Path) -> None:
    """The parent's spans, start-up, and spans of other trials are left out."""
    sample = Sample(tmp_path / "sweep", pairs=3)
    cell = sample.add_map(model="process", speedup=1.9, **CELL)
    spans = load(sample.path).spans().drop(columns=["cell_id", "round"])
    other = [spans.head(5).assign(worker=-1), spans.head(5).assign(trial=-1), spans.head(5).assign(trial=0)]
    sample.write_spans(cell, 0, pd.concat([spans, *other]).astype({"phase": "str"}))
    assert sum_phases(load(sample.path))["duration_ns"].sum() == spans["duration_ns"].sum()


def test_shares_and_times_per_task(lab: Lab) -> None:
    """Shares sum to one; time per task times tasks is the workers' time; per trial it is workers x wall."""
    sums = sum_phases(lab)
    budget = Budget()(sums)
    assert budget.groupby("cell_id")["share"].sum().to_numpy() == pytest.approx([1, 1])
    tasks = sums.drop_duplicates(["cell_id", "round"]).groupby("cell_id")["tasks"].sum()
    worker_time = budget.groupby("cell_id")["ns"].sum() * tasks
    assert worker_time.to_numpy() == pytest.approx([2 * 4 * TRACED_NS] * 2)
    per_trial = Budget(per="trial")(sums)
    assert per_trial.groupby("cell_id")["ns"].sum().to_numpy() == pytest.approx([4 * TRACED_NS] * 2)
    assert set(budget["phase"]) <= set(PHASES)
    assert (budget["trials"] == 2).all()


def test_threads_wait_within_their_tasks_and_the_budget_shows_it(lab: Lab) -> None:
    """One of four threads computes at a time: three quarters of compute are off the CPU."""
    shares = overhead.frame(lab).pivot_table(index="mechanism", columns="phase", values="share")
    assert shares.loc["thread", phases.OFF_CPU] == pytest.approx(0.75, abs=0.03)
    assert shares.loc["process", phases.OFF_CPU] == pytest.approx(0.5, abs=0.03)
    assert shares.sum(axis=1).to_numpy() == pytest.approx([1, 1])


def test_no_spans_no_budget(tmp_path: Path) -> None:
    """Without spans the sums are empty, not an error."""
    sample = Sample(tmp_path / "sweep", pairs=3)
    sample.add_map(model="process", speedup=1.9)
    assert sum_phases(load(sample.path)).empty


def test_the_parents_lane_is_shown_beside_the_workers(tmp_path: Path) -> None:
    """A parent that pickles for two fifths of its time shows that, takes its time once, and is named if workers wait."""
    sample = Sample(tmp_path / "sweep", pairs=3)
    cell = sample.add_map(model="process", speedup=1.9, **CELL)
    spans = load(sample.path).spans().drop(columns=["cell_id", "round"]).astype({"phase": "str"})
    parts = {"serialize": 40, "wait": 60}
    parent = spans.head(2).assign(
        worker=-1, phase=list(parts), duration_ns=[TRACED_NS // 100 * part for part in parts.values()]
    )
    waiting = spans.assign(phase=spans["phase"].replace("compute", "wait"))
    sample.write_spans(cell, 0, pd.concat([waiting, parent]))
    frame = overhead.frame(load(sample.path))
    shares = frame.set_index(["lane", "phase"])["share"]
    assert shares[overhead.PARENT].to_dict() == pytest.approx({"serialize": 0.4, "wait": 0.6})
    times = frame.groupby("lane")["ns"].sum()
    assert times[overhead.WORKERS] == pytest.approx(4 * times[overhead.PARENT])
    assert ", the parent handles messages for 40%, most to pickle" in overhead._title(frame)
