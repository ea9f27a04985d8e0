"""Workers of a pool, which brings its own transport, and how they are synchronized.

A pool decides which worker takes which task, so a worker gets its index when it starts: it draws a number,
opens the lane of that number and keeps its `Worker` where tasks find it. For the barrier before a trial, one
waiting task per worker is submitted: none ends before every worker has one.
"""

from __future__ import annotations

import os
from abc import abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from multiprocessing import active_children, connection
from threading import BrokenBarrierError
from time import perf_counter_ns
from typing import Any, ClassVar, Optional, Union

from .. import failures, watchdog
from ..board import ASSIGNED, Board
from ..boot import Kept, Later, call_kept, call_numbered, keep, keep_task, start_kept
from ..errors import TaskFailed
from ..meter import Meter, Reading
from ..patterns import Pattern
from ..phases import STARTUP, TEARDOWN, WAIT
from ..placement import Look
from ..rusage import Usage, childrens_usage
from ..worker import Work
from ._abc import BARRIER_SECONDS, CrewSettings, Lifetime, Model, missing
from ._pooled import perform, perform_numbered, set_up, set_up_traced, wait_at_barrier
from ._underway import MAP, SUBMIT, Gate, without_effect

_PIECE = 1 << 20  # of random bytes, which are repeated
PERSISTENT, PER_MAP = "persistent", "per_map"

CHUNKS_A_WORKER = 4
"""How many chunks each worker gets if ``chunksize=auto`` chooses: as many as `multiprocessing.Pool.map` makes by
default."""


