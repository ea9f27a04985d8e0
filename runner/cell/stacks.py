"""A process writes its own stacks: when it crashes, and on request when it hangs.

`faulthandler` writes a report in dozens of pieces, so that reports of processes that crash at once would mix in
one file. Every process has a file of its own in the run's folder: the measured one, those that it spawns and
forks, and those that they fork.
"""

from __future__ import annotations

import faulthandler
import os
import signal
from typing import Optional

ASK = signal.SIGUSR1
CRASH = (
    "crash-"  # with a worker's index, or the process's id: the file in the run's folder with a crash report
)
FOLDER = "BREAKEVEN_RUN"  # the variable that holds the run's folder: a spawned process is told nothing else so early
_STDERR = 2  # by number: measured code may replace sys.stderr
_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_APPEND

_listening = False
_folder = ""
_report: Optional[int] = None  # the descriptor of this process's file


def listen() -> None:
    """Write stacks on a crash, and to stderr on `ASK`, from now on, also in processes forked from this one."""
    global _listening, _folder  # a process listens or does not
    _listening, _folder = True, os.environ.get(FOLDER, "")
    faulthandler.enable(_STDERR)
    _report_alone()
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=_report_alone)
    if hasattr(faulthandler, "register"):
        faulthandler.register(ASK, _STDERR, all_threads=True)


def report_crash_in(folder: str, index: int) -> None:
    """From now on write the stacks of a crash to this worker's own file, if this process listens."""
    if _listening:
        _report_in(os.path.join(folder, f"{CRASH}{index}"))


def _report_alone() -> None:
    """Write the stacks of a crash to a file that no other process has; to what there was if the folder is gone."""
    if not _folder:
        return
    try:
        _report_in(os.path.join(_folder, f"{CRASH}{os.getpid()}"))
    except OSError:  # a daemon that outlived its run, or no descriptor left
        return


def _report_in(path: str) -> None:
    global _report  # a process has one
    former, _report = _report, os.open(path, _FLAGS, 0o600)
    faulthandler.enable(_report)
    if former is not None:
        os.close(former)
