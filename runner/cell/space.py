"""Shared memory that is there before it is used: a page that cannot be had later ends the process by SIGBUS."""

from __future__ import annotations

import errno
import os

from .errors import NoRoom

_UNITS = (("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10))
_UNABLE = (errno.EOPNOTSUPP, errno.EINVAL)  # of a file system without pages of its own
_MARGIN = 1 << 20  # for semaphores, the result and the first marks
_REMEDY = "or a larger {place} (docker run --shm-size={size}m)"


def require(place: str, size: int, what: str, remedy: str) -> None:
    """Raise NoRoom if the file system of ``place`` has less than ``size`` bytes left for ``what``."""
    if not os.path.isdir(place):  # not Linux
        return
    stat = os.statvfs(place)
    free = stat.f_bavail * stat.f_frsize
    if size + _MARGIN > free:
        total = stat.f_blocks * stat.f_frsize
        larger = _REMEDY.format(place=place, size=-(-2 * (total - free + _MARGIN + size) >> 20))
        need = f"{what} take {in_units(size)}: try {remedy}"
        if size < _MARGIN:
            need = f"a run takes {in_units(size + _MARGIN)} there: free some of it"
        raise NoRoom(f"{place} has {in_units(free)} left of {in_units(total)}, and {need}, {larger}")


def how_full(folder: str) -> str:
    """Describe the file system of a run's folder, as the end of a reason."""
    place = os.path.dirname(folder)
    stat = os.statvfs(place)
    left, total = (blocks * stat.f_frsize for blocks in (stat.f_bavail, stat.f_blocks))
    return f"; {place} has {in_units(left)} left of {in_units(total)}"


def allocate(descriptor: int, size: int) -> None:
    """Allocate the pages of a file now; raise OSError if there are not enough.

    Where that is impossible, only set its size.
    """
    os.truncate(descriptor, size)
    if not hasattr(os, "posix_fallocate"):
        return
    try:
        os.posix_fallocate(descriptor, 0, size)
    except OSError as error:
        if error.errno not in _UNABLE:
            raise


def in_units(size: int) -> str:
    """Return a size as people write it."""
    unit, name = next(((unit, name) for name, unit in _UNITS if size >= unit), (1, "bytes"))
    return f"{size / unit:.0f} {name}" if size >= 100 * unit else f"{size / unit:.3g} {name}"
