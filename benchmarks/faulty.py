"""A user's functions that misbehave, each in its own way, bounded in time and memory.

Only in a worker process: where they are called serially, for comparison, they give their result. To be
measured as ``workload=function workload.target=faulty:NAME``, in a folder that holds this file.
"""

from __future__ import annotations

import ctypes
import itertools
import mmap
import os
import signal
import stat
import threading
import time
from contextlib import suppress
from multiprocessing import parent_process
from pathlib import Path

RESULT = 42
MOST_BYTES = 448 << 20
LONGEST_SECONDS = 120.0
_CHUNK = 8 << 20
_SMALL_SHARED_BYTES = 64 << 20
_GARBAGE = b"\xff\x00garbage" * 1000
_FIRST_OWN = 3  # descriptors below are the standard ones


def is_well() -> int:
    """Return the result, without a fault."""
    return RESULT


def exits() -> int:
    """End the worker without a word."""
    if _in_worker():
        os._exit(9)
    return RESULT


def segfaults() -> int:
    """Read address 0."""
    if _in_worker():
        ctypes.string_at(0)
    return RESULT


def deadlocks() -> int:
    """Take a lock that is held already."""
    if _in_worker():
        lock = threading.Lock()
        with lock:
            lock.acquire(timeout=LONGEST_SECONDS)
    return RESULT


def hogs_memory() -> int:
    """Take memory, up to `MOST_BYTES`."""
    if _in_worker():
        held = [bytearray(_CHUNK) for _ in range(MOST_BYTES // _CHUNK)]
        return RESULT + 0 * len(held)
    return RESULT


def leaves_daemons() -> int:
    """Leave processes behind in sessions of their own, ignoring signals, with an empty environment."""
    if _in_worker() and _once("daemons"):
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        child = os.fork()
        if child == 0:
            os.setsid()
            if os.fork() == 0:
                os.execve("/bin/sleep", ["sleep", str(LONGEST_SECONDS)], {})  # noqa: S606  # a daemon needs no shell
            os._exit(0)
        os.waitpid(child, 0)
    return RESULT


def leaves_daemons_and_exits() -> int:
    """Do the same, and end the worker."""
    if leaves_daemons() and _in_worker():
        os._exit(9)
    return RESULT


def stops_itself() -> int:
    """Stop the worker, as by SIGSTOP."""
    if _in_worker():
        os.kill(os.getpid(), signal.SIGSTOP)
    return RESULT


def writes_into_pipes() -> int:
    """Write garbage into every pipe and socket that the worker has."""
    if _in_worker():
        for descriptor in [int(path.name) for path in Path("/proc/self/fd").iterdir()]:
            with suppress(OSError):
                mode = os.fstat(descriptor).st_mode
                if descriptor >= _FIRST_OWN and (stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode)):
                    os.set_blocking(descriptor, False)
                    os.write(descriptor, _GARBAGE)
    return RESULT


def writes_over_the_trace() -> int:
    """Write garbage over the files that the run's processes share."""
    if _in_worker():
        for path in _run_folder().iterdir():
            with suppress(OSError, ValueError), path.open("r+b") as file:
                mapped = mmap.mmap(file.fileno(), 0)
                mapped[:] = (_GARBAGE * (len(mapped) // len(_GARBAGE) + 1))[: len(mapped)]
    return RESULT


def replaces_the_result() -> int:
    """Replace the files for the result and the trace by pipes without a reader."""
    if _in_worker() and _once("pipes"):
        for name in ("result.json", "trace.bin"):
            with suppress(OSError):
                os.mkfifo(_run_folder() / name)
    return RESULT


def fills_shared_memory() -> int:
    """Fill the shared memory that the run's folder lies in, where it is small enough to be meant for that."""
    if _in_worker() and _once("full"):
        about = os.statvfs(_run_folder())
        if about.f_blocks * about.f_frsize > _SMALL_SHARED_BYTES:
            raise RuntimeError("that is the shared memory of others")
        with suppress(OSError), (_run_folder() / "filler").open("wb", buffering=0) as file:
            for _ in itertools.repeat(None, 2 * _SMALL_SHARED_BYTES // len(_GARBAGE)):
                file.write(_GARBAGE)
    return RESULT


def waits_for_go() -> int:
    """Say that it is reached by making the file ``reached``, and wait for the file ``go``."""
    if _in_worker():
        here = Path(__file__).parent
        (here / "reached").touch()
        until = time.monotonic() + LONGEST_SECONDS
        while not (here / "go").exists() and time.monotonic() < until:
            time.sleep(0.01)
    return RESULT


def _in_worker() -> bool:
    return parent_process() is not None


def _once(what: str) -> bool:
    """Return whether this is the first call of that in this worker."""
    first = what not in _done
    _done.add(what)
    return first


_done: set[str] = set()


def _run_folder() -> Path:
    """Find the run's private folder by what this process has mapped of it."""
    lines = Path("/proc/self/maps").read_text(encoding="utf-8").splitlines()
    return next(Path(line.split()[-1]).parent for line in lines if "/breakeven-" in line)
