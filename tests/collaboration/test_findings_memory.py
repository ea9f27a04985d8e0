"""What follows from memory that was observed: found on data that supports it, and not on data that does not."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from breakeven.analysis.findings import Finding
from breakeven.analysis.findings.memory import find
from breakeven.analysis.frames.load import load
from tests.analysis_samples import Sample

MIB = 2.0**20
FORK: dict[str, Any] = {"model": "process", "start_method": "fork"}
SPAWN: dict[str, Any] = {"model": "process", "start_method": "spawn"}
SPREAD = (0.99, 1.0, 1.01)


@pytest.fixture
def sample(tmp_path: Path) -> Sample:
    """Return an empty sweep."""
    return Sample(tmp_path / "mine", pairs=2)


def _add(
    sample: Sample, added: float, private: float = 0.0, *, spread: Sequence[float] = SPREAD, **factors: Any
) -> str:
    """Add a cell whose workers add so many MiB each, and have so many of their own of 40 that they see."""
    observed = {"added_bytes": [added * MIB * factor for factor in spread]}
    if private:
        observed["private_bytes"] = [private * MIB * factor for factor in spread]
        observed["resident_bytes"] = [40 * MIB] * len(spread)
    return sample.add_observed(observed, pattern="memory", window_ns=10_000_000, **factors)


def _of(sample: Sample, question: str) -> list[Finding]:
    return [finding for finding in find(load(sample.path)) if finding.question.startswith(question)]


def _one(sample: Sample, question: str) -> Finding:
    (found,) = _of(sample, question)
    return found


def test_the_cheapest_worker_is_named_with_its_interval(sample: Sample) -> None:
    """Threads add less than processes; those alike are named as such."""
    cells = [_add(sample, 0.5), _add(sample, 1.2, model="thread_pool"), _add(sample, 30, **SPAWN)]
    found = _one(sample, "which worker takes the least memory")
    assert found.decision == "cheapest"
    assert found.cells == tuple(cells)
    assert found.sentence == (
        "For spin: thread takes the least memory for each of 2 workers, 512 KiB [499.4 KiB, 524.9 KiB]; "
        "alike: thread_pool 1.2 MiB [1.171 MiB, 1.23 MiB]; more: process 30 MiB [29.26 MiB, 30.75 MiB]."
    )


def test_wide_intervals_decide_nothing(sample: Sample) -> None:
    """One of two that differ by a half in the mean, and overlap."""
    wide = (0.4, 1.0, 2.5)
    _add(sample, 20, spread=wide, **FORK)
    _add(sample, 30, spread=wide, **SPAWN)
    found = _one(sample, "which worker takes the least memory")
    assert found.decision == "undecided"
    assert found.sentence.startswith(
        "For spin: not decided which takes the least memory; at best process/fork, 20 MiB ["
    )
    assert "; may take as much: process/spawn 30 MiB [" in found.sentence


def test_one_process_each_decides_nothing(sample: Sample) -> None:
    """There is no interval, and the sizes go without."""
    _add(sample, 20, spread=(1.0,), **FORK)
    _add(sample, 90, spread=(1.0,), **SPAWN)
    found = _one(sample, "which worker takes the least memory")
    assert found.decision == "undecided"
    assert (
        "at best process/fork, 20 MiB for each of 2 workers; may take as much: process/spawn 90 MiB."
        in found.sentence
    )


def test_mechanisms_are_compared_with_one_number_of_workers(sample: Sample) -> None:
    """The largest that both have: what is shared is divided among more."""
    for workers, fork, spawn in ((1, 9.0, 40.0), (4, 5.0, 30.0)):
        _add(sample, fork, workers=workers, **FORK)
        _add(sample, spawn, workers=workers, **SPAWN)
    _add(sample, 1.0, workers=8, **FORK)
    assert (
        "process/fork takes the least memory for each of 4 workers, 5 MiB" in _one(sample, "which").sentence
    )


def test_nothing_is_compared_with_itself(sample: Sample) -> None:
    """One mechanism is no comparison, and one number of workers no line."""
    _add(sample, 9.0, **FORK)
    assert find(load(sample.path)) == []


@pytest.mark.parametrize(
    ("fork", "spawn", "decision", "end"),
    [
        (4, 30, "shares", "30 MiB [29.26 MiB, 30.75 MiB] of its own."),
        (36, 30, "copies", "of its own, so the fork saves nothing: its workers write to what they inherit."),
        (30, 30.1, "undecided", "of its own, which is not surely a difference."),
    ],
)
def test_what_a_fork_shares(sample: Sample, fork: float, spawn: float, decision: str, end: str) -> None:
    """A forked worker has less of its own than one made anew, or more, or nobody knows."""
    _add(sample, fork, private=fork, **FORK)
    _add(sample, spawn, private=spawn, **SPAWN)
    found = _one(sample, "what a fork shares")
    assert found.decision == decision
    share = round(100 * (1 - fork / 40))
    assert (
        f"of the 40 MiB that a forked worker of process has in memory, {share} % are shared" in found.sentence
    )
    assert found.sentence.endswith(end)


def test_ten_and_a_hundred_workers_are_estimated_by_a_line(sample: Sample) -> None:
    """Of 12 MiB for a server and 8 MiB for each worker, exactly."""
    for workers in (1, 2, 4):
        _add(sample, 8 + 12 / workers, spread=(1.0,) * 3, workers=workers, **SPAWN)
    found = _one(sample, "what more workers would take")
    assert found.decision == "estimated"
    assert found.sentence == (
        "For spin: a linear estimate from 1, 2 and 4 workers for 10 and 100: process 92 MiB and 812 MiB."
    )


def test_what_bends_is_not_estimated(sample: Sample) -> None:
    """Sums that grow with the square of the workers are off any line."""
    for workers in (1, 2, 4):
        _add(sample, 8.0 * workers, workers=workers, **SPAWN)
    found = _one(sample, "what more workers would take")
    assert found.decision == "not linear"
    assert found.sentence == (
        "For spin: process does not grow linearly from 1, 2 and 4 workers, so nothing is estimated."
    )


def test_work_is_told_apart(sample: Sample) -> None:
    """What pandas takes says nothing of other work."""
    for workload, size in (("pandas_groupby", 60.0), ("spin", 10.0)):
        _add(sample, 0.5, workload=workload)
        _add(sample, size, workload=workload, **SPAWN)
    assert [found.question for found in _of(sample, "which")] == [
        "which worker takes the least memory for pandas_groupby",
        "which worker takes the least memory for spin",
    ]
