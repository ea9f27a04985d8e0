"""Workers of a pool, which brings its own transport; what runs in them, and how they are synchronized.

A pool decides which worker takes which task, so a worker gets its index when it starts: it draws a number,
opens the lane of that number and keeps its `Worker` where tasks find it. For the barrier before a trial, one
waiting task per worker is submitted: none ends before every worker has one.
"""

from __future__ import annotations

import os
import sys
import threading
from abc import abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing import active_children, connection
from threading import BrokenBarrierError
from time import perf_counter_ns
from typing import Any, ClassVar, Optional, Union

from .. import failures, probe, watchdog
from ..board import ASSIGNED, Board
from ..boot import Later, Ready, start_kept
from ..errors import HookFailed, TaskFailed
from ..worker import Work, Worker
from ._abc import BARRIER_SECONDS, CrewSettings, Model, missing

MAP, SUBMIT = "map", "submit"
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
        told = f"task {task} raised in a worker:\n{failures.describe(error)}"
        if not _mine.worker.apart:
            failures.end_run(told)
        raise Sent(told) from None


def perform_numbered(item: tuple[int, int, Any]) -> tuple[int, int, Any]:
    """Do so with a task in one object, and return its number with the result: for calls that return results in any order."""
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


def wait_at_barrier() -> None:
    """Prepare for the next trial and wait for the other workers."""
    worker: Worker = _mine.worker
    try:
        worker.prepare()
    except HookFailed as error:
        failures.leave(os.path.dirname(worker.board.geometry.path), worker.index, error)
        _mine.barrier.abort()  # where the parent waits
    _mine.barrier.wait()


CHUNKS_A_WORKER = 4
"""How many chunks each worker gets if ``chunksize=auto`` chooses: as many as `multiprocessing.Pool.map` makes by default."""


