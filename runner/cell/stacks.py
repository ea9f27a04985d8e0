"""A process writes its own stacks: when it crashes, and on request when it hangs.

`faulthandler` writes a report in dozens of pieces, so that reports of processes that crash at once would mix in
one file. Every process has a file of its own in the run's folder: the measured one, those that it spawns and
forks, and those that they fork.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Optional

faulthandler: Any
try:
    import faulthandler
except ImportError:  # it is the process's, and only its first interpreter can load it
    faulthandler = None

ASK = signal.SIGUSR1
CRASH = (
    "crash-"  # with a worker's index, or the process's id: the file in the run's folder with a crash report
)
FOLDER = "BREAKEVEN_RUN"  # the variable that holds the run's folder: a spawned process is told nothing else so early
_STDERR = 2  # by number: measured code may replace sys.stderr
_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_APPEND

_listening = False
_alone = False  # whether this process has a file of its own
_deferred = False
_folder = ""
_report: Optional[int] = None  # the descriptor of this process's file


def listen() -> None:
    """Write stacks on a crash, and to stderr on `ASK`, from now on, also in processes forked from this one."""
    global _listening, _folder  # a process listens or does not
    if faulthandler is None:
        return
    _listening, _folder = True, os.environ.get(FOLDER, "")
    faulthandler.enable(_STDERR)
    report_alone()
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=_report_when_due)
    if hasattr(faulthandler, "register"):
        faulthandler.register(ASK, _STDERR, all_threads=True)


@contextmanager
def deferred() -> Iterator[None]:
    """Let a process that is forked in the body open a file of its own only later.

    It does so when it calls `report_alone` or is ready.

    A user's program opens none, and until then nothing of the user's runs in a worker.
    """
    global _deferred  # noqa: PLW0603  # the hook of a fork takes no argument
    _deferred = True
    try:
        yield
    finally:
        _deferred = False


def report_crash_in(folder: str, index: int) -> None:
    """From now on write the stacks of a crash to this worker's own file, if this process listens."""
    if _listening:
        _report_in(os.path.join(folder, f"{CRASH}{index}"))


def _report_when_due() -> None:
    global _alone, _deferred  # of this process: those that it forks are not deferred
    due, _alone, _deferred = not _deferred, False, False
    if due:
        report_alone()


def report_alone() -> None:
    """Write the stacks of a crash to a file that no other process has; to what there was if the folder is gone."""
    global _alone  # noqa: PLW0603  # a process has a file or has none
    if _alone or not _folder:
        return
    _alone = True
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
