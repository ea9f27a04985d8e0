"""One measurement at a time on a machine, for all users and all copies of this program."""

from __future__ import annotations

import fcntl
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from time import sleep

from breakeven.runner.errors import LockUnusable, MachineBusy
from breakeven.runner.locks import files
from breakeven.runner.locks.holder import MOST_BYTES, Holder

_PLACES = (Path("/run/lock"), Path("/tmp"))  # noqa: S108  # one place for all users: TMPDIR differs between them
_NAME = "breakeven.lock"
_ANYBODYS = stat.S_ISVTX | stat.S_IWOTH
_ATTEMPTS = 20
_PAUSE_SECONDS = 0.05


def place() -> Path:
    """Return the path of the lock; the same for every user of the machine."""
    for folder in _PLACES:
        if folder.is_dir() and folder.stat().st_mode & _ANYBODYS == _ANYBODYS:
            return folder / _NAME
    return _PLACES[-1] / _NAME


class HostLock:
    """The right to measure on this machine.

    A file at one place, locked with flock(2): the kernel takes the lock away from a holder that ends. The file stays;
    its text says who measures and decides nothing.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._path = path or place()
        self._descriptor: int | None = None
        self._owner = 0

    @contextmanager
    def held(
        self, sweep: str, *, wait: bool, on_wait: Callable[[Holder], None] = lambda _: None
    ) -> Iterator[None]:
        """Hold the lock for a while, as `acquire` does."""
        self.acquire(sweep, wait=wait, on_wait=on_wait)
        try:
            yield
        finally:
            self.release()

    def acquire(self, sweep: str, *, wait: bool, on_wait: Callable[[Holder], None] = lambda _: None) -> None:
        """Get the right to measure ``sweep``; while others have it, wait or raise MachineBusy.

        ``on_wait`` is told once whom it waits for. The wait takes no CPU time and ends with what a signal handler
        raises. Raise LockUnusable where the file cannot be used.
        """
        while self._descriptor is None:
            descriptor = self._open()
            try:
                if self._lock(descriptor, wait, on_wait):
                    _write(descriptor, Holder.myself(sweep).encoded())
                    self._descriptor, self._owner = descriptor, os.getpid()
            finally:
                if self._descriptor is None:
                    files.close(descriptor)

    def release(self) -> None:
        """Release the right; do nothing if this process does not have it."""
        if self._descriptor is None or self._owner != os.getpid():
            return
        _write(self._descriptor, b"")
        files.close(self._descriptor)
        self._descriptor = None

    def _lock(self, descriptor: int, wait: bool, on_wait: Callable[[Holder], None]) -> bool:
        """Lock the file; False where another file has come to its place meanwhile."""
        if not self._try_lock(descriptor):
            holder = Holder.read(os.pread(descriptor, MOST_BYTES, 0))
            if not wait:
                raise MachineBusy(
                    f"this machine measures {told(holder)}; wait with on_busy=wait, or end that sweep"
                )
            on_wait(holder)
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        return files.is_at(descriptor, self._path)

    def _try_lock(self, descriptor: int) -> bool:
        locked = files.try_lock(descriptor)
        if locked is None:
            raise self._unusable("its file system has no locks")
        return locked

    def _open(self) -> int:
        """Open the file, or make it for everybody; raise LockUnusable."""
        for _ in range(_ATTEMPTS):
            try:
                return self._checked(files.open_existing(self._path))
            except FileNotFoundError:
                with suppress(FileExistsError):
                    return self._make()
            except PermissionError:  # it may be new, its maker about to open it to everybody
                sleep(_PAUSE_SECONDS)
            except OSError as error:
                raise self._unusable(error.strerror) from error
        raise self._unusable("this user may not open it")

    def _make(self) -> int:
        try:
            descriptor = files.open_new(self._path)
        except FileExistsError:
            raise
        except OSError as error:
            raise self._unusable(error.strerror) from error
        os.fchmod(descriptor, 0o666)  # whatever the umask
        return descriptor

    def _checked(self, descriptor: int) -> int:
        about = os.fstat(descriptor)
        if stat.S_ISREG(about.st_mode) and about.st_nlink <= 1:
            return descriptor
        files.close(descriptor)
        raise self._unusable("it is not a file of its own")

    def _unusable(self, why: str | None) -> LockUnusable:
        return LockUnusable(
            f"cannot use {self._path}, which keeps two sweeps from measuring at once: {why}; "
            "remove it, or let its owner do so"
        )


def told(holder: Holder) -> str:
    """Say for whom the machine measures, in one line."""
    if holder.pid is None or holder.is_alive is False:  # the text of an earlier holder
        return "for somebody else"
    return (
        f"{holder.sweep or 'another sweep'} for user {holder.user or 'unknown'} "
        f"(pid {holder.pid}, since {holder.moment})"
    )


def _write(descriptor: int, text: bytes) -> None:
    """Say who holds the lock; where that is impossible (a full disk, another user's file) the lock counts."""
    with suppress(OSError):
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, text, 0)