class Pool(Model):
    """A model whose workers belong to a pool of the standard library.

    With ``lifetime=per_map`` each map creates a pool of its own and ends it, within the trial, as `model.lifetime`
    documents. The first one is created before, as one that persists is, for what start and end take and for what
    workers say of themselves.

    ``call`` says which of its methods hands out tasks, and ``chunksize`` how many go together if that can send several.
    No more than ``in_flight`` tasks are under way, if that is not None: a semaphore around what submits them. Every
    worker is given ``initial`` bytes when it starts, as an argument of the pool's initializer.
    """

    TRANSPORT = "native"
    OPTIONS: ClassVar[dict[str, str]] = {
        "lifetime": f"{PERSISTENT}|{PER_MAP}",
        "call": f"{MAP}|{SUBMIT}",
        "chunksize": "chunk?",
        "in_flight": "count?",
        "initial": "size",
    }
    DEFAULTS: ClassVar[dict[str, Any]] = {
        "lifetime": PERSISTENT,
        "call": MAP,
        "in_flight": None,
        "initial": 0,
    }

    def __init__(self, settings: CrewSettings, work: Work, board: Board) -> None:
        super().__init__(settings, work, board)
        self.context = self._context()
        self.barrier = self.context.Barrier(settings.workers + 1)
        self.lock = self.context.Lock()
        self._started = False
        size = settings.options.get("initial", 0)
        piece = os.urandom(min(size, _PIECE))
        self._initial = (piece * -(-size // max(len(piece), 1)))[:size]
        self._anew = not self.lasting
        self._standing = self._asked = False
        self._first: tuple[Lifetime, ...] = ()
        self._initializer: Callable[..., None] = keep
        self._perform: Callable[[int, int, Any], tuple[int, Any]] = perform
        self._perform_numbered: Callable[[tuple[int, int, Any]], tuple[int, int, Any]] = perform_numbered

    @property
    def primitives(self) -> Any:
        """Return what the barrier is made of."""
        return self.context

    @abstractmethod
    def _context(self) -> Any:
        """Return the factory of locks and barriers for workers of this kind."""

    @abstractmethod
    def _open(self, initargs: tuple[Any, ...]) -> None:
        """Create the pool, with ``_initializer``."""

    @abstractmethod
    def _all(self, items: list[tuple[int, Any]]) -> list[tuple[int, Any]]:
        """Let the pool's workers perform all items, with ``_perform``; return the results in order."""

    @abstractmethod
    def _submit(self, task: Callable[[], None]) -> Callable[[], None]:
        """Submit a task; return what waits for its end."""

    @abstractmethod
    def _kill(self) -> None:
        """End the workers after an error, in a process that has more to do."""

    @abstractmethod
    def _close(self) -> None:
        """Shut the pool down and wait for its workers."""

    def _leave(self) -> None:
        """End a pool that has done its map, as the end of a ``with`` statement does."""
        self._close()

    @classmethod
    def lasts(cls, options: dict[str, Any]) -> bool:
        """Return whether the pool persists."""
        return options.get("lifetime") != PER_MAP

    @classmethod
    def refuses_pattern(cls, pattern: type[Pattern], options: dict[str, Any]) -> Optional[str]:
        """Refuse a pattern that asks for more of the workers than one map."""
        if pattern.OWN_CHUNKS and options.get("chunksize") is not None:
            return f"model.chunksize={options['chunksize']} has no effect on a pattern that makes chunks of its own; leave it null"
        if cls.lasts(options) or not (pattern.ONE_EACH or pattern.ECHOES or pattern.OWN_CHUNKS):
            return None
        return f"model.lifetime={PER_MAP} makes a pool for each map of tasks, which only pattern=map has"

    def start(self) -> None:
        """Create the pool, which creates its workers at once or with the first tasks, and wait for these to begin."""
        board = None if self.apart else self.board
        later = Later((set_up, self.work, board, self.lock))
        initargs = (self._initial, self.users, self.says, Later(self.barrier), later)
        self.created_ns = [perf_counter_ns()] * self.settings.workers
        self._open(initargs)
        self._standing = True
        self._meet(start_kept)

    def map(self, items: list[tuple[int, Any]]) -> list[tuple[int, Any]]:
        """Hand out the items to the pool, or to one of their own."""
        if self._anew:
            return self._map_anew(items)
        results = self._all(items)
        self.recorder.mark(WAIT)
        return results

    def _map_anew(self, items: list[tuple[int, Any]]) -> list[tuple[int, Any]]:
        """Create a pool for the items and end it.

        Its phases are those of the parent, and its workers' phases begin with their start.
        """
        traced = self.recorder.on
        self._open(self._renew(traced))
        self._standing = True
        if traced:
            self._watch_transport(traced)
        self.recorder.mark(STARTUP)
        results = self._all(items)
        self.recorder.mark(WAIT)
        self._leave()
        self._standing = False
        self.recorder.mark(TEARDOWN)
        return results

    def _renew(self, traced: bool) -> tuple[Any, ...]:
        """Choose initializer and task of a pool that lives for one map; return the initializer's arguments."""
        if traced:
            self._initializer, self._perform, self._perform_numbered = (
                set_up_traced,
                perform,
                perform_numbered,
            )
            self.board.control[ASSIGNED] = 0
            return (
                self._initial,
                self.users,
                Later((set_up, self.work, None if self.apart else self.board, self.lock)),
            )
        self._initializer, self._perform, self._perform_numbered = keep_task, call_kept, call_numbered
        return (self._initial, Kept(self.users, Later(self.work.workload), self.work.cpus))

    def stop(self) -> None:
        """Shut the pool down, unless it lived for one map."""
        if self._standing:
            self.stopped_ns = perf_counter_ns()
            self._close()
            self.joined_ns = [perf_counter_ns()] * self.settings.workers
            self._standing = False

    def abandon(self) -> None:
        """End the workers unless they end with this process, which is quicker and needs nothing of the pool."""
        if self._standing and not failures.ends_with_run():
            self._kill()

    def _synchronize(self) -> None:
        """Prepare all workers; of pools that live for one map, the first one ends then, and none is left."""
        self._asked = self._standing
        if self._standing:
            self._meet(wait_at_barrier)
            if self._anew:
                self.stop()
                self._first = super().lifetimes()  # others write on the same lanes later

    def lifetimes(self) -> tuple[Lifetime, ...]:
        """Return the times of every worker; those of the first pool if each lived for one map."""
        return self._first or super().lifetimes()

    def _compare_clocks(self, before: int, after: int) -> None:
        if self._asked:
            super()._compare_clocks(before, after)

    def meter(self) -> Meter:
        """Return a meter; of the parent alone if no worker lasts."""
        return super().meter() if self.lasting else Meter([self.own], [self.own], self.work.cpus)

    def look(self) -> Look:
        """Return where workers and parent run; nothing if no worker lasts."""
        return super().look() if self.lasting else ()

    def read(self, meter: Meter) -> Reading:
        """Read the counts.

        Those of workers that ended are known for all of their process, and as children of this one.
        """
        reading = super().read(meter)
        if self.lasting:
            return reading
        children = childrens_usage()
        usage = Usage(*(own + others for own, others in zip(reading.usage, children)))
        return reading._replace(usage=usage, other_cpu_ns=(0,))

    def _meet(self, task: Callable[[], None]) -> None:
        """Bring all workers and the parent together at the barrier, by a task for each worker that waits there."""
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
        return without_effect(options)

    @property
    def _call(self) -> str:
        """Return how tasks are handed out."""
        return str(self.settings.options.get("call", MAP))

    def _chunks(self, items: int) -> Optional[int]:
        """Return the chunk size, None for the library's own; 1 if the pattern says what goes together."""
        chosen: Union[int, str, None] = self.settings.options.get("chunksize")
        if self.work.pattern.ONE_EACH or self.work.pattern.OWN_CHUNKS:
            return 1
        return -(-items // (CHUNKS_A_WORKER * self.settings.workers)) if isinstance(chosen, str) else chosen

    def _gate(self) -> Gate:
        """Return what a task passes before it is submitted, and again when it is done."""
        return Gate(self.in_flight)


def report_death(processes: Sequence[Any], *, broken: bool = False) -> None:
    """Exit if one of a pool's processes ended, and report which one and how.

    Of a pool that is ``broken``, one is about to end.
    """
    with closing(watchdog.Lives(processes, pool=True)) as lives:
        lives.report_death(watchdog.POOL_GRACE_S if broken else 0)


def refuse_input(_: Any, told: str) -> Any:
    """Raise TaskFailed, which pools pass on, for an input that cannot be pickled."""
    raise TaskFailed(f"a task has an input that could not be sent:\n{told}") from None


def why_unread(error: BaseException) -> str:
    """Describe why a result could not be read."""
    if isinstance(error, TaskFailed):
        return str(error)
    return f"a task has a result that could not be read in the parent:\n{failures.describe(error)}"


def reading(reader: Any, notice: Callable[[BaseException], None]) -> Callable[[], Any]:
    """Return a function that receives as `Connection.recv` does, and reports what that raises.

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
