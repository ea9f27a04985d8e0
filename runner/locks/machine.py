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

_PLACES = (Path("/run/lock"), Path("/tmp"))  # noqa: S108  # one place for all users: TMPDIR may differ between them
_NAME = "breakeven.lock"
_ANYBODYS = stat.S_ISVTX | stat.S_IWOTH
_ATTEMPTS = 20
_PAUSE_SECONDS = 0.05


FOLDER = "BREAKEVEN_LOCK_FOLDER"
"""Environment variable with another folder for the lock: sweeps with different ones do not wait for each other."""


def place() -> Path:
    """Return the path of the lock; the same for every user of the machine who has not chosen another folder."""
    chosen = os.environ.get(FOLDER)
    if chosen:
        return Path(chosen) / _NAME
    for folder in _PLACES:
        if folder.is_dir() and folder.stat().st_mode & _ANYBODYS == _ANYBODYS:
            return folder / _NAME
    return _PLACES[-1] / _NAME


class HostLock:
    """The right to measure on this machine.

    A file at a fixed place, locked with flock(2): the kernel releases the lock when its holder ends. The file
    stays; its text names the holder for messages and decides nothing.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._path = path or place()
        self._descriptor: int | None = None
        self._owner = 0

    @contextmanager
    def held(
        self, sweep: str, *, wait: bool, on_wait: Callable[[Holder], None] = lambda _: None
    ) -> Iterator[None]:
        """Hold the lock for the length of the body; takes the arguments of `acquire`."""
        self.acquire(sweep, wait=wait, on_wait=on_wait)
        try:
            yield
        finally:
            self.release()

    def acquire(self, sweep: str, *, wait: bool, on_wait: Callable[[Holder], None] = lambda _: None) -> None:
        """Acquire the right to measure ``sweep``; if another process has it, wait or raise MachineBusy.

        ``on_wait`` is called once with the holder. The wait takes no CPU time and ends if a signal handler
        raises. Raise LockUnusable if the file cannot be used.
        """
        while self._descriptor is None:
            descriptor = self._open()
            try:
                if self._lock(descriptor, wait, on_wait):
                    _write(descriptor, Holder.this_process(sweep).encoded())
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
        """Lock the file; return False if another file has replaced it meanwhile."""
        if not self._try_lock(descriptor):
            holder = Holder.read(os.pread(descriptor, MOST_BYTES, 0))
            if not wait:
                measured = describe_holder(holder)
                raise MachineBusy(
                    f"this machine is measuring {measured}; wait with on_busy=wait, or end that sweep",
                    measured,
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
        """Open the file, or create it for all users; raise LockUnusable."""
        for _ in range(_ATTEMPTS):
            try:
                return self._checked(files.open_existing(self._path))
            except FileNotFoundError:
                with suppress(FileExistsError):
                    return self._make()
            except PermissionError:  # it may be new, and its creator about to open it to all users
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
        raise self._unusable("it is not a regular file with a single name")

    def _unusable(self, why: str | None) -> LockUnusable:
        return LockUnusable(
            f"cannot use {self._path}, which keeps two sweeps from measuring at once: {why}; "
            "remove it, or let its owner do so"
        )


def describe_holder(holder: Holder) -> str:
    """Return a one-line description of the sweep that ``holder`` measures."""
    if holder.pid is None or holder.is_alive is False:  # the text of an earlier holder
        return "another sweep"
    return (
        f"{holder.sweep or 'another sweep'} for user {holder.user or 'unknown'} "
        f"(pid {holder.pid}, since {holder.moment})"
    )


def _write(descriptor: int, text: bytes) -> None:
    """Write who holds the lock; if that fails (a full disk, another user's file), the lock still counts."""
    with suppress(OSError):
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, text, 0)
