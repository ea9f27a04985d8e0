"""Processes that the user's function started and left, such as the idle workers of a pool that is kept for later."""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from multiprocessing import active_children, util


def end_at_exit() -> None:
    """Have this process, one of `multiprocessing`'s, end its children at its exit instead of waiting for them.

    A pool that a function keeps for its next call ends its workers when the interpreter exits, but a process of
    `multiprocessing` waits for its children before that comes, and so would never end. Finalizers run first.
    """
    util.Finalize(None, _end, exitpriority=0)


def _end() -> None:
    for child in active_children():
        if child.pid is not None:
            with suppress(ProcessLookupError):
                os.kill(
                    child.pid, signal.SIGKILL
                )  # idle: all calls have returned; not every library's has `kill`
