"""`multiprocessing.Process`: workers with their own interpreter and memory, by fork, forkserver or spawn."""

from __future__ import annotations

import multiprocessing
from threading import Event
from typing import Any

from .. import probe, watchdog
from ..channels._abc import Port
from ..parent_death import die_with_creator
from ..worker import Work
from ._bare import Bare, serve, set_up


class Process(Bare):
    """One process per worker."""

    START_METHODS = ("fork", "forkserver", "spawn")

    def _context(self) -> Any:
        self.processes: list[Any] = []
        return multiprocessing.get_context(self.settings.start_method)

    def start(self) -> None:
        """Start the processes, then watch them, so that one that dies ends the run instead of hanging it."""
        super().start()
        self.watch = watchdog.Watch(self.processes)

    def _make(self, worker: int) -> None:
        args = (self.channel.port(worker), worker, self.work, self.barrier)
        process = self.context.Process(target=_work, args=args, name=f"worker-{worker}", daemon=True)
        self.processes.append(process)
        process.start()

    def stop(self) -> None:
        """Ask the processes to stop, and join them."""
        self.watch.end()
        super().stop()

    def abandon(self) -> None:
        """Stop watching, then end the processes."""
        self.watch.end()
        for process in self.processes:
            process.kill()  # a user's function may ignore SIGTERM
            process.join()
        self.channel.close()

    def _join(self, worker: int) -> None:
        self.processes[worker].join()


def _work(port: Port, index: int, work: Work, barrier: Any) -> None:
    probe.forget()  # a forked process inherits the parent's hooks
    worker = set_up(index, work, None, barrier)
    die_with_creator()
    if worker is None or not serve(port, worker, barrier):
        Event().wait()  # until it is ended: the parent knows why, and this end would look like the reason
