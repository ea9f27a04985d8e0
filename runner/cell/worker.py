"""One worker: its lane of the board, its copy of the task, the CPU it is pinned to."""

from __future__ import annotations

import gc
import os
from copy import copy
from threading import get_native_id
from time import perf_counter_ns
from typing import Any, Optional

from . import affinity
from .board import ANSWERED, COLLECTS, GIL, HOOK, JIT, PID, READY, SWITCHING, THREAD, UNKNOWN, Board, Geometry
from .boot import Ready
from .facts import gil_enabled, jit_enabled
from .inputs import Inputs
from .leaving import leave_nothing_behind
from .named import NamedTuple
from .off_heap import age_heap
from .patterns import Pattern
from .phases import DESERIALIZE, WAIT
from .policies import Policies, switch_interval_ns
from .rusage import write_usage
from .search_path import extend_path
from .seats import Seat
from .stacks import report_crash_in
from .trace import Recorder
from .transport import loaded_probe
from .workloads import Workload


class Work(NamedTuple):
    """What every worker gets when it is created; picklable.

    ``cpus`` are the CPUs that workers are pinned to in turn, empty for no pinning; ``path`` are the directories that a
    user's function is imported from. ``fresh`` are the inputs if each call needs a fresh one, and ``repeats`` is how
    often a worker may repeat one in a trial. ``policies`` are those of every interpreter of the run.
    """

    pattern: Pattern
    workload: Workload
    geometry: Geometry
    cpus: tuple[int, ...]
    path: tuple[str, ...]
    fresh: Optional[Inputs] = None
    repeats: int = 0
    policies: Policies = Policies()

    def seated(self, seat: Seat) -> Work:
        """Return the same for a worker that has a seat of its own."""
        pattern = copy(self.pattern)
        pattern.seat = seat
        return self._replace(pattern=pattern)


class Worker:
    """One worker, as seen from its own process or thread.

    With ``apart``, the worker is a separate process: it opens the board itself and counts its own CPU time. ``ready``
    is when it was ready for its first task but for what is done here, see `runner.cell.boot`: now if it is not known.
    Raise it if it is what the user's module raised.
    """

    PINNED = True

    def __init__(
        self, index: int, work: Work, board: Optional[Board] = None, ready: Optional[Ready] = None
    ) -> None:
        if isinstance(ready, BaseException):
            raise ready
        apart = board is None
        self.index = index
        self.board = Board(work.geometry) if board is None else board
        self.apart = apart
        self.arrival = DESERIALIZE if apart else WAIT
        self.header = self.board.lane(index).header
        self.recorder = Recorder(self.board.lane(index))
        self.feeder = Recorder(self.board.feeder(index)) if apart else None
        if apart:
            from .spawning import search_library_first  # noqa: PLC0415  # loads multiprocessing

            report_crash_in(os.path.dirname(work.geometry.path), index)
            extend_path(work.path)
            leave_nothing_behind(worker=True)
            search_library_first()  # also for a pool of the user's function
        if work.cpus and self.PINNED:
            affinity.pin(work.cpus[index % len(work.cpus)])
        self.stock = None if work.fresh is None else work.fresh.stock(work.repeats)
        work.policies.apply()
        pattern = copy(work.pattern)  # threads share nothing that their loops touch
        pattern.verification, pattern.foreign = work.workload.verification(), work.workload.FOREIGN
        if pattern.seat is not None:
            pattern.seat.end.open(self.recorder, self.arrival)
        self.hooks = work.workload.hooks()
        self.pattern = pattern
        self.job: Any = self._job(work.workload)
        if apart:
            age_heap()
        register(self.header, ready)

    def perform(self, task: int, value: int, payload: Any) -> tuple[int, Any]:
        """Carry out one task whose message has just arrived."""
        self.recorder.mark(self.arrival)
        result: tuple[int, Any] = self.job(task, value, payload)
        return result

    def prepare(self) -> None:
        """Prepare for the next trial: report usage and clock, empty the lane, set or remove the probe's hooks.

        Call the user's hook first, if it is due; raise HookFailed.
        """
        due = self.board.control[HOOK]
        if due:
            self.hooks.call(due)
        self._reset()

    def close(self) -> None:
        """Release its end of the lines between workers, if it has one."""
        if self.pattern.seat is not None:
            self.pattern.seat.end.close()

    def _job(self, workload: Workload) -> Any:
        """Return what it does with one message."""
        return self.pattern.job(workload.open(), self.recorder, self.index, self.stock)

    def _reset(self) -> None:
        traced = self.board.traced
        self.recorder.arm(traced)
        if self.feeder is not None:
            self.feeder.arm(traced)
        probe = loaded_probe()
        if probe is not None:
            probe.watch(self.recorder, self.feeder) if traced else probe.forget()
        if self.stock is not None:
            self.stock.fill()
        write_usage(self.header)
        self.header[GIL] = gil_enabled()  # a module that a task imported may have switched it on
        self.header[ANSWERED] = perf_counter_ns()


class LoopWorker(Worker):
    """A worker that is a task of the parent's event loop, in the parent's thread and on its CPU; its job is awaited."""

    PINNED = False

    def _job(self, workload: Workload) -> Any:
        return self.pattern.job_on_loop(workload.open_on_loop(), self.recorder, self.index, self.stock)

    async def prepare_on_loop(self) -> None:
        """Prepare for the next trial, as `prepare` does.

        The first worker calls the user's hook for all, which share everything that it may set up; it is awaited if it
        is async.
        """
        due = self.board.control[HOOK]
        if due and not self.index:
            await self.hooks.call_on_loop(due)
        self.pattern.begin_on_loop()
        self._reset()


def register(header: memoryview, ready_ns: Optional[int] = None) -> None:
    """Write the worker's identity on its lane, and when it was ready: now if that is not known."""
    header[PID] = os.getpid()
    header[THREAD] = get_native_id()
    header[GIL] = gil_enabled()
    jit = jit_enabled()
    header[JIT] = UNKNOWN if jit is None else jit
    header[SWITCHING] = switch_interval_ns()
    header[COLLECTS] = gc.isenabled()
    header[READY] = perf_counter_ns() if ready_ns is None else ready_ns
