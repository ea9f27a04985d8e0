"""Interpreters of this process with a GIL each, every one in a thread of its own."""

from __future__ import annotations

import multiprocessing
import os
import sys
from contextlib import suppress
from threading import Thread
from typing import Any, Optional

from .. import failures
from ..board import Board
from ..boot import Later, Ready, enter
from ..channels._abc import STOP, Port
from ..contexts import context_of
from ..interpreters import SINCE, Isolated, lacks, pack
from ..meeting import Meeting, Seat
from ..member import Lack
from ..spaces import INTERPRETERS
from ..worker import Work
from ._abc import CrewSettings
from ._bare import Bare, serve, set_up

_PATIENCE_S = 5.0


class _Context:
    """The primitives of `multiprocessing`'s contexts, for interpreters.

    Pipes and named semaphores reach every interpreter of the process.
    """

    Barrier = Meeting
    Pipe = staticmethod(multiprocessing.Pipe)

    def __getattr__(self, name: str) -> Any:
        return getattr(context_of("spawn"), name)  # which starts a process that keeps names


class Interpreter(Bare):
    """One thread per worker, which makes its interpreter, as a pool of interpreters does."""

    SPACE = INTERPRETERS
    SINCE = SINCE
    QUEUE = "pipe"  # 3.13 has no queue between interpreters, and a reader of 3.14's sleeps up to 10 ms between two looks

    def __init__(self, settings: CrewSettings, work: Work, board: Board) -> None:
        self.threads: list[Thread] = []
        super().__init__(settings, work, board)

    @classmethod
    def lacks(cls, options: dict[str, Any]) -> Optional[Lack]:
        """Return what this Python lacks."""
        return lacks() or super().lacks(options)

    @classmethod
    def inherits(cls, start_method: Optional[str]) -> bool:
        """Return False: what an interpreter begins with is pickled."""
        del start_method
        return False

    def _context(self) -> Any:
        return _Context()

    def _make(self, worker: int) -> None:
        later = Later((_work, self.channel.port(worker), worker, self._work_of(worker)))
        seat: Seat = self.barrier.seat(worker)
        text = pack(enter, sys.path, self.users, None, Later(seat), later)
        thread = Thread(target=self._live, args=(worker, text), name=f"worker-{worker}", daemon=True)
        self.threads.append(thread)
        thread.start()

    def _live(self, worker: int, text: str) -> None:
        """Make an interpreter, execute a text in it, and end it; where that fails, the parent reports it."""
        try:
            made = Isolated()
            try:
                made.run(text)
            finally:
                made.close()
        except RuntimeError as error:
            folder = os.path.dirname(self.work.geometry.path)
            failures.leave(folder, worker, error)
            self.barrier.abort()  # where the parent waits
            if self.synchronized:  # it may wait for an answer instead
                failures.end_run(failures.left(folder, self.settings.workers))

    def _join(self, worker: int) -> None:
        self.threads[worker].join()

    def stop(self) -> None:
        """Ask the workers to stop, and join them."""
        super().stop()
        self.barrier.close()

    def abandon(self) -> None:
        """Ask the workers to stop, in a process that has more to do; one in the middle of a task cannot be ended."""
        if failures.ends_with_run():
            return
        with suppress(BrokenPipeError, ConnectionError):  # they have stopped
            for worker in range(self.settings.workers):
                self.channel.order(worker, STOP)
        for thread in self.threads:
            thread.join(_PATIENCE_S)


def _work(port: Port, index: int, work: Work, barrier: Seat, ready: Ready) -> None:
    worker = set_up(index, work, Board(work.geometry), barrier, ready)
    if worker is not None:
        serve(port, worker, barrier)
