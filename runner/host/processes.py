"""The processes of a run, to the last grandchild: found, waited for, ended.

On Linux they are those of the measured process's session and those with the mark of its runner
(`process_mark`). Orphans become children of the runner while a run is on (PR_SET_CHILD_SUBREAPER, prctl(2)),
so that it can reap them, and so that a process which forks and exits as fast as it can leaves a trace of
every step. Elsewhere only the process group of the measured process is ended: what calls setsid(2) there
escapes.
"""

from __future__ import annotations

import ctypes
import os
import select
import signal
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from time import perf_counter, sleep

from breakeven.runner.environment.process_table import stat
from breakeven.runner.host import process_mark

_PR_SET_CHILD_SUBREAPER, _PR_GET_CHILD_SUBREAPER = 36, 37
_TRACKER = b".resource_tracker import main"  # that of multiprocessing, or of loky, which joblib has a copy of
_PATIENCE_S = 5.0  # for processes that were sent SIGKILL; only one in an uninterruptible sleep takes longer
_TRACKER_PATIENCE_S = 4.0  # to start, on a busy machine, and to remove what it knows of
_EXEC_PATIENCE_S, _STEP_S = 0.5, 0.001
_AT_ONCE = 256  # descriptors held, of 1024 that a process commonly may have
_DEAD: tuple[list[str], ...] = ([], ["Z"], ["X"])  # first fields of /proc/PID/stat
_ROUNDS = 5  # in which the groups of trackers are spared

Find = Callable[[], list[int]]


@dataclass(frozen=True)
class Processes:
    """The processes of the run whose measured process, and leader of its session, is ``leader``.

    The leader must not be reaped before they are ended: its id would be free for another session.
    ``remaining`` are those that did not end, ``members`` all that were found when they were ended.
    """

    leader: int
    mark: int = field(default_factory=lambda: process_mark.own().mark)
    remaining: list[int] = field(default_factory=list)
    members: set[int] = field(default_factory=set)

    def find(self) -> list[int]:
        """Return the ids of all, also of those that ended and were not reaped, the leader apart; Linux only."""
        return [pid for pid in all_pids() if pid != self.leader and self._has(pid)]

    def _has(self, pid: int) -> bool:
        try:
            return os.getsid(pid) == self.leader or process_mark.mark_of(pid) == self.mark
        except (ProcessLookupError, PermissionError):
            return False

    def kill(self) -> None:
        """Send SIGKILL to all but resource trackers, which end by themselves after all others; do not wait."""
        _signal(os.kill if process_mark.LINUX else os.killpg, self.leader)
        if process_mark.LINUX:
            for pid in self.find():
                if not _is_tracker(pid):
                    _signal(os.kill, pid)

    def end(self) -> None:
        """End all, and wait until they are gone; those that are not are in an uninterruptible sleep."""
        _signal(os.kill if process_mark.LINUX else os.killpg, self.leader)
        if process_mark.LINUX:
            with _held([self.leader]) as descriptors:
                late = await_ends(descriptors, perf_counter() + _PATIENCE_S)
            self.remaining[:] = [*([self.leader] if late else []), *end_all(self._find_and_note)]

    def _find_and_note(self) -> list[int]:
        found = self.find()
        self.members.update(found)
        return found


def all_pids() -> list[int]:
    """Return the id of every process there is."""
    return [int(name) for name in os.listdir("/proc") if name.isdecimal()]  # noqa: PTH208  # pathlib would make an object of each


def end_all(find: Find) -> list[int]:
    """End what ``find`` returns until it returns nothing; return what is still alive after 5 s.

    Process groups are killed as a whole, since no fork within one escapes that. The resource trackers of
    multiprocessing and of loky come last: at the end of those they serve they remove the shared memory and the
    semaphores that were left, and end.
    """
    until, rounds = perf_counter() + _PATIENCE_S, 0
    while (found := _within_reach(find())) and perf_counter() < until:
        _await_names(found, until)
        trackers = [pid for pid in found if _is_tracker(pid)]
        if trackers == found:
            _wait_and_kill(trackers, min(until, perf_counter() + _TRACKER_PATIENCE_S))
            continue
        rounds += 1
        _kill_groups(found, trackers if rounds <= _ROUNDS else [])
        _kill([pid for pid in found if pid not in trackers and not _reap(pid)], until)
    return [pid for pid in found if stat(pid)[:1] not in _DEAD]


