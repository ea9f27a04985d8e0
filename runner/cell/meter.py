"""Counts of what the machine did, read before and after each trial, outside its timed part."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Optional

from .named import NamedTuple
from .placement import Placement
from .procfs import KernelFile, read_once
from .rusage import Threads, Usage, minor_faults, other_cpu_ns, usage_of

_PRESSURES = ("cpu", "memory", "io")
_STEAL = (
    7  # words of a cpu line of /proc/stat after its name: user nice system idle iowait irq softirq steal ...
)
_BUSY = (0, 1, 2, 5, 6)
_CGROUPS = ("/sys/fs/cgroup", "/sys/fs/cgroup/cpu", "/sys/fs/cgroup/cpu,cpuacct")
TICK_NS = 10**9 // os.sysconf("SC_CLK_TCK")


class MachineCounts(NamedTuple):
    """The kernel's counts for the machine since boot, and the current run queue; None for what is unknown."""

    steal_ns: Optional[int] = None
    busy_ns: Optional[int] = None
    throttled_ns: Optional[int] = None
    psi_cpu_ns: Optional[int] = None
    psi_memory_ns: Optional[int] = None
    psi_io_ns: Optional[int] = None
    runnable: Optional[int] = None


class Counts(NamedTuple):
    """The counts of one trial: for the machine, for parent and workers together, and for their threads.

    ``other_cpu_ns`` is the CPU time of further threads in the processes that carried out tasks, ``task_faults`` are
    the page faults of these processes that were served from memory.
    """

    machine: MachineCounts
    usage: Usage
    run_delay_ns: Optional[int]
    longest_wait_ns: Optional[int]
    migrations: Optional[int]
    other_cpu_ns: int
    task_faults: int


class Machine:
    """Reads steal, use, throttling, pressure and run queue; None for each that the kernel does not report.

    Our CPUs are ``cpus``, which threads are pinned to; if none is, those that this process may use.
    """

    def __init__(self, cpus: Sequence[int] = ()) -> None:
        allowed = cpus or (os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else ())
        self.cpus = len(allowed) or os.cpu_count() or 1
        self._names = {b"cpu%d" % cpu for cpu in allowed}
        self._stat = KernelFile("/proc/stat")
        self._load = KernelFile("/proc/loadavg")
        self._pressures = [KernelFile(f"/proc/pressure/{name}") for name in _PRESSURES]
        self._cgroup = KernelFile(_cpu_stat())

    def read(self) -> MachineCounts:
        """Read all of them."""
        steal, busy = _use(self._stat.read(), self._names)
        throttled = _throttled(self._cgroup.read())
        cpu, memory, io = (_pressure(file.read()) for file in self._pressures)
        return MachineCounts(steal, busy, throttled, cpu, memory, io, _runnable(self._load.read()))

    def close(self) -> None:
        """Close the files."""
        for file in (self._stat, self._load, self._cgroup, *self._pressures):
            file.close()


class Reading(NamedTuple):
    """The counts that a `Meter` read at one moment.

    ``other_cpu_ns`` and ``faults`` hold one value for each process, the parent's last.
    """

    machine: MachineCounts
    usage: Usage
    delays_ns: list[Optional[int]]
    migrations: list[Optional[int]]
    other_cpu_ns: tuple[int, ...]
    faults: tuple[int, ...]


class Meter:
    """Reads machine, processes and threads together.

    ``processes`` are the headers of processes, the parent's last, ``threads`` those of all workers and of the
    parent, the parent's last. ``cpus`` are those that threads are pinned to, if they are.
    """

    def __init__(
        self, processes: Sequence[memoryview], threads: Sequence[memoryview], cpus: Sequence[int] = ()
    ) -> None:
        self.machine = Machine(cpus)
        self.placement = Placement(threads)
        self._processes = processes
        self._lanes = threads
        self._threads = Threads(threads)

    def read(self) -> Reading:
        """Read everything; the processes' own counts are those that they last wrote."""
        threads = self._threads
        return Reading(
            self.machine.read(),
            usage_of(self._processes),
            threads.delays_ns(),
            threads.migrations(),
            other_cpu_ns(self._processes, self._lanes),
            minor_faults(self._processes),
        )

    def close(self) -> None:
        """Close the files."""
        self.machine.close()
        self.placement.close()
        self._threads.close()


