"""Workers of a pool, which brings its own transport; what runs in them, and how they are gathered.

A pool decides which worker takes what, so a worker learns its place when it is made: it draws a number, opens the
lane of that number and keeps its seat where the tasks find it. For the barrier before a trial, as many rendezvous
tasks as there are workers are submitted: none ends before each worker has one.
"""

from __future__ import annotations

import threading
from abc import abstractmethod
from threading import BrokenBarrierError
from time import perf_counter_ns
from typing import Any, ClassVar, Optional

from .. import probe
from ..board import SEATED, Board
from ..parent_death import die_with_creator
from ..worker import Seat, Work
from ._abc import GATHER_SECONDS, Crewing, Model, missing

_mine = threading.local()  # a pool of threads has a seat for each thread; a process of a pool has one thread


def sit(work: Work, board: Optional[Board], lock: Any, barrier: Any) -> None:
    """Take the next free seat. The initializer of every pool; ``board`` is None in a process of its own."""
    if board is None:
        probe.forget()
    opened = Board(work.geometry) if board is None else board
    with lock:
        index = int(opened.control[SEATED])
        opened.control[SEATED] = index + 1
    _mine.seat = Seat(index, work, board)
    _mine.barrier = barrier
    if board is None:
        die_with_creator()


def perform(task: int, value: int, payload: Any) -> tuple[int, Any]:
    """Carry out one task in whichever worker it came to."""
    seat: Seat = _mine.seat
    return seat.perform(task, value, payload)


def rendezvous() -> None:
    """Make ready for the next trial and wait for the others."""
    _mine.seat.prepare()
    _mine.barrier.wait()


class Pool(Model):
    """A model whose workers belong to a pool of the standard library."""

    TRANSPORT = "native"
    OPTIONS: ClassVar[dict[str, str]] = {"chunksize": "count?"}

    def __init__(self, crewing: Crewing, work: Work, board: Board) -> None:
        super().__init__(crewing, work, board)
        self.context = self._context()
        self.barrier = self.context.Barrier(crewing.workers + 1)
        self.lock = self.context.Lock()

    @abstractmethod
    def _context(self) -> Any:
        """Give what makes locks and barriers for workers of this kind."""

    @abstractmethod
    def _open(self, initargs: tuple[Any, ...]) -> None:
        """Make the pool, with `sit` as its initializer."""

    @abstractmethod
    def _submit_rendezvous(self) -> list[Any]:
        """Submit one `rendezvous` for each worker; give the calls that wait for their ends."""

    @abstractmethod
    def _close(self) -> None:
        """Shut the pool down and wait for its workers."""

    def start(self) -> None:
        """Make the pool. Its workers are created at once or with the first tasks, as it pleases."""
        self.created_ns = [perf_counter_ns()] * self.crewing.workers
        board = None if self.START_METHODS else self.board
        self._open((self.work, board, self.lock, self.barrier))

    def stop(self) -> None:
        """Shut the pool down."""
        self.stopped_ns = perf_counter_ns()
        self._close()
        self.joined_ns = [perf_counter_ns()] * self.crewing.workers

    def _call_in(self) -> None:
        ends = self._submit_rendezvous()
        try:
            self.barrier.wait(GATHER_SECONDS)
        except BrokenBarrierError as error:
            raise missing(self.crewing.workers) from error
        for end in ends:
            end()

    def _chunks(self, items: int) -> Optional[int]:
        """Give the chunk size asked for, None for the library's; each of the window's items travels alone."""
        return 1 if items <= self.crewing.workers else self.crewing.options.get("chunksize")


def columns(items: list[tuple[int, Any]]) -> tuple[list[int], list[int], list[Any]]:
    """Give task numbers, values and payloads of the items apart, as ``map`` of an executor takes them."""
    return list(range(len(items))), [value for value, _ in items], [payload for _, payload in items]
