"""Workers of a pool, which brings its own transport; what runs in them, and how they are synchronized.

A pool decides which worker takes which task, so a worker gets its index when it starts: it draws a number,
opens the lane of that number and keeps its `Worker` where tasks find it. For the barrier before a trial, one
waiting task per worker is submitted: none ends before every worker has one.
"""

from __future__ import annotations

import threading
from abc import abstractmethod
from threading import BrokenBarrierError
from time import perf_counter_ns
from typing import Any, ClassVar, Optional

from .. import probe
from ..board import ASSIGNED, Board
from ..parent_death import die_with_creator
from ..worker import Work, Worker
from ._abc import BARRIER_SECONDS, CrewSettings, Model, missing

_mine = threading.local()  # in a pool of threads each thread is a worker; a process of a pool has one thread


def initialize_worker(work: Work, board: Optional[Board], lock: Any, barrier: Any) -> None:
    """Take the next free index. The initializer of every pool; ``board`` is None in a worker process."""
    if board is None:
        probe.forget()
    opened = Board(work.geometry) if board is None else board
    with lock:
        index = int(opened.control[ASSIGNED])
        opened.control[ASSIGNED] = index + 1
    _mine.worker = Worker(index, work, board)
    _mine.barrier = barrier
    if board is None:
        die_with_creator()


def perform(task: int, value: int, payload: Any) -> tuple[int, Any]:
    """Carry out one task in the worker that took it."""
    worker: Worker = _mine.worker
    return worker.perform(task, value, payload)


def wait_at_barrier() -> None:
    """Prepare for the next trial and wait for the other workers."""
    _mine.worker.prepare()
    _mine.barrier.wait()


class Pool(Model):
    """A model whose workers belong to a pool of the standard library."""

    TRANSPORT = "native"
    OPTIONS: ClassVar[dict[str, str]] = {"chunksize": "count?"}

    def __init__(self, settings: CrewSettings, work: Work, board: Board) -> None:
        super().__init__(settings, work, board)
        self.context = self._context()
        self.barrier = self.context.Barrier(settings.workers + 1)
        self.lock = self.context.Lock()

    @abstractmethod
    def _context(self) -> Any:
        """Return the factory of locks and barriers for workers of this kind."""

    @abstractmethod
    def _open(self, initargs: tuple[Any, ...]) -> None:
        """Create the pool, with `initialize_worker` as its initializer."""

    @abstractmethod
    def _submit_barrier_waits(self) -> list[Any]:
        """Submit one `wait_at_barrier` for each worker; return the calls that wait for them to end."""

    @abstractmethod
    def _close(self) -> None:
        """Shut the pool down and wait for its workers."""

    def start(self) -> None:
        """Create the pool, which creates its workers at once or with the first tasks."""
        self.created_ns = [perf_counter_ns()] * self.settings.workers
        board = None if self.START_METHODS else self.board
        self._open((self.work, board, self.lock, self.barrier))

    def stop(self) -> None:
        """Shut the pool down."""
        self.stopped_ns = perf_counter_ns()
        self._close()
        self.joined_ns = [perf_counter_ns()] * self.settings.workers

    def _synchronize(self) -> None:
        ends = self._submit_barrier_waits()
        try:
            self.barrier.wait(BARRIER_SECONDS)
        except BrokenBarrierError as error:
            raise missing(self.settings.workers) from error
        for end in ends:
            end()

    def _chunks(self, items: int) -> Optional[int]:
        """Return the configured chunk size, None for the library's; 1 for a window's items."""
        return 1 if items <= self.settings.workers else self.settings.options.get("chunksize")


def columns(items: list[tuple[int, Any]]) -> tuple[list[int], list[int], list[Any]]:
    """Return task numbers, values and payloads as separate lists, as ``Executor.map`` takes them."""
    return list(range(len(items))), [value for value, _ in items], [payload for _, payload in items]
