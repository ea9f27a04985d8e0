"""Memory of processes, as the kernel reports it."""

from __future__ import annotations

import mmap
import os
import sys
from collections.abc import Iterator
from resource import RUSAGE_SELF, getrusage
from time import perf_counter_ns
from typing import Optional

from .named import NamedTuple
from .procfs import read_once

ROLLUP = "/proc/self/smaps_rollup"
"""Where Linux says, from 4.14 on, what this process holds."""

_PAGES, _REPETITIONS = 32, 5


class Held(NamedTuple):
    """What a process holds now, in bytes.

    ``private`` are the pages that nobody else has, ``proportional`` counts each shared page divided by the number of
    its sharers as well (PSS), ``resident`` counts it in full (RSS).
    """

    private: int
    proportional: int
    resident: int


def held(pid: int) -> Optional[Held]:
    """Return what a process holds; None if it is gone, or if the kernel does not tell."""
    lines = _lines(f"/proc/{pid}/smaps_rollup")
    if b"Pss" not in lines:
        return None
    return Held(lines[b"Private_Clean"] + lines[b"Private_Dirty"], lines[b"Pss"], lines[b"Rss"])


def family_bytes() -> int:
    """Return the proportional bytes of this process and all its descendants, as far as the kernel says."""
    own = os.getpid()
    return sum(proportional_bytes(pid) or 0 for pid in (own, *descendants(own)))


def descendants(pid: int) -> Iterator[int]:
    """Yield the processes that a process has started, and those that these have started, among those that run now."""
    children: dict[int, list[int]] = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            children.setdefault(_parent(name), []).append(int(name))
    found = children.pop(pid, [])
    while found:
        one = found.pop()
        found += children.pop(one, [])
        yield one


def _parent(pid: str) -> int:
    """Return the parent of a process; 0 if it is gone."""
    _, _, after_name = (read_once(f"/proc/{pid}/stat") or b"").rpartition(b")")
    fields = after_name.split()
    return int(fields[1]) if fields else 0


def peak_bytes(pid: int) -> Optional[int]:
    """Return the peak resident memory of a process, shared pages included."""
    return _lines(f"/proc/{pid}/status").get(b"VmHWM")


def own_peak_bytes() -> int:
    """Return the same for this process, on any system.

    On Linux `getrusage` also counts what the process held before it became this program.
    """
    return peak_bytes(os.getpid()) or getrusage(RUSAGE_SELF).ru_maxrss * (
        1 if sys.platform == "darwin" else 1024
    )


def proportional_bytes(pid: int) -> Optional[int]:
    """Return the memory a process holds now, each shared page divided by the number of its sharers (PSS)."""
    return _lines(f"/proc/{pid}/smaps_rollup").get(b"Pss")


def _lines(path: str) -> dict[bytes, int]:
    """Return the sizes in a file, by name; there they are in KiB."""
    pairs = (line.partition(b":") for line in (read_once(path) or b"").splitlines() if line.endswith(b" kB"))
    return {name: 1024 * int(size.split()[0]) for name, _, size in pairs}


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
