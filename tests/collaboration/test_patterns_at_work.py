"""Patterns with workers: both kinds of trial do the same work, what is wrong is found, and tasks take the time asked for."""

from __future__ import annotations

import time
from typing import Any

import pytest

from breakeven.runner.cell import patterns, workloads
from breakeven.runner.cell.errors import WrongResult
from breakeven.runner.cell.patterns import window
from breakeven.runner.cell.patterns._abc import Knobs, Pattern
from breakeven.runner.cell.reference import Reference
from breakeven.runner.cell.workloads._abc import Task, Workload
from breakeven.runner.cell.workloads._resources import DISK
from tests.crews import SMALL, THREADS, Mechanism, StartCrew, small_workload
from tests.options import options_of
from tests.patience import wait_for

OPTIONS: dict[str, dict[str, Any]] = {
    "window": {"bin": 10_000_000},
    "stream": {"in_flight": 4},
    "scatter": {"split": "dynamic", "chunk": 2, "skew": "mild"},
    "heartbeat": {"hz": 60},
    "switching": {"gap": 20_000},
}


RECHECKED = [name for name in patterns.REGISTRY if not patterns.load(name).EQUIPPED]
"""The patterns whose results are those of serial calls; what must hold in others is in tests of their own."""


KEEPS_TIME = [
    name
    for name in workloads.REGISTRY
    if workloads.load(name).LENGTH and DISK not in workloads.load(name).BOUND
]


MATRICES: dict[str, Any] = {
    "side": 64
}  # so small that the library starts no threads, which a busy machine keeps waiting


KNOBS = Knobs(workers=2, tasks=10, window_ns=200_000_000)  # long beside a time slice of a busy machine


@pytest.fixture
def mechanism() -> Mechanism:
    """Return what joins the workers that a pattern is shown with; each mechanism has a contract of its own."""
    return THREADS


def _pattern(name: str) -> Pattern:
    return patterns.load(name)(options_of("pattern", name) | OPTIONS.get(name, {}), KNOBS)


def _work_of(pattern: Pattern) -> Workload:
    """Return what its workers do: a workload, or what stands in for one."""
    return pattern.stand_in()({}, SMALL, 3) if pattern.ECHOES else small_workload("spin")


@pytest.mark.parametrize("name", patterns.REGISTRY)
def test_serial_and_parallel_do_the_same_work(crew: StartCrew, name: str) -> None:
    """Both kinds of trial count tasks within their own clock readings."""
    pattern = _pattern(name)
    workload = _work_of(pattern)
    reference = Reference(workload)
    with crew(workload, pattern) as workers:
        serial = pattern.serial(reference)
        parallel = pattern.parallel(reference, workers)
    for outcome in (serial, parallel):
        assert outcome.end_ns > outcome.start_ns
        assert outcome.tasks > 0
    if "tasks" not in pattern.IGNORES:
        assert serial.tasks == parallel.tasks == KNOBS.tasks


@pytest.mark.parametrize("name", RECHECKED)
def test_a_wrong_result_is_found(crew: StartCrew, name: str) -> None:
    """A worker that returns a different result from the serial call fails the trial."""
    pattern = _pattern(name)
    workload = _work_of(pattern)
    reference = Reference(workload)
    reference.expected = [(value + 1, back) for value, back in reference.expected]
    with (
        crew(workload, pattern) as workers,
        pytest.raises(WrongResult, match="returned a different result from the serial call"),
    ):
        pattern.parallel(reference, workers)


def test_the_window_counts_calls_by_worker_and_bin(crew: StartCrew) -> None:
    """Every worker has its bins; all its calls but the last, which the window's end finds under way, are in them."""
    workload = small_workload("histogram")
    reference, pattern = Reference(workload), _pattern("window")
    with crew(workload, pattern) as workers:
        outcome = pattern.parallel(reference, workers)
    assert outcome.wall_ns >= KNOBS.window_ns
    assert [len(counts) for counts in outcome.activity] == [20, 20]
    assert sum(map(sum, outcome.activity)) == outcome.tasks - KNOBS.workers


@pytest.mark.parametrize("task_ns", [70_000_000, 300_000_000])
def test_calls_as_long_as_the_window_keep_their_rate_with_several_workers(
    crew: StartCrew, task_ns: int
) -> None:
    """Two workers that sleep do twice as many calls in the same time, also if one call is longer than the window.

    Whoever else uses the CPUs can only make a sleep longer: the best of some trials is near what it is.
    """
    workload = workloads.load("sleep")({}, SMALL, 3)
    workload.amount = task_ns  # of sleep: on a busy machine a calibration would make it too little
    pattern = window.Window(OPTIONS["window"], KNOBS)
    reference = Reference(workload)
    with crew(workload, pattern) as workers:
        pairs = [(pattern.serial(reference), pattern.parallel(reference, workers)) for _ in range(4)]
    paces = [min(outcome.wall_ns / outcome.tasks for outcome in kind) for kind in zip(*pairs, strict=True)]
    assert paces == [pytest.approx(task_ns, rel=0.2), pytest.approx(task_ns / 2, rel=0.2)]


@pytest.mark.parametrize("name", KEEPS_TIME)  # a disk does not: its caches fill, and others use it
@pytest.mark.parametrize("task_ns", [100_000, 2_000_000])
def test_tasks_have_the_length_asked_for(name: str, task_ns: int) -> None:
    """The shortest of many calls is near the asked length, or longer with the least work, as far as a machine that others use can tell.

    While they use it, most calls that a calibration times take several times as long, and it finds too little work.
    """
    workload = small_workload(name, **(MATRICES if name == "matmul" else {}))

    def is_near() -> bool:
        workload.amount = workload.calibrate(task_ns)
        shortest = _shortest_ns(workload.open(), workload.inputs()[0])
        return 0.3 * task_ns < shortest and (workload.amount == 1 or shortest < 3 * task_ns)

    wait_for(is_near)


def _shortest_ns(task: Task, payload: bytes) -> int:
    taken = []
    for _ in range(30):
        start = time.perf_counter_ns()
        task(payload)
        taken.append(time.perf_counter_ns() - start)
    return min(taken)
