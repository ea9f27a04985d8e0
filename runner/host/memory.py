"""What ``limits.memory`` becomes: a control group for the run as a whole, else a limit for each of its processes.

Linux kernel documentation: admin-guide/cgroup-v2, "Memory Interface Files" and "No Internal Process
Constraint"; admin-guide/cgroup-v1/memory, "OOM Control". A group does not count pages that the interpreter
took while starting, before it read its specification.
"""

from __future__ import annotations

import os
import resource
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from breakeven.base.units import format_size
from breakeven.runner.environment.cgroup import own_groups
from breakeven.runner.environment.files import parse_int, read_text

_NEUTRAL = {
    "cpu.max": "max 100000",
    "cpu.weight": "100",
    "cpuset.cpus": "",
    "cpuset.mems": "",
    "memory.max": "max",
    "memory.high": "max",
}
_KERNEL_COUNT = Path("/proc/vmstat")


class CannotLimit(Exception):
    """Raised when a limit is configured but this system offers no way to set it."""


class Limit(ABC):
    """A limit on the memory of a run, in bytes.

    ``descriptor`` becomes readable when the limit was hit and nothing else shows it; None if not needed.
    """

    WHOSE = ""
    descriptor: int | None = None

    def __init__(self, limit_bytes: int) -> None:
        self.limit_bytes = limit_bytes

    def __str__(self) -> str:
        return f"limits.memory ({format_size(self.limit_bytes)}), {self.WHOSE}"

    @abstractmethod
    def hold(self, pid: int) -> None:
        """Put a process, and all that it will start, under the limit; raise OSError."""

    def exceeded(self) -> bool:
        """Return whether the kernel ended a process of the run because it exceeded the limit."""
        return False

    def close(self) -> None:  # noqa: B027  # a limit that is a process's own ends with it
        """Remove what was made for the limit; no process may be left under it."""


class PerProcess(Limit):
    """A limit for each process by itself: what it allocates beyond it fails, as a MemoryError in Python."""

    WHOSE = "each process by itself"

    def hold(self, pid: int) -> None:
        """Set RLIMIT_DATA: private writable memory, not shared memory (getrlimit(2))."""
        _, hard = resource.prlimit(pid, resource.RLIMIT_DATA)
        soft = self.limit_bytes if hard == resource.RLIM_INFINITY else min(self.limit_bytes, hard)
        resource.prlimit(pid, resource.RLIMIT_DATA, (soft, hard))


class _Group(Limit):
    """A control group for the run, created within ``parent``."""

    WHOSE = "all its processes together"
    EVENTS = ""  # the file that holds the counter oom_kill

    def __init__(self, limit_bytes: int, parent: Path, name: str) -> None:
        super().__init__(limit_bytes)
        self.folder = parent / name
        self.folder.mkdir()
        try:
            self._configure()
        except BaseException:
            self.close()
            raise

    @abstractmethod
    def _configure(self) -> None: ...

    def hold(self, pid: int) -> None:
        """Move the process."""
        self._write("cgroup.procs", pid)

    def exceeded(self) -> bool:
        """Ask the group how many of its processes were ended."""
        return _counter(self.folder / self.EVENTS) > 0

    def close(self) -> None:
        """Remove the group; one whose processes cannot be ended stays."""
        with suppress(OSError):
            self.folder.rmdir()

    def _write(self, file: str, value: object) -> None:
        (self.folder / file).write_text(str(value), encoding="ascii")


class GroupV2(_Group):
    """A group of cgroup v2: the kernel ends all its processes at once."""

    EVENTS = "memory.events"

    def _configure(self) -> None:
        self._write("memory.max", self.limit_bytes)
        self._write("memory.oom.group", 1)
        with suppress(OSError):  # without swap there is no such file
            self._write("memory.swap.max", 0)


