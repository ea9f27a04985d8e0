"""End a measured process or worker, whatever the user's function left behind."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from signal import SIGKILL
from threading import enumerate as all_threads
from threading import main_thread

_BEFORE_CHILDREN = 0  # the last of what multiprocessing does at exit before it waits for the children
_LAST = -100


def leave_nothing_behind(*, worker: bool) -> None:
    """From now on, end at exit what the function started and left, such as an executor's processes and threads."""
    from multiprocessing import util  # noqa: PLC0415  # what needs nothing but `flush` should not pay for it

    util.Finalize(None, _end_children, exitpriority=_BEFORE_CHILDREN)
    if worker:
        util.Finalize(None, _leave_threads, exitpriority=_LAST)


def _end_children() -> None:
    """End the children that the exit would wait for; multiprocessing itself ends daemonic ones, as of its `Pool`."""
    from multiprocessing import active_children  # noqa: PLC0415  # as above

    for child in active_children():
        if not child.daemon and child.pid is not None:
            with suppress(ProcessLookupError):
                os.kill(child.pid, SIGKILL)  # by its id: other libraries' processes have no `kill`


def _leave_threads() -> None:
    """End this worker here if it would wait for threads and did not fail."""
    waited_for = [thread for thread in all_threads() if not thread.daemon and thread is not main_thread()]
    if waited_for and sys.exc_info()[0] is None:
        flush()
        os._exit(0)


def flush() -> None:
    """Write out what was printed, wherever the user's function redirected it."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(Exception):  # a user's stream may raise anything
            stream.flush()


def keep_standard_files_open() -> None:
    """Open those of descriptors 0 to 2 that a module closed: the next file of ours would be taken for them."""
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)  # takes the lowest free number