def between(before: Reading, after: Reading, *, alone: bool) -> Counts:
    """Return what was counted between two readings.

    The run queue is a state, not a count: the later reading is kept. If the parent worked ``alone``, only its
    own waiting, and the faults and other threads of its process count; if not, those of the workers' processes.
    """
    delays = _differences(before.delays_ns, after.delays_ns)[-1 if alone else 0 :]
    moves = _differences(before.migrations, after.migrations)
    others = [max(new - old, 0) for old, new in zip(before.other_cpu_ns, after.other_cpu_ns)]
    faults = [new - old for old, new in zip(before.faults, after.faults)]
    machine = MachineCounts(*map(_difference, before.machine, after.machine))
    return Counts(
        machine=machine._replace(runnable=after.machine.runnable),
        usage=Usage(*(new - old for old, new in zip(before.usage, after.usage))),
        run_delay_ns=sum(delays) if delays else None,
        longest_wait_ns=max(delays) if delays else None,
        migrations=sum(moves) if moves else None,
        other_cpu_ns=sum(_of_tasks(others, alone)),
        task_faults=sum(_of_tasks(faults, alone)),
    )


def _of_tasks(counts: Sequence[int], alone: bool) -> Sequence[int]:
    """Return the counts of the processes that carried out tasks.

    The parent's is the last, and the only one if workers are threads.
    """
    return counts[-1:] if alone else counts[:-1] or counts


def _difference(old: Optional[int], new: Optional[int]) -> Optional[int]:
    return None if old is None or new is None else new - old


def _differences(before: list[Optional[int]], after: list[Optional[int]]) -> list[int]:
    """Return the difference of every pair; empty if any is unknown."""
    found = [_difference(old, new) for old, new in zip(before, after)]
    known = [count for count in found if count is not None]
    return known if len(known) == len(found) else []


def _use(text: Optional[bytes], names: set[bytes]) -> tuple[Optional[int], Optional[int]]:
    """Return the time stolen from our CPUs and the time they were busy, in ns; ``text`` is /proc/stat."""
    if text is None:
        return None, None
    lines = (line.split() for line in text.splitlines() if line.startswith(b"cpu"))
    ours = [[int(word) for word in line[1:]] for line in lines if line[0] in names]
    steal = sum(words[_STEAL] for words in ours)
    return TICK_NS * steal, TICK_NS * sum(words[place] for words in ours for place in _BUSY)


def _pressure(text: Optional[bytes]) -> Optional[int]:
    """Read the total of the line ``some``, which is in us."""
    return None if text is None else 1000 * int(text.splitlines()[0].rpartition(b"total=")[2])


def _runnable(text: Optional[bytes]) -> Optional[int]:
    return None if text is None else int(text.split()[3].partition(b"/")[0])


def _throttled(text: Optional[bytes]) -> Optional[int]:
    """Read ``throttled_usec`` (cgroup v2) or ``throttled_time`` in ns (v1)."""
    words = dict(line.split(None, 1) for line in (text or b"").splitlines() if b" " in line)
    if b"throttled_usec" in words:
        return 1000 * int(words[b"throttled_usec"])
    return int(words[b"throttled_time"]) if b"throttled_time" in words else None


def _cpu_stat() -> str:
    """Return the path of ``cpu.stat`` of our cgroup, v2 first; in a container our group may be the root."""
    text = (read_once("/proc/self/cgroup") or b"").decode(errors="replace")
    fields = [line.split(":", 2) for line in text.splitlines()]
    paths = [path.rstrip("/") for _, names, path in fields if not names or "cpu" in names.split(",")]
    found = (f"{base}{path}/cpu.stat" for path in (*paths, "") for base in _CGROUPS)
    return next(filter(os.path.exists, found), "")
