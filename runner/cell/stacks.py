"""A process writes its own stacks: when it crashes, and on request when it hangs."""

from __future__ import annotations

import faulthandler
import os
import signal

ASK = signal.SIGUSR1
CRASH = "crash-"  # with the worker's index: the file in the run's folder with a worker's crash report
_STDERR = 2  # by number: measured code may replace sys.stderr

_listening = False


def listen() -> None:
    """Write stacks to stderr on a crash and on `ASK` from now on, also in processes forked from this one."""
    global _listening  # noqa: PLW0603  # a process listens or does not
    _listening = True
    faulthandler.enable(_STDERR)
    if hasattr(faulthandler, "register"):
        faulthandler.register(ASK, _STDERR, all_threads=True)


def report_crash_in(folder: str, index: int) -> None:
    """From now on write the stacks of a crash to this worker's own file, if this process listens.

    `faulthandler` writes a report in dozens of pieces; reports of workers that crash at once would mix in one
    file.
    """
    if _listening:
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
        faulthandler.enable(os.open(os.path.join(folder, f"{CRASH}{index}"), flags, 0o600))
