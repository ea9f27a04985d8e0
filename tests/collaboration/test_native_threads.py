"""Native threads inside a task are found, named, and told from waiting, with the oversubscription that they cause."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from breakeven.analysis.figures import overhead, phases
from breakeven.analysis.frames.budget import Budget, sum_phases
from breakeven.analysis.frames.load import Lab, load
from breakeven.analysis.frames.slowed import BUSY
from breakeven.analysis.summary.native_threads import native_threads
from tests.analysis_samples import TRACED_NS, Sample
from tests.collaboration.host_runs import execute, function, write_module

USER = """
import threading

import numpy

def make(size):
    return numpy.ones((200, 200))

def multiply(matrix):
    product = matrix
    for _ in range(10):
        product = matrix @ product / 200
    return float(product[0, 0])

def own_thread(matrix):
    thread = threading.Thread(target=sum, args=(range(200_000),))
    thread.start()
    thread.join()
    return 1.0
"""
PLAIN = """
def make(size):
    return bytes(size)

def one_thread(unused):
    return float(sum(range(20_000)))
"""
OK = {"native_libraries": "openblas, gomp", "native_threads": 3}


def _lab(path: Path, cpus: float | None, workers: int, **run: Any) -> Lab:
    """Return a sweep of one cell whose serial trials kept ``cpus`` busy."""
    sample = Sample(path / "sweep", pairs=3, common=run)
    sample.add_map(model="process", speedup=0.9, workers=workers)
    lab = load(sample.path)
    lab.runs["cpus_alone"] = cpus
    return lab


@pytest.mark.parametrize("cpus", [None, 0.02, 1.0, BUSY])
def test_tasks_of_one_thread_are_not_remarked_upon(tmp_path: Path, cpus: float | None) -> None:
    """Whether they compute, sleep, or their CPU time is unknown."""
    assert list(native_threads(_lab(tmp_path, cpus, 4))) == []


@pytest.mark.parametrize(
    ("run", "threads", "remedy"),
    [
        (
            {},
            "native threads (BLAS, OpenMP, ...)",
            "environment.OPENBLAS_NUM_THREADS=1 or environment.OMP_NUM_THREADS=1",
        ),
        (
            OK,
            "3 native threads a process (openblas, gomp)",
            "environment.OPENBLAS_NUM_THREADS=1 environment.OMP_NUM_THREADS=1",
        ),
        (
            OK | {"native_threads": 1},
            "1 native thread a process (openblas, gomp)",
            "environment.OPENBLAS_NUM_THREADS=1 environment.OMP_NUM_THREADS=1",
        ),
    ],
)
def test_oversubscription_is_named_with_its_remedy(
    tmp_path: Path, run: dict[str, Any], threads: str, remedy: str
) -> None:
    """With workers, CPUs of one task, and the CPUs there are; number and libraries of the threads if known."""
    said, over = native_threads(_lab(tmp_path, 1.9, 4, **run))
    assert said.text == (
        f"in 1 of 1 cell a task alone keeps 1.9 CPUs busy: {threads} compute{'s' * ('1 ' in threads)} beside its own; "
        f"oversubscribed in 1 of 1 cell, most with 4 workers x 1.9 CPUs on 2 (process): {remedy} leaves each worker one thread"
    )
    assert (said.flag, over.flag, over.text) == ("n", "o", "")
    assert said.cells == over.cells != frozenset()


def test_threads_of_the_function_itself_are_not_called_native(tmp_path: Path) -> None:
    """Without a native thread or library they are the function's, and no variable limits them."""
    said, _ = native_threads(_lab(tmp_path, 1.9, 4, native_threads=0))
    assert said.text == (
        "in 1 of 1 cell a task alone keeps 1.9 CPUs busy: threads that the function starts compute beside its own; "
        "oversubscribed in 1 of 1 cell, most with 4 workers x 1.9 CPUs on 2 (process)"
    )


def test_enough_cpus_are_not_called_oversubscribed(tmp_path: Path) -> None:
    """One worker may use all CPUs."""
    said, over = native_threads(_lab(tmp_path, 1.9, 1))
    assert "oversubscribed" not in said.text
    assert over.cells == frozenset()


@pytest.mark.parametrize("share", [0.0, 0.4, 3.0])
def test_waiting_for_other_threads_is_part_of_compute(tmp_path: Path, share: float) -> None:
    """Of the time off CPU, other threads account for what they used and no more; the phases stay a partition."""
    sample = Sample(tmp_path / "sweep", pairs=3)
    cell = sample.add_map(model="thread", speedup=0.9, workers=4, spans=True)
    trials = load(sample.path).trials.drop(columns=["cell_id", "round"])
    sample.store("trials", cell, 0, trials.assign(other_cpu_ns=round(share * TRACED_NS)))
    lab = load(sample.path)
    shares = overhead.frame(lab).set_index("phase")["share"]
    off = 0.75  # of four threads with one GIL
    expected = min(share / 4, off)
    assert shares.sum() == pytest.approx(1)
    assert shares.get(phases.OTHERS, 0) == pytest.approx(expected, abs=0.04)
    assert shares.get(phases.OFF_CPU, 0) == pytest.approx(off - expected, abs=0.06)
    budget = Budget()(sum_phases(lab)).set_index("phase")
    assert (budget["on_cpu_ns"] + budget["others_ns"] <= budget["ns"] + 1e-6).all()


def _shares(path: Path, target: str, text: str = USER, **changes: Any) -> tuple[Any, float, float]:
    """Return a run's row, and the CPUs that its serial trials' own thread and the others' kept busy."""
    make = function(target, make_input="mine:make") | {"payload_bytes": 1024, "tasks": 8}
    outcome = execute(write_module(path / target, text), **make | changes)
    assert outcome.row["reason"] is None
    serial = outcome.tables["trials"].to_pandas().query("kind == 'serial'")
    used = serial["cpu_ns"].sum()
    return outcome.row, used, serial["other_cpu_ns"].sum() / used


@pytest.mark.parametrize("model", ["thread", "process"])
def test_blas_is_seen_under_threads_and_processes(tmp_path: Path, model: str) -> None:
    """A product of matrices keeps a native thread of OpenBLAS busy, which a plain function does not have."""
    start: dict[str, Any] = {"model": model, "start_method": "fork" if model == "process" else None}
    row, _, share = _shares(tmp_path, "multiply", **start)
    assert "openblas" in row["native_libraries"]
    if row["cpu_count"] > 1:
        assert row["native_threads"] >= 1
        assert share > 0.1
    # without numpy: the threads of OpenBLAS are busy waiting for a while after its import
    _, used, share = _shares(tmp_path, "one_thread", PLAIN, **start)
    assert used > 0
    assert share < 0.1


def test_a_thread_that_the_function_starts_is_seen(tmp_path: Path) -> None:
    """The worker's own thread waits for it, so that nearly all CPU time is another's."""
    _, _, share = _shares(tmp_path, "own_thread", model="thread", start_method=None)
    assert share > 0.5