class Pool(Model):
    """A model whose workers belong to a pool of the standard library.

    ``call`` says which of its methods hands out tasks, and ``chunksize`` how many go together if that can send several. No more
    than ``in_flight`` tasks are under way, if that is not None: a semaphore around what submits them.
    """

    TRANSPORT = "native"
    OPTIONS: ClassVar[dict[str, str]] = {
        "call": f"{MAP}|{SUBMIT}",
        "chunksize": "chunk?",
        "in_flight": "count?",
    }
    DEFAULTS: ClassVar[dict[str, Any]] = {"call": MAP, "in_flight": None}

    def __init__(self, settings: CrewSettings, work: Work, board: Board) -> None:
        super().__init__(settings, work, board)
        self.context = self._context()
        self.barrier = self.context.Barrier(settings.workers + 1)
        self.lock = self.context.Lock()
        self._started = False

    @abstractmethod
    def _context(self) -> Any:
        """Return the factory of locks and barriers for workers of this kind."""

    @abstractmethod
    def _open(self, initargs: tuple[Any, ...]) -> None:
        """Create the pool, with `keep` as its initializer."""

    @abstractmethod
    def _submit(self, task: Callable[[], None]) -> Callable[[], None]:
        """Submit a task; return what waits for its end."""

    @abstractmethod
    def _kill(self) -> None:
        """End the workers after an error, in a process that has more to do."""

    @abstractmethod
    def _close(self) -> None:
        """Shut the pool down and wait for its workers."""

    def start(self) -> None:
        """Create the pool, which creates its workers at once or with the first tasks, and wait for these to begin."""
        board = None if self.apart else self.board
        later = Later((set_up, self.work, board, self.lock))
        initargs = (self.users, self.says, Later(self.barrier), later)
        self.created_ns = [perf_counter_ns()] * self.settings.workers
        self._open(initargs)
        self._meet(start_kept)

    def stop(self) -> None:
        """Shut the pool down."""
        self.stopped_ns = perf_counter_ns()
        self._close()
        self.joined_ns = [perf_counter_ns()] * self.settings.workers

    def abandon(self) -> None:
        """End the workers unless they end with this process, which is quicker and needs nothing of the pool."""
        if not failures.ends_with_run():
            self._kill()

    def _synchronize(self) -> None:
        self._meet(wait_at_barrier)

    def _meet(self, task: Callable[[], None]) -> None:
        """Have every worker do a task in which it waits at the barrier, together with the parent."""
        ends = [self._submit(task) for _ in range(self.settings.workers)]
        with self._starting():
            try:
                self.barrier.wait(BARRIER_SECONDS)
            except BrokenBarrierError as error:
                raise missing(self.board) from error
        for end in ends:
            end()

    @contextmanager
    def _starting(self) -> Iterator[None]:
        """Watch the processes until they are ready for the first time, from when on the run watches them."""
        if self._started or not self.apart:
            yield
            return
        self._hear(active_children, pool=True)
        watch = watchdog.Watch(active_children(), pool=True)
        try:
            yield
        finally:
            watch.end()
        self._started = True

    @classmethod
    def conflict(cls, options: dict[str, Any]) -> Optional[str]:
        """Return which knob has no effect on the chosen call; None if all have one."""
        call, chunksize, in_flight = (options.get(name) for name in ("call", "chunksize", "in_flight"))
        if call == SUBMIT and chunksize is not None:
            return f"model.chunksize={chunksize}: model.call={SUBMIT} sends tasks one by one; leave it null, or choose model.call={MAP}"
        if call != SUBMIT and in_flight is not None:
            return f"model.in_flight={in_flight}: model.call={call} hands out all tasks at once; leave it null, or choose model.call={SUBMIT}"
        return None

    @property
    def _call(self) -> str:
        """Return how tasks are handed out."""
        return str(self.settings.options.get("call", MAP))

    def _chunks(self, items: int) -> Optional[int]:
        """Return the chunk size, None for the library's own; 1 if every worker is to get one item."""
        chosen: Union[int, str, None] = self.settings.options.get("chunksize")
        if self.work.pattern.ONE_EACH:
            return 1
        return -(-items // (CHUNKS_A_WORKER * self.settings.workers)) if isinstance(chosen, str) else chosen

    def _gate(self) -> Gate:
        """Return what a task passes before it is submitted, and again when it is done."""
        return Gate(self.in_flight)


class Gate:
    """Lets so many tasks be under way, any number if that is None; it costs nothing then."""

    def __init__(self, most: Optional[int]) -> None:
        self._free = None if most is None else threading.BoundedSemaphore(most)

    @property
    def leave(self) -> Optional[Callable[[Any], None]]:
        """Return what is to be called with a task that is done; None if nothing is."""
        free = self._free
        return None if free is None else lambda _: free.release()

    def enter(self, seconds: Optional[float] = None) -> bool:
        """Wait until one more task may be submitted, or so long; return whether it may."""
        return self._free is None or self._free.acquire(timeout=seconds)


def refuse_input(_: Any, told: str) -> Any:
    """Raise TaskFailed, which pools pass on, for an input that cannot be pickled."""
    raise TaskFailed(f"a task has an input that could not be sent:\n{told}") from None


def why_unread(error: BaseException) -> str:
    """Describe why a result could not be read."""
    if isinstance(error, TaskFailed):
        return str(error)
    return f"a task has a result that could not be read in the parent:\n{failures.describe(error)}"


def reading(reader: Any, notice: Callable[[BaseException], None]) -> Callable[[], Any]:
    """Return what receives from a connection as `Connection.recv` does, and reports what that raises.

    The pools' threads that read results keep it to themselves.
    """

    def recv() -> Any:
        try:
            reader._check_closed()  # noqa: SLF001  # the lines of `Connection.recv`
            reader._check_readable()  # noqa: SLF001
            received = reader._recv_bytes()  # noqa: SLF001
            return connection._ForkingPickler.loads(received.getbuffer())  # type: ignore[attr-defined]  # noqa: SLF001
        except BaseException as error:
            notice(error)
            raise ConnectionError(
                "a result could not be read"
            ) from error  # with which every pool's thread ends

    return recv


def columns(items: list[tuple[int, Any]]) -> tuple[list[int], list[int], list[Any]]:
    """Return task numbers, values and payloads as separate lists, as ``Executor.map`` takes them."""
    return list(range(len(items))), [value for value, _ in items], [payload for _, payload in items]
