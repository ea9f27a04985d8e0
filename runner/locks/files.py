"""Files locked with flock(2): opened defensively, never inherited by a child."""

from __future__ import annotations

import errno
import fcntl
import os
from contextlib import suppress
from pathlib import Path

_FLAGS = (
    os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
)  # a planted pipe must not block, a planted link must not mislead
_NO_LOCKS = {errno.ENOLCK, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP}

_held: set[int] = set()


def open_existing(path: Path) -> int:
    """Open ``path``, read-only if this user may not write it; raise OSError."""
    try:
        return _remember(os.open(path, os.O_RDWR | _FLAGS))
    except PermissionError:
        return _remember(os.open(path, os.O_RDONLY | _FLAGS))


def open_new(path: Path) -> int:
    """Create ``path`` and open it; raise OSError."""
    return _remember(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | _FLAGS, 0o666))


def close(descriptor: int) -> None:
    """Close a file, which releases its lock."""
    _held.discard(descriptor)
    os.close(descriptor)


def try_lock(descriptor: int) -> bool | None:
    """Try to lock the file and return whether it worked; None if the file system has no locks."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        if error.errno in _NO_LOCKS:
            return None
        raise
    return True


def is_at(descriptor: int, path: Path) -> bool:
    """Return whether an open file is still the one at ``path``, neither removed nor replaced."""
    try:
        there = path.stat(follow_symlinks=False)
    except (FileNotFoundError, NotADirectoryError):
        return False
    return os.path.samestat(os.fstat(descriptor), there)


def _remember(descriptor: int) -> int:
    _held.add(descriptor)
    return descriptor


def _forget() -> None:
    for descriptor in _held:
        with suppress(OSError):
            os.close(descriptor)
    _held.clear()


# A lock belongs to the open file, which a forked child shares: it would outlive the parent there.
os.register_at_fork(after_in_child=_forget)
