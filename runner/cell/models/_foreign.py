"""Workers of a pool that is a package's: the package starts them, takes tasks to them and brings results back.

They get nothing of ours when they are created but what a task of the package can carry, so the first task of each loads
this package by path and draws the worker's index (see `runner.cell.gate`). For the barrier before a trial, each gets
one more task, which waits there.
"""

from __future__ import annotations

import os
import threading
from abc import abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from time import perf_counter_ns
from types import SimpleNamespace
from typing import Any, Optional

from .. import failures
from ..affinity import pin_all
from ..board import Board
from ..boot import Later, Ready
from ..errors import HookFailed, PoolFailed, RunFailed, TaskFailed, WorkersMissing, plural
from ..gate import SAFE_PATH, Door, Gate, Gatekeeper, Place, join
from ..phases import WAIT
from ..spaces import PROCESSES
from ..worker import Work, Worker
from ._abc import BARRIER_SECONDS, CrewSettings, Model, missing

_mine: Any = threading.local()  # each thread is a worker; a process has one that takes tasks
_boards: dict[
    str, Board
] = {}  # of this process, if its threads are the workers: a package may pickle what it hands them

Item = tuple[int, Any]
Numbered = tuple[int, int, Any]


def set_up(work: Work, told_apart: bool, place: Place, ready: Ready) -> None:
    """Become a worker; the transport's phases are ``told_apart`` or all waiting."""
    _mine.place = place
    board = _boards.get(work.geometry.path)
    try:
        _mine.worker = Worker(place.index, work, board, ready)
    except BaseException as error:  # noqa: BLE001  # the user's, which the package may not be able to carry
        failures.leave(place.folder, place.index, error)
        place.abort()
        return
    if not told_apart:
        _mine.worker.arrival = WAIT
    if board is None and work.cpus:
        pin_all(
            work.cpus[place.index % len(work.cpus)]
        )  # a package may receive in another thread than it computes in


def set_up_alone(work: Work, told_apart: bool, place: Place, ready: Ready) -> None:
    """Become the only worker of an interpreter of the parent's process.

    There, each call has thread-locals of its own.
    """
    global _mine  # noqa: PLW0603  # an interpreter has one worker
    _mine = SimpleNamespace()
    _boards[work.geometry.path] = Board(work.geometry)
    set_up(work, told_apart, place, ready)


def perform(task: int, value: int, payload: Any) -> Item:
    """Carry out one task in the worker that took it; raise TaskFailed."""
    worker: Optional[Worker] = getattr(_mine, "worker", None)
    if worker is None:
        raise WorkersMissing(
            "a worker took a task that was not there when the trial began: another one was replaced"
        )
    try:
        return worker.perform(task, value, payload)
    except BaseException as error:  # noqa: BLE001  # the user's task may raise anything
        told = f"task {task} raised in a worker:\n{failures.describe(error)}"
        failures.leave_text(_mine.place.folder, worker.index, told)
        _mine.place.fail()  # a package would wait for the tasks before it, one of which may take an hour
        raise TaskFailed(told) from None


def wait_at_gate() -> None:
    """Prepare for the next trial and wait for the other workers."""
    place: Place = _mine.place
    try:
        _mine.worker.prepare()
    except HookFailed as error:
        failures.leave(place.folder, place.index, error)
        place.abort()
        raise
    place.wait()


def pass_gate() -> None:
    """Wait for the other workers."""
    _mine.place.wait()


def name_semaphores(semaphores: Any, run: str) -> None:
    """Make loky name its semaphores after the run, whose end removes those that a killed process leaves."""
    numbers = count()
    semaphores.SemLock._make_name = staticmethod(lambda: f"/{run}-{os.getpid()}-{next(numbers)}")  # noqa: SLF001  # the only way


