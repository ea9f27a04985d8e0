"""How an error and a worker's end that caused it are told apart."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Callable

import pytest

from breakeven.runner.cell import watchdog
from breakeven.runner.cell.errors import PoolFailed, TaskFailed, WorkerDied
from tests.patience import PATIENCE_S

LATER_S = 0.5


def _end_later() -> None:
    time.sleep(LATER_S)


def _sleep() -> None:
    time.sleep(3600)


def _raise_beside(worker: Callable[[], None], error: BaseException) -> None:
    process = multiprocessing.get_context("fork").Process(target=worker)
    process.start()
    pid = process.pid
    assert pid is not None
    try:
        with watchdog.raising(), watchdog.over([pid], pool=True):
            raise error
    finally:
        process.kill()
        process.join()


def test_a_pool_that_breaks_before_its_workers_end_is_seen_is_no_error_of_its_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A pool notices a closed connection, and that happens before the process has ended."""
    monkeypatch.setattr(watchdog, "POOL_GRACE_S", PATIENCE_S)
    with pytest.raises(WorkerDied, match=r"worker 0 .* in the middle of the run"):
        _raise_beside(_end_later, PoolFailed("the call of the pool failed: broken"))


def test_a_pool_that_breaks_while_its_workers_live_is_the_reason() -> None:
    """After a while: nothing else explains it."""
    with pytest.raises(PoolFailed, match="broken"):
        _raise_beside(_sleep, PoolFailed("the call of the pool failed: broken"))


def test_what_a_task_raised_is_the_reason_whatever_ends_then() -> None:
    """A package may end its workers after an error of a task's."""
    with pytest.raises(TaskFailed, match="no such luck"):
        _raise_beside(_end_later, TaskFailed("ValueError: no such luck"))
