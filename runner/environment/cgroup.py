"""What the control groups of this process allow it: cgroup v2, v1, and both mounted side by side.

Files and formats: Linux kernel documentation, admin-guide/cgroup-v2 and admin-guide/cgroup-v1; the meaning of
/proc/self/cgroup and /proc/self/mountinfo: proc(5).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TypeVar

from breakeven.runner.environment import files
from breakeven.runner.environment.files import parse_int, read_int, read_text

Limit = TypeVar("Limit", int, float)

_NO_LIMIT = 2**62  # v1 has no word for "no limit": it reports its largest number of pages, in bytes

_FIELDS, _FIELDS_AFTER = 5, 3  # at least, of a line in mountinfo, before and after its dash


@dataclass(frozen=True)
class Mount:
    """Where a hierarchy is mounted: ``folder`` shows what lies below ``top`` of the hierarchy."""

    top: Path
    folder: Path
    kind: str
    options: frozenset[str]


def cpu_quota() -> float | None:
    """Return the CPUs that the tightest quota from the root to our cgroup allows; None without one."""
    quotas = (*_limits("", _quota_v2), *_limits("cpu", _quota_v1))
    return min(quotas, default=None)


def memory_limit_bytes() -> int | None:
    """Return the bytes of memory that the tightest limit from the root to our cgroup allows, or None."""
    limits = (*_limits("", _memory_v2), *_limits("memory", _memory_v1))
    return min(limits, default=None)


def own_groups(controller: str) -> list[Path]:
    """Return the folders of our cgroup of a v1 controller, and of those around it, from our own outwards.

    ``""`` is the one hierarchy of v2. Empty if the controller is not mounted.
    """
    return [files.ROOT / group for group in _groups(controller)]


def _quota_v2(group: Path) -> float | None:
    limit, _, period = (read_text(group / "cpu.max") or "").partition(" ")
    return _ratio(parse_int(limit), parse_int(period))


def _quota_v1(group: Path) -> float | None:
    return _ratio(read_int(group / "cpu.cfs_quota_us"), read_int(group / "cpu.cfs_period_us"))


def _ratio(limit: int | None, period: int | None) -> float | None:
    """Return the CPUs that ``limit`` per ``period`` amounts to; ``max`` (v2) and -1 (v1) mean no limit."""
    return limit / period if limit and period and limit > 0 and period > 0 else None


def _memory_v2(group: Path) -> int | None:
    return read_int(group / "memory.max")


def _memory_v1(group: Path) -> int | None:
    limit = read_int(group / "memory.limit_in_bytes")
    return limit if limit is not None and 0 <= limit < _NO_LIMIT else None


def _limits(controller: str, read: Callable[[Path], Limit | None]) -> Iterator[Limit]:
    """Yield the limit of each cgroup that has one, from our own to the outermost that is mounted."""
    for group in _groups(controller):
        limit = read(group)
        if limit is not None:
            yield limit


def _groups(controller: str) -> list[Path]:
    """Return our cgroup of a controller and those around it, as folders; ``""`` is the one hierarchy of v2."""
    own = _own_group(controller)
    mount = next((mount for mount in _mounts() if _carries(mount, controller)), None)
    if own is None or mount is None:
        return []
    # A container may see its path on the host while only its own part is mounted: then the mount is its group.
    within = own.relative_to(mount.top) if own.is_relative_to(mount.top) else Path()
    folder = mount.folder / within
    return [group for group in (folder, *folder.parents) if group.is_relative_to(mount.folder)]


def _own_group(controller: str) -> Path | None:
    for line in (read_text("proc/self/cgroup") or "").splitlines():
        _, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        if controller in controllers.split(","):
            return Path(path)
    return None


def _carries(mount: Mount, controller: str) -> bool:
    return mount.kind == "cgroup" and controller in mount.options if controller else mount.kind == "cgroup2"


def _mounts() -> Iterator[Mount]:
    """Yield what is mounted."""
    yield from _parsed(read_text("proc/self/mountinfo") or "")


@lru_cache(maxsize=1)  # every run asks for several limits, and what is mounted seldom changes
def _parsed(mountinfo: str) -> tuple[Mount, ...]:
    return tuple(_listed(mountinfo))


def _listed(mountinfo: str) -> Iterator[Mount]:
    """Yield each mount: fields 4 and 5 of a line, and, after the dash, kind and options."""
    for line in mountinfo.splitlines():
        before, _, after = line.partition(" - ")
        fields, about = before.split(" "), after.split(" ")
        if len(fields) >= _FIELDS and len(about) >= _FIELDS_AFTER:
            yield Mount(
                Path(fields[3]), Path(fields[4].lstrip("/")), about[0], frozenset(about[2].split(","))
            )