class Foreign(Model):
    """A model whose workers belong to a pool of a package.

    ``TOLD_APART`` says whether it sends through connections of `multiprocessing`, whose phases are recorded;
    ``DAEMONS`` whether it starts processes that may outlive the parent, ``SET_UP`` what makes a worker.
    """

    SPACE = PROCESSES
    TRANSPORT = "native"
    TOLD_APART = False
    DAEMONS = False
    SET_UP: Callable[..., None] = staticmethod(set_up)

    @classmethod
    def inherits(cls, start_method: Optional[str]) -> bool:
        """Return False: a task of the package carries it."""
        del start_method
        return False

    def __init__(self, settings: CrewSettings, work: Work, board: Board) -> None:
        super().__init__(settings, work, board)
        self._folder = os.path.dirname(board.geometry.path)
        self._keeper = Gatekeeper(self._folder, settings.workers, self._late, self._failed)
        self._prepare()

    @abstractmethod
    def _prepare(self) -> None:
        """Import what the pool needs: a program does so once, before it creates any."""

    @abstractmethod
    def _open(self) -> None:
        """Create the pool, which creates its workers at once or with the first tasks."""

    @abstractmethod
    def _each(self, function: Callable[..., None], *arguments: Any) -> None:
        """Let each worker call a function once, in which it waits for the others; return when all have."""

    @abstractmethod
    def _all(self, tasks: list[Numbered]) -> list[Item]:
        """Let the workers `perform` each task; return the results in order."""

    @abstractmethod
    def _one(self, task: Numbered) -> Item:
        """Let a worker `perform` one task, and return its result."""

    @abstractmethod
    def _close(self) -> None:
        """Shut the pool down and wait for its workers."""

    def _kill(self) -> None:
        """End the workers after an error, in a process that has more to do."""
        self._close()

    def start(self) -> None:
        """Create the pool, and wait until all workers are ready."""
        for end in (self.heard, self.says):
            if end is not None:
                end.close()  # workers are heard at the gate
        if not self.apart:
            _boards[self.board.geometry.path] = self.board
        later = Later((self.SET_UP, self.work, self.TOLD_APART))
        self.created_ns = [perf_counter_ns()] * self.settings.workers
        with _libraries_first():
            self._open()
            self._meet(Door(join), self._gate(), self.users, later)
        if failures.left(self._folder, self.settings.workers):
            raise missing(self.board)

    def _gate(self) -> Gate:
        """Return what workers find their places with."""
        alone = failures.ends_with_run() and os.getsid(0) == os.getpid()
        return self._keeper.gate._replace(session=os.getpid() if self.DAEMONS and alone else 0)

    def map(self, items: list[Item]) -> list[Item]:
        """Let the package distribute the tasks as it does by default, or in chunks as configured."""
        with self._speaking():
            results = self._all([(task, *item) for task, item in enumerate(items)])
        self.recorder.mark(WAIT)
        return results

    def exchange(self, item: Item) -> Item:
        """Send one task to a worker and wait for the result."""
        with self._speaking():
            result = self._one((0, *item))
        self.recorder.mark(WAIT)
        return result

    def stop(self) -> None:
        """Shut the pool down."""
        self.stopped_ns = perf_counter_ns()
        self._close()
        self.joined_ns = [perf_counter_ns()] * self.settings.workers
        self._end()

    def abandon(self) -> None:
        """End the workers unless they end with this process, which is quicker and needs nothing of the pool."""
        if not failures.ends_with_run():
            self._kill()
            self._end()

    def _end(self) -> None:
        _boards.pop(self.board.geometry.path, None)
        self._keeper.close()

    def _synchronize(self) -> None:
        self._meet(wait_at_gate)

    def _meet(self, function: Callable[..., None], *arguments: Any) -> None:
        """Bring all workers to the gate, and call the function until they are there."""
        self._keeper.expect(BARRIER_SECONDS)
        try:
            self._each(function, *arguments)
        except Exception as error:
            if failures.left(self._folder, self.settings.workers):
                raise missing(self.board) from error
            raise WorkersMissing(
                f"not all of {plural(self.settings.workers, 'worker')} were ready for a trial:\n{failures.describe(error)}"
            ) from error

    @contextmanager
    def _speaking(self) -> Iterator[None]:
        """Say in our words what a package raises in a call, unless it is what the task raised."""
        try:
            yield
        except RunFailed:
            raise
        except Exception as error:
            told = failures.left(self._folder, self.settings.workers)
            if told:
                raise TaskFailed(told) from error
            raise PoolFailed(f"the call of the pool failed:\n{failures.describe(error)}") from error

    def _late(self) -> None:
        failures.end_run(_remedied(missing(self.board)))

    def _failed(self) -> None:
        failures.end_run(_remedied(TaskFailed(failures.left(self._folder, self.settings.workers))))


def _remedied(error: RunFailed) -> str:
    from ..remedies import reason  # noqa: PLC0415  # only when a run failed

    return reason(error)


@contextmanager
def _libraries_first() -> Iterator[None]:
    """Make interpreters started in the body search the standard library first (Python 3.11)."""
    before = os.environ.get(SAFE_PATH)
    os.environ[SAFE_PATH] = "1"
    try:
        yield
    finally:
        if before is None:
            del os.environ[SAFE_PATH]
        else:
            os.environ[SAFE_PATH] = before