def _within_reach(pids: list[int]) -> list[int]:
    """Leave out ended processes that only another process can reap: not we, nor a parent that is about to end."""
    reapers = {*pids, os.getpid()}
    fields = {pid: stat(pid) for pid in pids}
    return [pid for pid, about in fields.items() if about and (about[0] != "Z" or int(about[1]) in reapers)]


def _reap(pid: int) -> bool:
    """Reap a process if it ended and is a child of ours; return whether it was."""
    with suppress(ChildProcessError):  # not ours, or somebody else in this process was quicker
        return os.waitpid(pid, os.WNOHANG)[0] == pid
    return False


def _kill(pids: list[int], until: float) -> None:
    """Send SIGKILL to each and wait for their ends."""
    for start in range(0, len(pids), _AT_ONCE):
        with _held(pids[start : start + _AT_ONCE]) as descriptors:
            for descriptor in descriptors:
                _send(descriptor)
            await_ends(descriptors, until)


def _wait_and_kill(pids: list[int], until: float) -> None:
    """Wait for processes to end by themselves, then kill those that did not."""
    with _held(pids) as descriptors:
        for descriptor in await_ends(descriptors, until):
            _send(descriptor)
        await_ends(descriptors, until + 1)


def _kill_groups(pids: Iterable[int], but_of: Iterable[int]) -> None:
    """Kill the process groups of ``pids``, apart from our own and those of ``but_of``.

    Zombies are of groups as well.
    """
    for group in _groups(pids) - _groups(but_of) - {os.getpgrp()}:
        _signal(os.killpg, group)


def _groups(pids: Iterable[int]) -> set[int]:
    groups = set()
    for pid in pids:
        with suppress(ProcessLookupError):
            groups.add(os.getpgid(pid))
    return groups


@contextmanager
def _held(pids: Iterable[int]) -> Iterator[list[int]]:
    """Open a descriptor of each process that is still there: it stays valid if the id is reused."""
    with ExitStack() as stack:
        descriptors = []
        for pid in pids:
            with suppress(ProcessLookupError):
                descriptors.append(os.pidfd_open(pid))
                stack.callback(os.close, descriptors[-1])
        yield descriptors


def await_ends(descriptors: Iterable[int], until: float) -> list[int]:
    """Wait until the processes ended, at most until ``until`` on the clock; return those that did not."""
    poll, waiting = select.poll(), set(descriptors)
    for descriptor in waiting:
        poll.register(descriptor, select.POLLIN)
    while waiting:
        ended = poll.poll(max(until - perf_counter(), 0) * 1e3)
        if not ended:
            break
        for descriptor, _ in ended:
            poll.unregister(descriptor)
            waiting.discard(descriptor)
    return sorted(waiting)


def _is_tracker(pid: int) -> bool:
    return _TRACKER in (_command(pid) or b"")


def _await_names(pids: Sequence[int], until: float) -> None:
    """Wait for processes in the middle of execve(2): for a moment they have no name to be recognised by."""
    end = min(until, perf_counter() + _EXEC_PATIENCE_S)
    while any(_command(pid) == b"" and stat(pid)[:1] not in _DEAD for pid in pids):
        if perf_counter() > end:  # one that took its own name away
            return
        sleep(_STEP_S)


def _command(pid: int) -> bytes | None:
    """Return the command line of a process; None if there is none to read."""
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:  # noqa: PTH123  # as for stat
            return file.read()
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return None


def _send(descriptor: int) -> None:
    with suppress(
        ProcessLookupError, PermissionError
    ):  # gone already; a program that took another user's rights
        signal.pidfd_send_signal(descriptor, signal.SIGKILL)


def _signal(send: Callable[[int, int], None], pid: int) -> None:
    with suppress(ProcessLookupError, PermissionError):
        send(pid, signal.SIGKILL)


# --- adoption ------------------------------------------------------------------------------------------------


@contextmanager
def adopting() -> Iterator[None]:
    """Adopt orphans of a run during the body; Linux only."""
    if not process_mark.LINUX:
        yield
        return
    before = ctypes.c_int()
    prctl = ctypes.CDLL(None).prctl
    prctl(_PR_GET_CHILD_SUBREAPER, ctypes.byref(before), 0, 0, 0)
    prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    try:
        yield
    finally:
        prctl(_PR_SET_CHILD_SUBREAPER, before.value, 0, 0, 0)
