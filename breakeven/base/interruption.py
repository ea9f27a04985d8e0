"""Ctrl-C in any command: no traceback, and one exit code, whenever it comes."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from types import FrameType

from breakeven.base.exit_codes import EXIT_INTERRUPTED

_IMPORTS = "<frozen importlib._bootstrap>"


class _Handler:
    """Raises KeyboardInterrupt at the first Ctrl-C; ends the process at the second, and within an import.

    An extension module that is interrupted while it is imported prints a traceback, or makes of it an ImportError that
    somebody handles. Commands import before they hold anything that has to be cleaned up.
    """

    def __init__(self) -> None:
        self.interrupted = False

    def __call__(self, number: int, frame: FrameType | None) -> None:
        del number
        if self.interrupted or _is_import(frame):
            os._exit(EXIT_INTERRUPTED)
        self.interrupted = True
        raise KeyboardInterrupt


def ending_quietly(work: Callable[[], int]) -> int:
    """Call ``work``, which is all that this process does; return its exit code, or EXIT_INTERRUPTED after a Ctrl-C.

    A command that handles signals of its own replaces this for as long. From the end of ``work`` on Ctrl-C is ignored:
    all is done, and an interrupted exit would look like a failure.
    """
    if signal.getsignal(signal.SIGINT) is not signal.default_int_handler:  # as for a job in the background
        return work()
    handler = _Handler()
    signal.signal(signal.SIGINT, handler)
    try:
        code = work()
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    except KeyboardInterrupt:
        code = EXIT_INTERRUPTED
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if handler.interrupted:
        exec("")  # noqa: S102  # CPython would end by SIGINT if an `exec` was interrupted; this makes it forget that
        return EXIT_INTERRUPTED  # also if a library made another error of it
    return code


def _is_import(frame: FrameType | None) -> bool:
    while frame is not None:
        if frame.f_code.co_filename == _IMPORTS:
            return True
        frame = frame.f_back
    return False
