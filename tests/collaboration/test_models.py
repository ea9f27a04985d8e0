"""Contract of models: workers start, synchronize, answer in order, report errors, and are gone afterwards."""

from __future__ import annotations

import multiprocessing
import os
import threading
from contextlib import closing
from multiprocessing.process import BaseProcess
from typing import Any, cast

import pytest

from breakeven.runner.cell import models
from breakeven.runner.cell.board import PID, THREAD
from breakeven.runner.cell.compatibility import NATIVE
from breakeven.runner.cell.errors import TaskFailed
from breakeven.runner.cell.models import Model, mp_pool
from breakeven.runner.cell.phases import COMPUTE
from breakeven.runner.cell.spaces import PROCESSES
from breakeven.runner.cell.trace import count_marks
from tests.crews import EVERY_MODEL, PACKAGED, Mechanism, StartCrew
from tests.tasks import Busy, Times

QUICK = [mechanism for mechanism in PACKAGED if mechanism.model in ("loky", "joblib", "mpire")]
"""Pools of packages that start in less than a second."""
MP_POOLS = [mechanism for mechanism in EVERY_MODEL if mechanism.model == "mp_pool"]


@pytest.fixture(params=[*EVERY_MODEL, *QUICK], ids=str)
def mechanism(request: pytest.FixtureRequest) -> Mechanism:
    """Return each model, with each of its start methods and the channel that it has by default."""
    found: Mechanism = request.param
    return found


def test_results_come_in_the_order_of_the_items(crew: StartCrew) -> None:
    """A hundred tasks over two workers give a hundred results, in order, twice."""
    items = [(0, number) for number in range(100)]
    with crew(Times()) as workers:
        for _ in range(2):
            assert workers.map(items) == [(number, 3 * number) for number in range(100)]
        assert workers.exchange((0, 7)) == (7, 21)


def test_workers_are_what_they_say(crew: StartCrew, mechanism: Mechanism) -> None:
    """Each worker registers a process or thread of its own, or the parent's, and none registers twice."""
    with crew() as workers:
        headers = [workers.board.lane(worker).header for worker in range(mechanism.workers)]
        pids, threads = {header[PID] for header in headers}, {header[THREAD] for header in headers}
    if workers.apart:
        assert len(pids) == len(headers)
        assert os.getpid() not in pids
    else:
        assert pids == {os.getpid()}
    assert threads == {threading.get_native_id()} if mechanism.alone else len(threads) == len(headers)


def test_a_task_that_raises_is_reported_with_its_cause(crew: StartCrew) -> None:
    """The worker's own words reach the caller, and whatever joins the workers can be ended."""
    with pytest.raises((TaskFailed, ValueError), match="negative: -1"), crew(Times()) as workers:
        workers.exchange((0, -1))


@pytest.mark.parametrize("mechanism", MP_POOLS, ids=str)
def test_a_pool_that_replaces_workers_is_ended_at_once(
    crew: StartCrew, mechanism: Mechanism, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its thread ends before the first worker is killed: neither is one replaced, nor is the thread waited for in vain."""
    kill = BaseProcess.kill
    replaced: list[bool] = []

    def noting(process: Any) -> None:
        ended: Any = workers
        replaced.append(ended.pool._worker_handler.is_alive())
        kill(process)

    monkeypatch.setattr(BaseProcess, "kill", noting)
    with pytest.raises(TaskFailed, match="negative: -1"), crew(Times()) as workers:
        workers.exchange((0, -1))
    assert replaced == [False] * mechanism.workers


@pytest.mark.parametrize("mechanism", MP_POOLS[:1], ids=str)
def test_a_pool_whose_thread_is_stuck_is_ended_all_the_same(
    crew: StartCrew, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody writes into the pipe that it does not read, which may be full."""
    monkeypatch.setattr(mp_pool, "_PATIENCE_S", 0.1)
    writers: list[threading.Thread] = []

    def fail(workers: Any) -> None:
        notifier = workers.pool._change_notifier
        notifier._rlock.acquire()
        notifier.put(None)
        monkeypatch.setattr(notifier, "put", lambda _: writers.append(threading.current_thread()))
        raise ValueError("no such luck")

    with pytest.raises(ValueError, match="no such luck"), crew(Times()) as workers:
        fail(workers)
    left, ended = multiprocessing.active_children(), cast("Any", workers)
    ended.pool._change_notifier._rlock.release()
    ended.pool._worker_handler.join()
    assert left == []
    assert threading.current_thread() not in writers


def test_workers_outlive_a_task_that_raises(crew: StartCrew, mechanism: Mechanism) -> None:
    """They take the next task; but for pools of processes, in which what was raised ends the call at once."""
    if mechanism.ipc == NATIVE and models.load(mechanism.model).SPACE == PROCESSES:
        return
    with crew(Times()) as workers:
        with pytest.raises((TaskFailed, ValueError), match="negative: -1"):
            workers.exchange((0, -1))
        assert workers.exchange((0, 2)) == (2, 6)


def test_lifetimes_are_in_order_and_nothing_is_left(crew: StartCrew, mechanism: Mechanism) -> None:
    """Workers are created, then ready, then told to stop, then joined; no process or thread remains."""
    threads = threading.active_count()
    with crew() as workers:
        pass
    for lifetime in workers.lifetimes():
        assert list(lifetime) == sorted(lifetime)
    assert len(workers.lifetimes()) == mechanism.workers
    assert multiprocessing.active_children() == []
    assert threading.active_count() == threads


def test_only_traced_trials_are_recorded(crew: StartCrew) -> None:
    """Every task of a traced trial leaves one compute mark; an untraced one leaves nothing."""
    items = [(0, number) for number in range(10)]
    with crew(Times()) as workers:
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


def test_cpu_time_of_workers_is_counted(crew: StartCrew) -> None:
    """A busy worker's time shows in the crew's CPU time after the next synchronization."""
    with crew(Busy()) as workers, closing(workers.meter()) as meter:
        workers.synchronize(traced=False)
        before = workers.read(meter)
        workers.exchange((0, 0))
        workers.synchronize(traced=False)
        after = workers.read(meter)
    assert after.usage.cpu_ns - before.usage.cpu_ns > 40_000_000


def test_clocks_of_parent_and_workers_are_one(crew: StartCrew, mechanism: Mechanism) -> None:
    """What is known of each worker's clock allows no difference, and at most some milliseconds."""
    with crew() as workers:
        for _ in range(30):  # the quickest exchange of all tells most, and others use the CPUs during some
            workers.synchronize(traced=False)
    assert len(workers.offsets) == mechanism.workers
    for low, high in workers.offsets:
        assert low <= 0 <= high
        assert high - low < 50_000_000
