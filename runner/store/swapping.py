"""Change all files of a table at once: the folder that holds them is exchanged for another.

Until the exchange the new folder is of no use, afterwards the old one is, so that whatever ends the process, a reader
of any kind finds one of the two whole, and what is left in the staging folder may be deleted. The writer of the sweep
stores its runs, and whoever exchanges folders does so, while holding a lock of the results folder itself: nothing is
put into a folder that has just been replaced.
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import os
import shutil
import stat
import sys
from collections.abc import Collection, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from breakeven.base.layout import SweepPaths, is_part
from breakeven.runner.store.atomic import sync_folder

_AT_FDCWD = -100
_EXCHANGE = 2  # RENAME_EXCHANGE of Linux and RENAME_SWAP of macOS
_NO_LOCKS = {errno.EBADF, errno.ENOLCK, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP}

NO_EXCHANGE = {errno.EINVAL, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP}
"""What systems say that cannot exchange two folders."""


@contextmanager
def folder_locked(folder: Path) -> Iterator[None]:
    """Hold the lock of the results folder while files appear in the folders of its tables or leave them; raise OSError.

    Without a lock if the file system has none, as some on a network: there no folder can be exchanged, either.
    """
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        _lock(descriptor)
        yield
    finally:
        with suppress(OSError):  # explicitly: a child that was forked meanwhile has the same open file
            fcntl.flock(descriptor, fcntl.LOCK_UN)
        os.close(descriptor)


@contextmanager
def folder_at_rest(folder: Path) -> Iterator[None]:
    """Hold `folder_locked` if this user may; whatever is then done in a folder that is gone or closed reports that."""
    with ExitStack() as stack:
        with suppress(OSError):
            stack.enter_context(folder_locked(folder))
        yield


def _lock(descriptor: int) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
    except OSError as error:
        if error.errno not in _NO_LOCKS:
            raise


def exchange(one: Path, other: Path) -> None:
    """Let two folders of one file system have each other's name, in one step; raise OSError."""
    libc = ctypes.CDLL(None, use_errno=True)
    first, second = os.fsencode(one), os.fsencode(other)
    try:
        if sys.platform == "darwin":
            failed = libc.renamex_np(first, second, _EXCHANGE)
        else:
            failed = libc.renameat2(_AT_FDCWD, first, _AT_FDCWD, second, _EXCHANGE)
    except AttributeError as error:  # a C library from before 2018
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS), str(one), None, str(other)) from error
    if failed:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), str(one), None, str(other))


class Staged:
    """The folders of tables that are to take the place of others in one results folder."""

    def __init__(self, paths: SweepPaths) -> None:
        self._paths = paths

    def clear(self) -> None:
        """Delete what is left of the folders that were replaced, or were never used; raise OSError."""
        if self._paths.staging.exists():
            shutil.rmtree(self._paths.staging)

    def begin(self, table: str) -> Path:
        """Return an empty folder for the new files of ``table``; raise OSError."""
        folder = self._paths.staging / table
        folder.mkdir(parents=True)
        folder.chmod(stat.S_IMODE(self._paths.table(table).stat().st_mode))
        return folder

    def replace(self, table: str, left_out: Collection[str]) -> None:
        """Replace the table's folder by the staged one; raise OSError.

        All files there but those ``left_out`` are linked first.

        Hold `folder_locked`. The staged folder then holds the old files.
        """
        new, old = self._paths.staging / table, self._paths.table(table)
        with os.scandir(old) as entries:
            kept = [entry.name for entry in entries if entry.name not in left_out and not is_part(entry.name)]
        for name in kept:
            (new / name).hardlink_to(old / name)
        sync_folder(new)
        exchange(new, old)
        sync_folder(self._paths.path)
