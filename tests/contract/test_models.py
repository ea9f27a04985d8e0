"""Contract of models: workers start, synchronize, answer in order, report errors, and are gone afterwards."""

from __future__ import annotations

import multiprocessing
import os
import threading
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from breakeven.runner.cell.board import PID, THREAD
from breakeven.runner.cell.errors import TaskFailed
from breakeven.runner.cell.models import Model
from breakeven.runner.cell.phases import COMPUTE
from breakeven.runner.cell.trace import count_marks
from tests.samples import Pair, crew, named, pairs, workers_for

MODELS = [pair for pair in pairs() if pair[2] in ("queue", "native", "none")]
SHAREABLE = [pair for pair in MODELS if pair[1]]


class Times:
    """Return the task's payload times three, and fails on a negative one."""

    def open(self) -> Any:
        """Return the task."""
        return _times


def _times(payload: int) -> tuple[int, int]:
    if payload < 0:
        raise ValueError(f"negative: {payload}")
    return payload, 3 * payload


@pytest.mark.parametrize("pair", MODELS, ids=named)
def test_results_come_in_the_order_of_the_items(tmp_path: Path, pair: Pair) -> None:
    """A hundred tasks over two workers give a hundred results, in order, twice."""
    items = [(0, number) for number in range(100)]
    with crew(tmp_path, pair, Times()) as workers:  # type: ignore[arg-type]
        for _ in range(2):
            assert workers.map(items) == [(number, 3 * number) for number in range(100)]
        assert workers.exchange((0, 7)) == (7, 21)


@pytest.mark.parametrize("pair", MODELS, ids=named)
def test_workers_are_what_they_say(tmp_path: Path, pair: Pair) -> None:
    """Each worker registers a process or thread of its own, and none registers twice."""
    with crew(tmp_path, pair) as workers:
        headers = [workers.board.lane(worker).header for worker in range(workers_for(pair[0]))]
        pids, threads = {header[PID] for header in headers}, {header[THREAD] for header in headers}
    if pair[1]:
        assert len(pids) == len(headers)
        assert os.getpid() not in pids
    else:
        assert pids == {os.getpid()}
    assert len(threads) == len(headers)


@pytest.mark.parametrize("pair", MODELS, ids=named)
def test_a_task_that_raises_is_reported_with_its_cause(tmp_path: Path, pair: Pair) -> None:
    """The worker's own words reach the caller, and the workers still work."""
    with crew(tmp_path, pair, Times()) as workers:  # type: ignore[arg-type]
        with pytest.raises((TaskFailed, ValueError), match="negative: -1"):
            workers.exchange((0, -1))
        assert workers.exchange((0, 2)) == (2, 6)


@pytest.mark.parametrize("pair", MODELS, ids=named)
def test_lifetimes_are_in_order_and_nothing_is_left(tmp_path: Path, pair: Pair) -> None:
    """Workers are created, then ready, then told to stop, then joined; no process or thread remains."""
    threads = threading.active_count()
    with crew(tmp_path, pair) as workers:
        pass
    for lifetime in workers.lifetimes():
        assert list(lifetime) == sorted(lifetime)
    assert len(workers.lifetimes()) == workers_for(pair[0])
    assert multiprocessing.active_children() == []
    assert threading.active_count() == threads


@pytest.mark.parametrize("pair", MODELS, ids=named)
def test_only_traced_trials_are_recorded(tmp_path: Path, pair: Pair) -> None:
    """Every task of a traced trial leaves one compute mark; an untraced one leaves nothing."""
    items = [(0, number) for number in range(10)]
    with crew(tmp_path, pair, Times()) as workers:  # type: ignore[arg-type]
        workers.synchronize(traced=False)
        workers.map(items)
        workers.synchronize(traced=False)
        assert _computed(workers) == 0
        workers.synchronize(traced=True)
        workers.map(items)
        workers.synchronize(traced=False)
        assert _computed(workers) == 10


def _computed(workers: Model) -> int:
    lanes = [workers.board.lane(worker) for worker in range(workers.settings.workers)]
    return sum(bytes(lane.codes[: count_marks(lane)]).count(COMPUTE) for lane in lanes)


@pytest.mark.parametrize("pair", SHAREABLE, ids=named)
def test_cpu_time_of_worker_processes_is_counted(tmp_path: Path, pair: Pair) -> None:
    """A busy worker's time shows in the crew's CPU time after the next synchronization."""
    with crew(tmp_path, pair, Busy()) as workers, closing(workers.meter()) as meter:  # type: ignore[arg-type]
        workers.synchronize(traced=False)
        before = workers.read(meter)
        workers.exchange((0, 0))
        workers.synchronize(traced=False)
        after = workers.read(meter)
    assert after.usage.cpu_ns - before.usage.cpu_ns > 40_000_000


@pytest.mark.parametrize("pair", MODELS, ids=named)
def test_clocks_of_parent_and_workers_are_one(tmp_path: Path, pair: Pair) -> None:
    """What is known of each worker's clock allows no difference, and at most some milliseconds."""
    with crew(tmp_path, pair) as workers:
        for _ in range(5):
            workers.synchronize(traced=False)
    assert len(workers.offsets) == workers_for(pair[0])
    for low, high in workers.offsets:
        assert low <= 0 <= high
        assert high - low < 50_000_000


class Busy:
    """Keeps a CPU busy for 50 ms of its own CPU time."""

    def open(self) -> Any:
        """Return the task."""
        return _busy


def _busy(payload: int) -> tuple[int, int]:
    end = time.thread_time_ns() + 50_000_000
    while time.thread_time_ns() < end:
        pass
    return payload, payload
