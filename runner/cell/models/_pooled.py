"""What runs in the workers of a pool of the standard library."""

from __future__ import annotations

import os
import sys
import threading
from typing import Any, Optional

from .. import failures, probe
from ..board import ASSIGNED, Board
from ..boot import Later, Ready, Users
from ..errors import HookFailed, TaskFailed
from ..phases import STARTUP
from ..worker import Work, Worker

_mine = threading.local()  # in a pool of threads each thread is a worker; a process of a pool has one thread


def set_up(work: Work, board: Optional[Board], lock: Any, barrier: Any, ready: Ready) -> None:
    """Take the next free index. Every worker of a pool does so once it is ready; ``board`` is None in a process."""
    if board is None:
        probe.forget()
    opened = Board(work.geometry) if board is None else board
    with lock:
        index = int(opened.control[ASSIGNED])
        opened.control[ASSIGNED] = index + 1
    _mine.barrier = barrier
    try:
        _mine.worker = Worker(index, work, board, ready)
    except BaseException as error:  # noqa: BLE001  # the user's; a pool would start another worker, or break
        failures.leave(os.path.dirname(work.geometry.path), index, error)
        barrier.abort()  # where the parent waits
    if board is None:
        _guard_results()


def perform(task: int, value: int, payload: Any) -> tuple[int, Any]:
    """Carry out one task in the worker that took it; raise TaskFailed."""
    try:
        worker: Worker = _mine.worker
        return worker.perform(task, value, payload)
    except BaseException as error:  # noqa: BLE001  # the user's task may raise anything
        failure = failure_of(task, error, apart=_mine.worker.apart)
    raise failure  # here: it has no context, which a package may have taught pickle to send along


def failure_of(task: int, error: BaseException, *, apart: bool) -> Sent:
    """Return the exception to raise for what a task raised; it ends the call at once."""
    told = f"task {task} raised in a worker:\n{failures.describe(error)}"
    if not apart:
        failures.end_run(told)
    return Sent(told)


def perform_numbered(item: tuple[int, int, Any]) -> tuple[int, int, Any]:
    """Perform a task given as one object, and return its number with the result.

    For calls that return results in any order.
    """
    return (item[0], *perform(*item))


class Sent(TaskFailed):
    """Raised in a worker process; its arrival in the parent raises TaskFailed there.

    A pool would keep the exception until all other tasks of a call, or those before it, are done: one may take
    an hour. A result that cannot be read ends the call.
    """

    def __reduce__(self) -> tuple[Any, ...]:
        return _arrive, (str(self),)


def _arrive(told: str) -> None:
    raise TaskFailed(told)


def _guard_results() -> None:
    """Send the reason instead of a result that cannot be pickled, when this worker's pool sends results."""
    from ..pickling import guard  # noqa: PLC0415  # threads need none of it

    guard(_sends_result, _instead_of_result)


def _sends_result() -> bool:
    """Return whether this is the pool's thread, and not within a task, which may have queues of its own."""
    frame = sys._getframe()  # noqa: SLF001  # the only way to the callers without their lines
    while frame.f_back is not None:
        if frame.f_code is perform.__code__:
            return False
        frame = frame.f_back
    return threading.current_thread() is threading.main_thread()


def _instead_of_result(message: Any, told: str) -> Any:
    """Return a failed result of `multiprocessing.Pool`; raise Sent for `ProcessPoolExecutor`, which sends that."""
    failure = Sent(f"a task has a result that could not be sent back:\n{told}")
    if type(message) is tuple and len(message) == len(("job", "part", "outcome")):
        return (*message[:2], (False, failure))
    raise failure from None


def set_up_traced(initial: bytes, users: Users, later: Later) -> None:
    """Set up a worker within a traced trial, as the first phase of that trial.

    It is the initializer of a pool that lives for one map.
    """
    del initial  # what matters is that it was handed over
    ready = users.load()
    function, *arguments = later.get()
    function(*arguments, None, ready)
    worker: Worker = _mine.worker
    worker.prepare()
    worker.recorder.mark(STARTUP)


def wait_at_barrier() -> None:
    """Prepare for the next trial and wait for the other workers."""
    worker: Worker = _mine.worker
    try:
        worker.prepare()
    except HookFailed as error:
        failures.leave(os.path.dirname(worker.board.geometry.path), worker.index, error)
        _mine.barrier.abort()  # where the parent waits
    _mine.barrier.wait()
