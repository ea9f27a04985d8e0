"""The folder of a run, and the leftovers of runs whose runner was killed before it could clean up."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from breakeven.runner.environment.process_table import namespace_of
from breakeven.runner.errors import NotStored
from breakeven.runner.host import memory, process_mark
from breakeven.runner.host.process_mark import Owner
from breakeven.runner.host.processes import all_pids, end_all

_SHARED = Path("/dev/shm")  # noqa: S108  # memory, so that the kernel never writes the trace to a disk meanwhile
_SEMAPHORE = "sem."  # before the name of each, with glibc and musl
_OF_LIBRARIES = (("loky-", "-"), ("joblib_memmapping_folder_", "_"), ("torch_", "_"))
"""Before and behind the id of a process in the names that libraries choose in shared memory."""

_COARSE_S = 0.1
"""How much older than it is a new file may look."""

_TRIES = 100


@contextmanager
def private_folder() -> Iterator[Path]:
    """Provide a folder that only this user can read, in memory if the system offers that; raise NotStored.

    It is locked while in use: a runner in another container may share the memory, but not the process ids.
    """
    folder, lock = _make_folder()
    try:
        yield folder
    finally:
        os.close(lock)
        shutil.rmtree(folder, ignore_errors=True)  # what the measured code made of it may be beyond removal


def _make_folder() -> tuple[Path, int]:
    problem = None
    for base in _bases():
        try:
            return _make_in(base)
        except OSError as error:
            problem = error
    raise NotStored.for_want_of_space("a folder for a run", problem) from problem


def _make_in(base: Path) -> tuple[Path, int]:
    for _ in range(_TRIES):
        folder = base / process_mark.own().name()
        with suppress(FileExistsError):
            folder.mkdir(0o700)
            lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
            fcntl.flock(lock, fcntl.LOCK_EX)
            return folder, lock
    raise FileExistsError(f"no free name in {base}")


def _bases() -> list[Path]:
    memory_first = [_SHARED] if os.access(_SHARED, os.W_OK) else []
    return [*memory_first, Path(tempfile.gettempdir())]


def remove_segments(name: str) -> None:
    """Remove the shared memory and the semaphores of the run whose folder is called ``name``."""
    for path in _shared_with((f"{name}-",)):
        path.unlink(missing_ok=True)


def remove_of_libraries(pids: Collection[int], began: float) -> None:
    """Remove what libraries left in shared memory since ``began`` in the name of ended processes of a run.

    ``pids`` are those of the run.

    They remove it themselves, unless the process is killed and its resource tracker, too.
    """
    names = tuple(f"{library}{pid}{end}" for pid in pids for library, end in _OF_LIBRARIES)
    for path in _shared_with(names):
        with suppress(FileNotFoundError):
            about = path.lstat()
            if about.st_uid == os.getuid() and about.st_ctime >= began - _COARSE_S:
                _remove(path)


def _shared_with(beginnings: tuple[str, ...]) -> list[Path]:
    """Return what in shared memory has a name that begins with one of ``beginnings``, semaphores included."""
    if not _SHARED.is_dir():
        return []
    with os.scandir(_SHARED) as entries:  # after every run, so in one pass and without patterns
        left = [entry.path for entry in entries if entry.name.removeprefix(_SEMAPHORE).startswith(beginnings)]
    return list(map(Path, left))


# --- after a runner was killed -------------------------------------------------------------------------------


def clear_leftovers() -> None:
    """End and remove the leftovers of runs whose runner is gone: processes, control groups, folders, segments.

    Only this user's, and only those in the process id namespace of this process.
    """
    if process_mark.LINUX:
        end_all(_orphans)
    for group in memory.left_groups():
        if _is_left(group):
            with suppress(OSError):  # one of its processes is still there; the next sweep tries again
                group.rmdir()
    for base in _bases():
        for left in _ours(base):
            if _is_left(left) and _is_unused(left):
                _remove(left)


def _ours(base: Path) -> Iterator[Path]:
    """Yield what may be of runs; a folder before its segments: its lock shows whether they are in use."""
    names = []
    with (
        suppress(OSError),
        os.scandir(base) as entries,
    ):  # before every run on a node, so in one pass and without patterns
        names = [entry.name for entry in entries]
    for prefix in ("breakeven-", f"{_SEMAPHORE}breakeven-"):
        yield from (base / name for name in sorted(names) if name.startswith(prefix))


def _orphans() -> list[int]:
    """Return the processes with the mark of a runner that is gone."""
    marks = {pid: process_mark.mark_of(pid) for pid in all_pids()}
    owned = {mark: Owner.of_mark(mark) for mark in set(marks.values())}
    gone = {mark for mark, owner in owned.items() if owner is not None and owner.is_gone()}
    return [pid for pid, mark in marks.items() if mark in gone and _is_among_ours(pid)]


def _is_among_ours(pid: int) -> bool:
    """Return whether a process shares our id namespace: in a container its runner's id means another process."""
    return namespace_of(pid) == namespace_of() != ""


def _is_left(path: Path) -> bool:
    owner = Owner.of_name(path.name.removeprefix(_SEMAPHORE))
    try:
        return owner is not None and owner.is_gone() and path.lstat().st_uid == os.getuid()
    except FileNotFoundError:
        return False


def _is_unused(path: Path) -> bool:
    """Return whether the lock of a run's folder is free; for a segment, that of its run's folder."""
    name = "-".join(path.name.removeprefix(_SEMAPHORE).split("-")[:3])
    folder = path if path.is_dir() else path.with_name(name)
    try:
        lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except OSError:
        return not folder.exists()
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(lock)
    return True


def _remove(left: Path) -> None:
    """Remove a folder or a file that may be gone by now."""
    if left.is_dir() and not left.is_symlink():
        shutil.rmtree(left, ignore_errors=True)
    else:
        left.unlink(missing_ok=True)
