"""What the kernel counts for parent and workers.

Each process writes its own switches, faults and CPU time on its lane, where the parent reads them. How long
each thread waited for a CPU, and how often it was moved, the parent reads from the kernel.
"""

from __future__ import annotations

from collections.abc import Sequence
from resource import RUSAGE_SELF, getrusage
from time import process_time_ns
from typing import NamedTuple, Optional

from .board import CPU, INVOLUNTARY, MAJOR, MINOR, PID, THREAD, VOLUNTARY
from .procfs import KernelFile

_WORDS = (CPU, VOLUNTARY, INVOLUNTARY, MINOR, MAJOR)
_TASK = "/proc/{}/task/{}/{}"


class Usage(NamedTuple):
    """Counts of processes since their starts, summed."""

    cpu_ns: int
    voluntary_switches: int
    involuntary_switches: int
    minor_faults: int
    major_faults: int


def write_usage(header: memoryview) -> None:
    """Write the current counts of this process on its lane."""
    usage = getrusage(RUSAGE_SELF)
    counts = (process_time_ns(), usage.ru_nvcsw, usage.ru_nivcsw, usage.ru_minflt, usage.ru_majflt)
    for word, count in zip(_WORDS, counts):
        header[word] = count


def usage_of(headers: Sequence[memoryview]) -> Usage:
    """Return the sum of the counts that processes wrote."""
    return Usage(*(sum(header[word] for header in headers) for word in _WORDS))


class Threads:
    """Reads what the kernel counts for the threads registered in ``headers``."""

    def __init__(self, headers: Sequence[memoryview]) -> None:
        places = dict.fromkeys(
            (header[PID], header[THREAD]) for header in headers
        )  # serial's worker is the parent
        self._delays = [KernelFile(_TASK.format(*place, "schedstat")) for place in places]
        self._moves = [KernelFile(_TASK.format(*place, "sched")) for place in places]

    def delays_ns(self) -> list[Optional[int]]:
        """Return how long each thread was ready to run but had no CPU: the second word of schedstat."""
        texts = [file.read() for file in self._delays]
        return [None if text is None else int(text.split()[1]) for text in texts]

    def migrations(self) -> list[Optional[int]]:
        """Return how often each thread was moved to another CPU."""
        return [_migrations(file.read()) for file in self._moves]

    def close(self) -> None:
        """Close the files."""
        for file in (*self._delays, *self._moves):
            file.close()


def _migrations(text: Optional[bytes]) -> Optional[int]:
    _, found, rest = (text or b"").partition(b"nr_migrations")
    return int(rest.partition(b":")[2].split(None, 1)[0]) if found else None
