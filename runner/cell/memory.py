"""Memory of a process, as the kernel reports it."""

from __future__ import annotations

import mmap
import os
import sys
from resource import RUSAGE_SELF, getrusage
from time import perf_counter_ns
from typing import Optional

from .procfs import read_once

_PAGES, _REPETITIONS = 32, 5


def peak_bytes(pid: int) -> Optional[int]:
    """Return the peak resident memory of a process, shared pages included."""
    return _line(f"/proc/{pid}/status", b"VmHWM")


def own_peak_bytes() -> int:
    """Return the same for this process, on any system.

    On Linux `getrusage` also counts what the process held before it became this program.
    """
    return peak_bytes(os.getpid()) or getrusage(RUSAGE_SELF).ru_maxrss * (
        1 if sys.platform == "darwin" else 1024
    )


def proportional_bytes(pid: int) -> Optional[int]:
    """Return the memory a process holds now, each shared page divided by the number of its sharers (PSS)."""
    return _line(f"/proc/{pid}/smaps_rollup", b"Pss")


def _line(path: str, name: bytes) -> Optional[int]:
    """Read one line of a file, which is in KiB."""
    lines = (read_once(path) or b"").splitlines()
    found = [line.split()[1] for line in lines if line.partition(b":")[0] == name]
    return 1024 * int(found[0]) if found else None


def page_fault_ns() -> int:
    """Return how long the kernel takes to provide a page at its first use and to take it back: the median of five."""
    return sorted(_fault_ns() for _ in range(_REPETITIONS))[_REPETITIONS // 2]


def _fault_ns() -> int:
    """Return the mean over some pages; a second pass over them takes off what writing a byte takes."""
    memory = mmap.mmap(-1, _PAGES * mmap.PAGESIZE, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    view, ones = memoryview(memory), b"1" * _PAGES
    times = [perf_counter_ns()]
    for _ in range(2):
        view[:: mmap.PAGESIZE] = ones
        times.append(perf_counter_ns())
    view.release()
    memory.close()
    begun, touched, again, released = *times, perf_counter_ns()
    return max((touched - begun) - (again - touched) + (released - again), 0) // _PAGES
