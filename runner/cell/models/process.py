"""`multiprocessing.Process`: workers with their own interpreter and memory, by fork, forkserver or spawn."""

from __future__ import annotations

from multiprocessing import util
from threading import Event
from typing import Any, Optional

from .. import probe, watchdog
from ..boot import Later, Ready, start
from ..channels._abc import Port
from ..contexts import context_of
from ..spaces import PROCESSES
from ..worker import Work
from ._bare import Bare, serve, set_up

_FIRST = 100  # of what multiprocessing does at exit


class Process(Bare):
    """One process per worker; not daemonic, so that a user's function can start processes of its own."""

    SPACE = PROCESSES
    EQUIPS = True
    START_METHODS = ("fork", "forkserver", "spawn")

    def _context(self) -> Any:
        self.processes: list[Any] = []
        self.watch: Optional[watchdog.Watch] = None
        util.Finalize(
            self, _kill, args=(self.processes,), exitpriority=_FIRST
        )  # else the exit would join them
        return context_of(self.settings.start_method)

    def _await_workers(self) -> None:
        """Wait for the workers, from the first time on with a watch.

        A worker that dies ends the run instead of hanging it.
        """
        if self.watch is None:
            self._hear(lambda: self.processes, pool=False)
            self.watch = watchdog.Watch(self.processes)
        super()._await_workers()

    def _make(self, worker: int) -> None:
        later = Later((_work, self.channel.port(worker), worker, self._work_of(worker)))
        args = (self.users, self.says, Later(self.barrier), later)
        process = self.context.Process(target=start, args=args, name=f"worker-{worker}", daemon=False)
        process.start()
        self.processes.append(process)

    def stop(self) -> None:
        """Ask the processes to stop, and join them."""
        self._end_watch()
        super().stop()

    def abandon(self) -> None:
        """Stop watching, then end the processes."""
        self._end_watch()
        _kill(self.processes)
        self._close()

    def _end_watch(self) -> None:
        if self.watch is not None:  # they were all started
            self.watch.end()

    def _join(self, worker: int) -> None:
        self.processes[worker].join()


def _kill(processes: list[Any]) -> None:
    for process in processes:
        process.kill()  # a user's function may ignore SIGTERM
        process.join()


def _work(port: Port, index: int, work: Work, barrier: Any, ready: Ready) -> None:
    probe.forget()  # a forked process inherits the parent's hooks
    worker = set_up(index, work, None, barrier, ready)
    if worker is None or not serve(port, worker, barrier):
        Event().wait()  # until it is ended: the parent knows why, and this end would look like the reason
