"""Ends a run whose worker process died, since nobody would ever answer for it."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from multiprocessing import active_children, connection
from threading import Lock, Thread
from typing import Any

EXIT_WORKER_DIED = 70
_GRACE_S = 0.1  # between an error that a worker's end made and the moment when that end is seen
_PATIENCE_S = 1.0  # until somebody else's reaping of a worker is known
_BY_ITS_POOL = "was ended by signal SIGTERM"  # because another worker ended

_telling = Lock()  # held by whoever tells of a death, to the end of the process


class Watch:
    """A thread that sleeps until one of ``processes`` ends; it takes no CPU time in between.

    The parent may be blocked in a read that cannot be interrupted, so the process ends at once (`os._exit`): what
    was measured in this run so far has no partner any more.
    """

    def __init__(self, processes: list[Any]) -> None:
        self._processes = processes
        self._wake, self._asleep = connection.Pipe()
        self._thread = Thread(target=self._sleep, name="watch", daemon=True)
        self._thread.start()

    def _sleep(self) -> None:
        connection.wait([self._asleep, *(process.sentinel for process in self._processes)])
        tell_of_death(self._processes, 0)

    def end(self) -> None:
        """Stop watching: from now on processes may end."""
        self._wake.send(None)
        self._thread.join()
        self._wake.close()
        self._asleep.close()


@contextmanager
def over(pids: Sequence[int], *, watched: bool) -> Iterator[None]:
    """Heed the ends of the workers with these process ids, in order; ``watched`` ones have a `Watch` of their own.

    An error may be a worker's end in disguise, such as a pipe that broke: then that end is told, not the error.
    """
    children = {child.pid: child for child in active_children()}
    missing = [number for number, pid in enumerate(pids) if pid not in children]
    if missing:
        _tell(missing[0], "ended")
    workers = [children[pid] for pid in pids]
    watch = Watch([] if watched else workers)
    try:
        yield
    except BaseException:
        tell_of_death(workers, _GRACE_S)
        raise
    finally:
        watch.end()


def tell_of_death(workers: Sequence[Any], grace: float) -> None:
    """End this process where one of ``workers`` ended, or does so within ``grace`` seconds; say which one, and how."""
    ended = connection.wait([process.sentinel for process in workers], grace) if workers else []
    told = {number: _how(worker) for number, worker in enumerate(workers) if worker.sentinel in ended}
    if told:
        first = min(told, key=lambda number: (told[number] == _BY_ITS_POOL, number))
        _tell(first, told[first])


def _tell(worker: int, how: str) -> None:
    _telling.acquire()  # never released: another thread has nothing to add
    sys.stderr.write(f"\nworker {worker} {how} in the middle of the run\n")
    sys.stderr.flush()
    os._exit(EXIT_WORKER_DIED)


def _how(process: Any) -> str:
    """Say how a process ended. Its pool may have reaped it: then its object knows in a moment."""
    end = time.perf_counter() + _PATIENCE_S
    while process.exitcode is None and time.perf_counter() < end:
        time.sleep(0.001)
    code = process.exitcode
    if code is None:
        return "ended"
    return f"was ended by signal {_name(-code)}" if code < 0 else f"exited with code {code}"


def _name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:  # a real-time signal
        return str(number)
