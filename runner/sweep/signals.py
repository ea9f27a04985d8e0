"""Signals such as Ctrl-C: the first ends the sweep in order, the second at once."""

from __future__ import annotations

import os
import signal
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import current_thread, main_thread
from types import FrameType

from breakeven.base.exit_codes import EXIT_INTERRUPTED

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""Ctrl-C, the time limit of a batch system or service, a closed terminal."""


class _Handler:
    """Raises KeyboardInterrupt in the main thread at the first signal; calls ``kill`` and exits at the second."""

    def __init__(self, kill: Callable[[], None]) -> None:
        self.kill = kill
        self._asked = False
        self._held = False
        self._waiting = False

    def __call__(self, number: int, frame: FrameType | None) -> None:
        if self._asked:
            self.kill()
            os._exit(EXIT_INTERRUPTED)
        self._asked = True
        if self._held:
            self._waiting = True
        else:
            signal.default_int_handler(number, frame)

    def hold(self) -> None:
        """Make the first signal wait from now on."""
        self._held = True

    def let_go(self) -> None:
        """Stop holding: raise KeyboardInterrupt if a signal has been waiting, otherwise at the next one."""
        self._held = False
        if self._waiting:
            self._waiting = False
            raise KeyboardInterrupt


_handler: _Handler | None = None  # of this process, while signals are handled


def find_temporary_folder() -> None:
    """Let `tempfile` choose its folder with signals blocked: it writes a test file that must not be left behind."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    try:
        tempfile.gettempdir()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def ignore_signals() -> None:
    """Ignore further signals: everything is done, and dying on the way out would look like a failure."""
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)


@contextmanager
def ending_in_order(kill: Callable[[], None] = lambda: None) -> Iterator[None]:
    """Raise KeyboardInterrupt at the first signal; at the second call ``kill`` and end this process.

    ``kill`` ends the processes of the current run. Stored files stay whole either way, since a file is renamed after
    it is written. Inside another such context, this only replaces ``kill``.
    """
    global _handler  # noqa: PLW0603  # signal handlers belong to the process
    if _handler is not None:
        _handler.kill = kill
    if _handler is not None or current_thread() is not main_thread():  # Python handles signals only there
        yield
        return
    _handler = _Handler(kill)
    before = {number: signal.signal(number, _handler) for number in SIGNALS}
    try:
        yield
    finally:
        _handler = None
        for number, former in before.items():
            signal.signal(number, former)


@contextmanager
def held_back() -> Iterator[None]:
    """Make a first signal wait for the end of the body, so that a result gets stored; a second one does not wait."""
    handler = _handler if current_thread() is main_thread() else None
    if handler is None:
        yield
        return
    handler.hold()
    try:
        yield
    finally:
        handler.let_go()
