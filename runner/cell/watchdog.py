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
_PATIENCE_S = 0.3  # of whoever is to reap a worker: a pool looks ten times a second
_STEP_S = 0.001
_BY_ITS_POOL = "was ended by signal SIGTERM"  # because another worker ended

_telling = Lock()  # held by whoever tells of a death, to the end of the process


class Lives:
    """The worker processes of a run, in order; ``pool`` says that a pool reaps them.

    What tells of an end is the process itself where the system has descriptors of such (Linux): the sentinel of
    multiprocessing stays quiet as long as a process lives that the worker forked.
    """

    def __init__(self, processes: Sequence[Any], *, pool: bool) -> None:
        self._pool = pool
        self.processes = {_descriptor(process): process for process in processes}

    def tell_of_death(self, grace: float) -> None:
        """End this process where a worker ended, or does so within ``grace`` seconds; say which one, and how."""
        if not self.processes or not connection.wait(list(self.processes), grace):
            return
        told, end = self._told(), time.perf_counter() + _PATIENCE_S
        while set(told.values()) == {_BY_ITS_POOL} and time.perf_counter() < end:
            time.sleep(_STEP_S)  # the one that the pool ended them for is being reaped
            told = self._told()
        first = min(told, key=lambda number: (told[number] == _BY_ITS_POOL, number))
        tell(first, told[first])

    def _told(self) -> dict[int, str]:
        """Say how each worker that ended did, by its number."""
        ended = connection.wait(list(self.processes), 0)
        return {
            number: self._how(process)
            for number, (descriptor, process) in enumerate(self.processes.items())
            if descriptor in ended or _is_reaped(process)
        }

    def _how(self, process: Any) -> str:
        """Say how a process ended."""
        if self._pool:
            _await_reaping(process)
        code = _exit_code(process)
        if code is None:
            return "ended"
        return f"was ended by signal {_name(-code)}" if code < 0 else f"exited with code {code}"

    def close(self) -> None:
        """Let go of the descriptors that are ours."""
        for descriptor, process in self.processes.items():
            if descriptor != process.sentinel:
                os.close(descriptor)


class Watch:
    """A thread that sleeps until one of ``processes`` ends; it takes no CPU time in between.

    The parent may be blocked in a read that cannot be interrupted, so the process ends at once (`os._exit`): what
    was measured in this run so far has no partner any more.
    """

    def __init__(self, processes: Sequence[Any], *, pool: bool = False) -> None:
        self._lives = Lives(processes, pool=pool)
        self._wake, self._asleep = connection.Pipe()
        self._thread = Thread(target=self._sleep, name="watch", daemon=True)
        self._thread.start()

    def _sleep(self) -> None:
        connection.wait([self._asleep, *self._lives.processes])
        self._lives.tell_of_death(0)

    def end(self) -> None:
        """Stop watching: from now on processes may end."""
        self._wake.send(None)
        self._thread.join()
        self._wake.close()
        self._asleep.close()
        self._lives.close()


@contextmanager
def over(pids: Sequence[int], *, pool: bool) -> Iterator[None]:
    """Heed the ends of the workers with these process ids, in order; those that are of no pool have a `Watch` already.

    An error may be a worker's end in disguise, such as a pipe that broke: then that end is told, not the error.
    """
    children = {child.pid: child for child in active_children()}
    missing = [number for number, pid in enumerate(pids) if pid not in children]
    if missing and pool:  # a `Watch` would know how it ended, and is about to tell
        tell(missing[0], "ended")
    workers = [children[pid] for pid in pids if pid in children]
    lives, watch = Lives(workers, pool=pool), Watch(workers if pool else [], pool=pool)
    try:
        yield
    except BaseException:
        lives.tell_of_death(_GRACE_S)
        raise
    finally:
        watch.end()
        lives.close()


def tell(worker: int, how: str) -> None:
    """Say on stderr how a worker ended, and end this process."""
    _telling.acquire()  # never released: another thread has nothing to add
    sys.stderr.write(f"\nworker {worker} {how} in the middle of the run\n")
    sys.stderr.flush()
    os._exit(EXIT_WORKER_DIED)


def _descriptor(process: Any) -> int:
    try:
        return os.pidfd_open(process.pid)
    except (AttributeError, OSError):  # not this system, not PyPy; a process that was reaped just now
        sentinel: int = process.sentinel
        return sentinel


def _await_reaping(process: Any) -> None:
    """Let the pool reap its worker: of two that ask a fork server for an exit code at once, one gets a made-up 255."""
    end = time.perf_counter() + _PATIENCE_S
    while not _is_reaped(process) and time.perf_counter() < end:
        time.sleep(_STEP_S)


def _is_reaped(process: Any) -> bool:
    """Return whether somebody has asked for the exit code already; `exitcode` would ask."""
    return getattr(getattr(process, "_popen", None), "returncode", 0) is not None


def _exit_code(process: Any) -> Any:
    """Return the exit code, which a fork server tells a moment after the end; None if it does not."""
    end = time.perf_counter() + _PATIENCE_S
    while process.exitcode is None and time.perf_counter() < end:
        time.sleep(_STEP_S)
    return process.exitcode


def _name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:  # a real-time signal
        return str(number)
