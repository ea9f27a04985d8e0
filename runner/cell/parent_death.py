"""Ends measured processes with the one that started them, however that ended."""

from __future__ import annotations

import os
import select
import signal
import sys
from contextlib import suppress
from functools import cache
from threading import Thread
from typing import Any

_PR_SET_PDEATHSIG = 1


def die_with_parent() -> None:
    """Ask the kernel to end this process when its parent ends; Linux only.

    The parent may be killed by a signal that no handler of ours sees.
    """
    if sys.platform != "linux":
        return
    _prctl()(_PR_SET_PDEATHSIG, signal.SIGKILL)


@cache
def _prctl() -> Any:
    """Return the system call; a forked worker inherits it, for finding it takes longer than calling it."""
    import ctypes  # noqa: PLC0415  # only here, and only on Linux

    return ctypes.CDLL(None).prctl


def die_with_creator() -> None:
    """End this worker when the process that requested it ends.

    Called when the worker is ready, so that it does not add to the start-up time. Workers of a fork server
    are its children and keep it alive: a thread in each sleeps until their creator ends.
    """
    from multiprocessing import parent_process  # noqa: PLC0415  # only workers of multiprocessing call this

    creator = parent_process()
    if creator is None or creator.pid == os.getppid():
        die_with_parent()
        if creator is None or creator.pid == os.getppid():
            return  # else it ended before the kernel knew whom to watch

    def outlive() -> None:
        creator.join()
        os.kill(os.getpid(), signal.SIGKILL)

    Thread(target=outlive, name="orphan", daemon=True).start()


def die_with(pid: int, session: int = 0) -> None:
    """End this process when another one ends, which need not be its parent; Linux only.

    All processes of a ``session`` are ended first.

    PR_SET_PDEATHSIG would not do: it acts when the thread ends that forked, which a library may let end at any time.
    """
    if not hasattr(os, "pidfd_open"):
        return

    def outlive() -> None:
        with suppress(ProcessLookupError):
            select.select([os.pidfd_open(pid)], [], [])
        if session:
            _end_session(session)
        os.kill(os.getpid(), signal.SIGKILL)

    Thread(target=outlive, name="orphan", daemon=True).start()


def _end_session(session: int) -> None:
    for name in os.listdir("/proc"):
        if name.isdecimal() and int(name) != os.getpid():
            with suppress(ProcessLookupError, PermissionError):
                if os.getsid(int(name)) == session:
                    os.kill(int(name), signal.SIGKILL)
