"""Native threads inside a task are named, with the oversubscription that they cause."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from breakeven.analysis.frames.load import Lab, load
from breakeven.analysis.summary.native_threads import NATIVE, native_threads
from tests.analysis_samples import Sample


def _lab(path: Path, cpus: float | None, workers: int) -> Lab:
    """Return a sweep of one cell whose serial trials of 200 ms kept ``cpus`` busy."""
    sample = Sample(path / "sweep", pairs=3)
    cell = sample.add_map(model="process", speedup=0.9, workers=workers)
    trials = load(sample.path).trials.drop(columns=["cell_id", "round"])
    used = None if cpus is None else (trials["wall_ns"] * cpus).round().astype("Int64")
    sample.store(
        "trials",
        cell,
        0,
        trials.assign(cpu_ns=pd.array([None] * len(trials), "Int64") if used is None else used),
    )
    return load(sample.path)


@pytest.mark.parametrize("cpus", [None, 0.02, 1.0, NATIVE])
def test_tasks_of_one_thread_are_not_remarked_upon(tmp_path: Path, cpus: float | None) -> None:
    """Whether they compute, sleep, or their CPU time is unknown."""
    assert list(native_threads(_lab(tmp_path, cpus, 4))) == []


def test_oversubscription_is_named_with_its_remedy(tmp_path: Path) -> None:
    """With workers, CPUs of one task, and the CPUs there are."""
    assert list(native_threads(_lab(tmp_path, 1.9, 4))) == [
        (
            "a task alone keeps 1.9 CPUs busy in 1 of 1 cells: native threads (BLAS, OpenMP, ...) compute beside its own, "
            "which the figure overhead shows as off CPU; oversubscribed: 4 workers x 1.9 CPUs on 2 (process): "
            "environment.OPENBLAS_NUM_THREADS=1 or environment.OMP_NUM_THREADS=1 leaves each worker one"
        )
    ]


def test_enough_cpus_are_not_called_oversubscribed(tmp_path: Path) -> None:
    """One worker may use all CPUs."""
    (said,) = native_threads(_lab(tmp_path, 1.9, 1))
    assert "oversubscribed" not in said


def test_a_busy_machine_does_not_hide_native_threads(tmp_path: Path) -> None:
    """The time that the thread waited for a CPU is not time in which it could have used one."""
    sample = Sample(tmp_path / "sweep", pairs=3)
    cell = sample.add_map(model="process", speedup=0.9, workers=1)
    trials = load(sample.path).trials.drop(columns=["cell_id", "round"])
    wall = trials["wall_ns"]
    sample.store("trials", cell, 0, trials.assign(cpu_ns=wall, run_delay_ns=wall // 2))
    (said,) = native_threads(load(sample.path))
    assert said.startswith("a task alone keeps 2.0 CPUs busy")
