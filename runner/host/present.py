"""The runs in progress, and the processes started for them: what is ended when they are given up."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import get_ident

from breakeven.runner.host.processes import Processes


@dataclass
class Present:
    """A run in progress; ``given_up`` is set when its result is no longer wanted."""

    given_up: bool = False


_present: dict[int, Present] = {}  # by thread: each carries out one run at a time
_families: dict[int, Processes] = {}  # by leader: those of runs, and of interpreters that wait for theirs


@contextmanager
def announced() -> Iterator[Present]:
    """Register this thread's run, so that it can be given up from its first moment on."""
    thread = get_ident()
    if thread in _present:
        yield _present[thread]
        return
    _present[thread] = Present()
    try:
        yield _present[thread]
    finally:
        del _present[thread]


def is_given_up() -> bool:
    """Return whether the run of this thread was given up."""
    present = _present.get(get_ident())
    return present is not None and present.given_up


def hold(family: Processes) -> None:
    """Register processes that were started for a run; end them if it was given up meanwhile."""
    _families[family.leader] = family
    if is_given_up():  # before there was a process to end
        family.kill()


def release(family: Processes) -> None:
    """Forget processes that ended, before the id of their leader may become another's."""
    del _families[family.leader]


def abandon() -> None:
    """Abandon all current runs by ending their processes; `execute` then raises Abandoned.

    The threads that carry them out clean up. Interpreters that wait for a run are ended as well.
    """
    for present in tuple(_present.values()):
        present.given_up = True
    for family in tuple(_families.values()):
        family.kill()


def kill_now() -> None:
    """Do the same from a signal handler, without a lock or a wait.

    A process that exits right after it, before `execute` could clean up, leaves its shared memory to the next
    sweep's `clear_leftovers`.
    """
    abandon()
