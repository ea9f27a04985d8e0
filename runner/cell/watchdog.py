"""Ends a run whose worker process died, since its answer would never come."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from multiprocessing import active_children, connection
from threading import Lock, Thread, current_thread, main_thread
from typing import Any, Optional

from .errors import PoolFailed, TaskFailed, WorkerDied

EXIT_WORKER_DIED = 70
_GRACE_S = 0.5  # between an error caused by a worker's end and the moment when that end is seen
POOL_GRACE_S = 2.0  # when a pool broke: it notices a closed connection before the process has ended
_PATIENCE_S = (
    2.0  # for whoever reaps the worker: a pool checks ten times a second, unless others keep it waiting
)
_POOL_PATIENCE_S = (
    2.0  # for what made a pool end its workers: another worker's end, or a result it cannot read
)
_STEP_S = 0.001
_BY_ITS_POOL = "was ended by signal SIGTERM"  # because another worker ended

_DEATH = signal.SIGUSR2
_told: list[str] = []  # deaths, the first one first, while they are raised
_raises: list[bool] = []
_reporting = Lock()  # held by whoever reports a death, until the process exits


class Lives:
    """The worker processes of a run, in order; ``pool`` says whether a pool reaps them.

    An end is detected by a descriptor of the process itself if the system has them (Linux): the sentinel of
    multiprocessing stays quiet while a process forked by the worker is alive.
    """

    def __init__(self, processes: Sequence[Any], *, pool: bool) -> None:
        self._pool = pool
        self.settled = False
        self.processes = {_descriptor(process): process for process in processes}
        self._starters = {id(process): getattr(process, "_popen", None) for process in processes}

    def report_death(self, grace: float) -> None:
        """Exit if a worker ended, or ends within ``grace`` seconds, and report which one and how.

        Not if it is `settled` that the workers ended for another reason, which is known.
        """
        if not self.processes or not connection.wait(list(self.processes), grace):
            return
        endings, end = self._endings(), time.perf_counter() + _POOL_PATIENCE_S
        while set(endings.values()) == {_BY_ITS_POOL} and time.perf_counter() < end and not self.settled:
            time.sleep(_STEP_S)  # the worker that made the pool end these is being reaped
            endings = self._endings()
        if self.settled:
            return
        first = min(endings, key=lambda number: (endings[number] == _BY_ITS_POOL, number))
        report(first, endings[first])

    def _endings(self) -> dict[int, str]:
        """Describe how each worker that ended did so, by its number."""
        ended = connection.wait(list(self.processes), 0)
        return {
            number: self._how(process)
            for number, (descriptor, process) in enumerate(self.processes.items())
            if descriptor in ended or _is_reaped(process)
        }

    def _how(self, process: Any) -> str:
        """Describe how a process ended."""
        if self._pool:
            _await_reaping(process)
        code = self._exit_code(process)
        if code is None:
            return "ended"
        return f"was ended by signal {_name(-code)}" if code < 0 else f"exited with code {code}"

    def _exit_code(self, process: Any) -> Any:
        """Return the exit code; if the pool closed the process meanwhile, it was kept when it was reaped."""
        if isinstance(process, _Stranger):
            return None
        try:
            return _exit_code(process)
        except ValueError:
            return getattr(self._starters[id(process)], "returncode", None)

    def close(self) -> None:
        """Close the descriptors that are ours."""
        sentinels = {getattr(starter, "sentinel", None) for starter in self._starters.values()}
        for descriptor in self.processes:
            if descriptor not in sentinels:
                os.close(descriptor)


class _Stranger:
    """A worker that is no child of this process: its end can be seen, but not how it ended."""

    exitcode = None

    def __init__(self, pid: int, sentinel: int) -> None:
        self.pid = pid
        self.sentinel = sentinel


def _stranger(pid: int) -> Optional[_Stranger]:
    """Return a process that another process started for us; None if it is gone or cannot be watched."""
    try:
        return _Stranger(pid, os.pidfd_open(pid))
    except (AttributeError, OSError):
        return None


class Watch:
    """A thread that sleeps until one of ``processes`` ends; it takes no CPU time in between.

    The parent may be blocked in a read that cannot be interrupted, so the process exits at once (`os._exit`):
    a run that lost a worker has no result.
    """

    def __init__(self, processes: Sequence[Any], *, pool: bool = False) -> None:
        self._lives = Lives(processes, pool=pool)
        self._wake, self._asleep = connection.Pipe()
        self._thread = Thread(target=self._sleep, name="watch", daemon=True)
        self._thread.start()

    def _sleep(self) -> None:
        connection.wait([self._asleep, *self._lives.processes])
        self._lives.report_death(0)

    def settle(self) -> None:
        """Report nothing from now on: why the workers end is known."""
        self._lives.settled = True

    def end(self) -> None:
        """Stop watching: from now on workers may end."""
        self._wake.send(None)
        self._thread.join()
        self._wake.close()
        self._asleep.close()
        self._lives.close()


@contextmanager
def over(pids: Sequence[int], *, pool: bool) -> Iterator[None]:
    """Watch the workers with these process ids, in order; those outside a pool have a `Watch` already.

    An error, such as a broken pipe, may be caused by a worker's end: then that end is reported, not the
    error.
    """
    children: dict[Any, Any] = {child.pid: child for child in active_children()}
    strangers = [found for pid in pids if pid not in children and (found := _stranger(pid)) is not None]
    children |= {stranger.pid: stranger for stranger in strangers}
    missing = [number for number, pid in enumerate(pids) if pid not in children]
    if missing and pool:  # outside a pool a `Watch` knows how it ended and is about to report it
        report(missing[0], "ended")
    workers = [children[pid] for pid in pids if pid in children]
    lives, watch = Lives(workers, pool=pool), Watch(workers, pool=True) if pool else None
    try:
        yield
    except TaskFailed:
        if watch is not None:
            watch.settle()
        raise
    except BaseException as error:
        lives.report_death(POOL_GRACE_S if isinstance(error, PoolFailed) else _GRACE_S)
        raise
    finally:
        if watch is not None:
            watch.end()
        lives.close()
        for stranger in strangers:
            os.close(stranger.sentinel)


@contextmanager
def raising() -> Iterator[None]:
    """Raise WorkerDied in the main thread during the body, instead of exiting: the process has more to do.

    The main thread may be blocked in a read, which only a signal interrupts. In any other thread this does
    nothing.
    """
    if current_thread() is not main_thread():
        yield
        return
    former = signal.signal(_DEATH, _raise)
    _raises.append(True)
    try:
        yield
    finally:
        _raises.clear()
        _told.clear()
        signal.signal(_DEATH, former)


def _raise(number: int, frame: Any) -> None:
    del number, frame
    if _raises:
        _raises.clear()  # the first death is the reason
        raise WorkerDied(_told[0])


def report(worker: int, how: str) -> None:
    """Write to stderr how a worker ended, and exit; see `raising` for the other way."""
    if not _raises and not _told:
        _exit_with(worker, how)
    _told.append(f"worker {worker} {how} in the middle of the run")
    while _raises:  # again and again: a signal that comes just before a read blocks does not interrupt it
        signal.pthread_kill(main_thread().ident or 0, _DEATH)
        time.sleep(_STEP_S)


def _exit_with(worker: int, how: str) -> None:
    _reporting.acquire()  # never released: another thread has nothing to add
    sys.stderr.write(f"\nworker {worker} {how} in the middle of the run\n")
    sys.stderr.flush()
    os._exit(EXIT_WORKER_DIED)


def _descriptor(process: Any) -> int:
    try:
        return os.pidfd_open(process.pid)
    except (AttributeError, OSError):  # not on this system or PyPy; or the process was reaped just now
        sentinel: int = process.sentinel
        return sentinel


def _await_reaping(process: Any) -> None:
    """Let the pool reap its worker: if two ask a fork server for an exit code at once, one gets a bogus 255."""
    end = time.perf_counter() + _PATIENCE_S
    while not _is_reaped(process) and time.perf_counter() < end:
        time.sleep(_STEP_S)


def _is_reaped(process: Any) -> bool:
    """Return whether the exit code was already asked for; `exitcode` would ask."""
    return getattr(getattr(process, "_popen", None), "returncode", 0) is not None


def _exit_code(process: Any) -> Any:
    """Return the exit code, which a fork server reports a moment after the end; None if it does not."""
    end = time.perf_counter() + _PATIENCE_S
    while process.exitcode is None and time.perf_counter() < end:
        time.sleep(_STEP_S)
    return process.exitcode


def _name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:  # a real-time signal
        return str(number)
