"""What the kernel counts for parent and workers.

Each process writes its own switches, faults and CPU time on its lane, where the parent reads them; each worker and the
parent also the CPU time of its own thread, so that what is left is of other threads: those of native libraries (BLAS,
OpenMP) and those that the function starts. How long each thread waited for a CPU, and how often it was moved, the
parent reads from the kernel.
"""

from __future__ import annotations

from collections.abc import Sequence
from resource import RUSAGE_CHILDREN, RUSAGE_SELF, getrusage
from threading import active_count
from threading import enumerate as all_threads
from time import process_time_ns, thread_time_ns
from typing import Optional

from .board import CPU, INVOLUNTARY, MAJOR, MINOR, OWN, PID, PYTHON_THREADS, THREAD, VOLUNTARY
from .named import NamedTuple
from .procfs import KernelFile, read_once

_WORDS = (CPU, VOLUNTARY, INVOLUNTARY, MINOR, MAJOR)
_TASK = "/proc/{}/task/{}/{}"
_FEEDER = "QueueFeederThread"


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
    header[OWN] = thread_time_ns() + _feeders_cpu_ns()
    header[PYTHON_THREADS] = active_count()


def childrens_usage() -> Usage:
    """Return the counts of all processes that this one started and that have ended."""
    usage = getrusage(RUSAGE_CHILDREN)
    cpu_ns = round((usage.ru_utime + usage.ru_stime) * 1e9)
    return Usage(cpu_ns, usage.ru_nvcsw, usage.ru_nivcsw, usage.ru_minflt, usage.ru_majflt)


def _feeders_cpu_ns() -> int:
    """Return the CPU time of the threads that send for queues of this process, as far as the kernel reports it.

    They wait for work now, so that the kernel's count is complete.
    """
    feeders = [thread.native_id for thread in all_threads() if thread.name == _FEEDER]
    texts = (read_once(_TASK.format("self", feeder, "schedstat")) for feeder in feeders)
    return sum(int(text.split()[0]) for text in texts if text is not None)


def other_cpu_ns(processes: Sequence[memoryview], threads: Sequence[memoryview]) -> tuple[int, ...]:
    """Return for each process the CPU time of threads other than ``threads``; headers as of the last `write_usage`."""
    own = {(header[PID], header[THREAD]): header[OWN] for header in threads}  # serial's worker is the parent
    return tuple(
        process[CPU] - sum(used for (pid, _), used in own.items() if pid == process[PID])
        for process in processes
    )


def minor_faults(processes: Sequence[memoryview]) -> tuple[int, ...]:
    """Return the page faults of each process that were served from memory."""
    return tuple(process[MINOR] for process in processes)


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
