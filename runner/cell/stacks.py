"""Where a process stands, written by itself: when it crashes, and when it is asked to because it hangs."""

from __future__ import annotations

import faulthandler
import os
import signal

ASK = signal.SIGUSR1
CRASH = "crash-"  # and the worker's index: the file in the run's folder that holds a worker's last words
_STDERR = 2  # by number: code that is measured may put another object in the place of sys.stderr

_listening = False


def listen() -> None:
    """Write stacks to stderr on a crash and on `ASK` from now on, also in processes forked from this one."""
    global _listening  # noqa: PLW0603  # a process listens or does not
    _listening = True
    faulthandler.enable(_STDERR)
    if hasattr(faulthandler, "register"):
        faulthandler.register(ASK, _STDERR, all_threads=True)


def report_crash_in(folder: str, index: int) -> None:
    """Write the stacks of a crash to a file of this worker's own from now on, if this process listens.

    `faulthandler` writes a report in dozens of pieces. Those of workers that crash at once would mix in one file.
    """
    if _listening:
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
        faulthandler.enable(os.open(os.path.join(folder, f"{CRASH}{index}"), flags, 0o600))
