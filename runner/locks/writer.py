"""One writer of a results folder.

The folder may be on a network file system, where a lock may not reach other machines. A writer therefore
gives a sign of life: it touches its file every `BEAT_SECONDS`. If the file of a writer on another machine has
not been touched for `DEAD_SECONDS`, by the clock of the file system, that writer is gone.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from threading import Event, Thread
from time import sleep

from breakeven.base.layout import SweepPaths
from breakeven.base.text import shown
from breakeven.runner.errors import NotStored, OutputsUnwritable, SweepBusy
from breakeven.runner.locks import files
from breakeven.runner.locks.holder import MOST_BYTES, Holder, clock
from breakeven.runner.store.atomic import part_of

BEAT_SECONDS = 10.0
DEAD_SECONDS = 60.0
_ATTEMPTS = 100
_PAUSE_SECONDS = 0.02
_NO_LINKS = {errno.EPERM, errno.EMLINK, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP}


class _Elsewhere(Exception):
    """Raised when the lock file changed while it was examined: try again."""


class SweepLock:
    """The right to write the results folder ``path``, held through its file ``.writer``.

    ``beat_seconds`` is the time between two signs of life.
    """

    _doing = "written"
    _remedy = "wait for it, or choose another name with sweep=NAME"
    _elsewhere = "choose another with outputs=FOLDER"

    def __init__(self, path: Path, *, beat_seconds: float = BEAT_SECONDS) -> None:
        self._folder = path
        self._path = self._file(SweepPaths(path))
        self._beat_seconds = beat_seconds
        self._descriptor: int | None = None
        self._owner = 0
        self._ended = Event()
        self._beating: Thread | None = None

    @staticmethod
    def _file(paths: SweepPaths) -> Path:
        return paths.writer

    @contextmanager
    def held(self) -> Iterator[str | None]:
        """Hold the lock for the length of the body; yield the note of `acquire`."""
        note = self.acquire()
        try:
            yield note
        finally:
            self.release()

    def acquire(self) -> str | None:
        """Become the folder's only writer; raise SweepBusy, or OutputsUnwritable.

        Return a note if this took over the lock of a dead writer on another machine, else None.
        """
        try:
            note = self._take()
        except OSError as error:
            what = f"results to {self._folder}"  # and not the lock, of which nobody knows
            raise OutputsUnwritable.from_os_error(error, what, self._elsewhere) from error
        self._owner = os.getpid()
        self._ended.clear()
        self._beating = Thread(target=self._beat, name="sign of life", daemon=True)
        self._beating.start()
        return note

    def check(self) -> None:
        """Raise NotStored if the folder was deleted, or taken over while this process was suspended."""
        if self._descriptor is None or files.is_at(self._descriptor, self._path):
            return
        raise NotStored(
            f"{shown(self._folder)} was deleted or taken over by another sweep while this one wrote it; "
            "what is stored there is kept"
        )

    def release(self) -> None:
        """Release the folder; do nothing if this process does not have it."""
        if self._descriptor is None or self._owner != os.getpid():
            return
        self._ended.set()
        if self._beating is not None:
            self._beating.join()
        if files.is_at(self._descriptor, self._path):
            with suppress(OSError):  # a file that stays misleads nobody: its lock is free
                self._path.unlink()
        files.close(self._descriptor)
        self._descriptor = None

    def _beat(self) -> None:
        descriptor = self._descriptor
        while descriptor is not None and not self._ended.wait(self._beat_seconds):
            with suppress(OSError):  # `check` reports a lost folder
                os.utime(descriptor)

    def _take(self) -> str | None:
        """Create a locked file and link it as ``.writer``, so that others only see it complete and locked."""
        own = part_of(self._path)
        descriptor = files.open_new(own)
        try:
            os.write(descriptor, Holder.this_process(shown(self._folder)).encoded())
            files.try_lock(descriptor)
            note = self._put(own, descriptor)
        except BaseException:
            files.close(descriptor)
            raise
        finally:
            with suppress(OSError):  # it is `.writer` now, or `Sweep.tidy` removes it
                own.unlink()
        self._descriptor = descriptor
        return note

    def _put(self, own: Path, descriptor: int) -> str | None:
        for _ in range(_ATTEMPTS):
            if _claim(own, self._path):
                return None
            with suppress(_Elsewhere, FileNotFoundError), _opened(self._path) as other:
                return self._take_over(own, descriptor, other)
            sleep(_PAUSE_SECONDS)
        raise self._busy(Holder())

    def _take_over(self, own: Path, descriptor: int, other: int) -> str | None:
        """Replace the other writer's file by ours if that writer is gone; raise SweepBusy if it is not."""
        holder = Holder.read(os.pread(other, MOST_BYTES, 0))
        locked = files.try_lock(other)
        if locked is False and holder.is_alive is False:  # a third process is taking over at this moment
            raise _Elsewhere
        if locked and not files.is_at(other, self._path):
            raise _Elsewhere
        seen = os.fstat(other).st_mtime
        if locked is False or self._lives(holder, locked, descriptor, seen):
            raise self._busy(holder)
        own.replace(self._path)
        return None if holder.shares_kernel else self._note(holder, seen)

    def _lives(self, holder: Holder, locked: bool | None, descriptor: int, seen: float) -> bool:
        """Return whether ``holder`` may still write; ``locked`` is the result of `try_lock` on its file."""
        if holder.shares_kernel and locked:
            return False
        if holder.is_alive is not None:
            return holder.is_alive
        os.utime(
            descriptor
        )  # use the clock of the file system; one that was set back must not keep a lock for ever
        return abs(os.fstat(descriptor).st_mtime - seen) < DEAD_SECONDS

    def _busy(self, holder: Holder) -> SweepBusy:
        who = f"pid {holder.pid or 'unknown'} on host {holder.host or 'unknown'} since {holder.moment}"
        return SweepBusy(f"{shown(self._folder)} is being {self._doing} by {who}; {self._remedy}")

    def _note(self, holder: Holder, seen: float) -> str:
        last = clock(datetime.fromtimestamp(seen).astimezone())
        return (
            f"{shown(self._folder)}: removed the lock of pid {holder.pid or 'unknown'} on host "
            f"{holder.host or 'unknown'}, which is gone; its last sign of life was at {last}"
        )


class CompactorLock(SweepLock):
    """The right to merge the files of finished runs in a results folder.

    It is held through the file ``.compactor``, beside the lock of the writer.
    """

    _doing = "compacted"
    _remedy = "wait for it"
    _elsewhere = "compact a copy of it"

    @staticmethod
    def _file(paths: SweepPaths) -> Path:
        return paths.compactor


def _claim(own: Path, path: Path) -> bool:
    """Link ``own`` as ``path`` if there is no such file; return whether it is linked."""
    try:
        path.hardlink_to(own)
    except FileExistsError:
        return False
    except OSError as error:
        if path.exists():  # its writer tidied up and removed our file with the rest
            return False
        if error.errno not in _NO_LINKS:
            raise
        return _claim_without_links(own, path)
    return True


def _claim_without_links(own: Path, path: Path) -> bool:
    """Do the same on a file system without links; ``path`` is an empty file for a moment."""
    try:
        files.close(files.open_new(path))
    except FileExistsError:
        return False
    own.replace(path)
    return True


@contextmanager
def _opened(path: Path) -> Iterator[int]:
    descriptor = files.open_existing(path)
    try:
        yield descriptor
    finally:
        files.close(descriptor)