class GroupV1(_Group):
    """A group of cgroup v1: the kernel ends one process, and tells through an event."""

    EVENTS = "memory.oom_control"

    def _configure(self) -> None:
        self._write("memory.limit_in_bytes", self.limit_bytes)
        with suppress(OSError):  # the kernel does not count swap
            self._write("memory.memsw.limit_in_bytes", self.limit_bytes)
        self.descriptor = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        control = os.open(self.folder / self.EVENTS, os.O_RDONLY)
        try:
            self._write("cgroup.event_control", f"{self.descriptor} {control}")
        finally:
            os.close(control)

    def exceeded(self) -> bool:
        """Check the event, too: it comes before the counter."""
        return super().exceeded() or self._has_event()

    def _has_event(self) -> bool:
        if self.descriptor is None:
            return False
        with suppress(BlockingIOError):
            return os.eventfd_read(self.descriptor) > 0
        return False

    def close(self) -> None:
        """Remove the group and the event."""
        if self.descriptor is not None:
            os.close(self.descriptor)
            self.descriptor = None
        super().close()


@contextmanager
def limited(limit_bytes: int | None, name: str, pid: int) -> Iterator[Limit | None]:
    """Put process ``pid`` under a limit, by the first means available to this user; remove it at the end.

    Raise CannotLimit.
    """
    limit = None if limit_bytes is None else _first_that_holds(limit_bytes, name, pid)
    try:
        yield limit
    finally:
        if limit is not None:
            limit.close()


def _first_that_holds(limit_bytes: int, name: str, pid: int) -> Limit:
    for make in _means(limit_bytes, name):
        with suppress(OSError):
            return _holding(make(), pid)
    raise CannotLimit(
        f"limits.memory={format_size(limit_bytes)}: this system offers neither a usable control group nor a memory "
        "limit for a process; remove the limit with limits.memory=null"
    )


def _means(limit_bytes: int, name: str) -> Iterator[Callable[[], Limit]]:
    if (parent := _parent_v2()) is not None:
        yield lambda: GroupV2(limit_bytes, parent, name)
    if (own := next(iter(own_groups("memory")), None)) is not None:
        yield lambda: GroupV1(limit_bytes, own, name)
    if hasattr(resource, "prlimit"):
        yield lambda: PerProcess(limit_bytes)


def _holding(limit: Limit, pid: int) -> Limit:
    try:
        limit.hold(pid)
    except BaseException:
        limit.close()
        raise
    return limit


def _parent_v2() -> Path | None:
    """Return the v2 group in which a group with a memory limit can be created without escaping any other limit.

    A group with processes, as ours commonly is, cannot contain such groups; the one around it may (systemd
    delegates a user's). The new group is then beside ours and escapes our limits, so our own group must have
    none.
    """
    own, *around = own_groups("")[:2] or (None,)
    if own is None or _gives_memory(own):
        return own
    return next(
        (parent for parent in around if parent and _gives_memory(parent) and _is_unlimited(own)), None
    )


def _gives_memory(group: Path) -> bool:
    return "memory" in (read_text(group / "cgroup.subtree_control") or "").split()


def _is_unlimited(group: Path) -> bool:
    """Return whether a group has no limit of CPU time, CPUs or memory, and the weight of any other."""
    return all((read_text(group / file) or "") in ("", value) for file, value in _NEUTRAL.items())


def left_groups() -> list[Path]:
    """Return the existing groups of runs, including those of this process."""
    parents = [*own_groups("memory")[:1], *own_groups("")[:2]]
    return [group for parent in parents for group in parent.glob("breakeven-*")]


# --- without a limit -----------------------------------------------------------------------------------------


def ended_by_kernel() -> int:
    """Return how many processes of the machine the kernel ended so far for lack of memory; 0 if unknown."""
    return _counter(_KERNEL_COUNT)


def _counter(path: Path) -> int:
    lines = (line.partition(" ") for line in (read_text(path) or "").splitlines())
    return next((parse_int(value) or 0 for name, _, value in lines if name == "oom_kill"), 0)
