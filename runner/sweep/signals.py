"""Ctrl-C and its like: once ends the sweep in order, twice at once."""

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
"""Ctrl-C, a time limit of a batch system or service, a terminal that was closed."""


class _Handler:
    """Raises KeyboardInterrupt where the main thread is, at the first signal; a second one ends the process, after ``kill``."""

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
        """Let the first signal wait from now on."""
        self._held = True

    def let_go(self) -> None:
        """Raise KeyboardInterrupt if a signal waits, and at the next one."""
        self._held = False
        if self._waiting:
            self._waiting = False
            raise KeyboardInterrupt


_handler: _Handler | None = None  # of this process, while signals are handled


def find_temporary_folder() -> None:
    """Let `tempfile` look for its folder while no signal can come in between: it does so with a file of its own."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    try:
        tempfile.gettempdir()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def ignore_signals() -> None:
    """Ignore further signals: all is done, and an end of the program on its way out would look like a failure."""
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)


@contextmanager
def ending_in_order(kill: Callable[[], None] = lambda: None) -> Iterator[None]:
    """Raise KeyboardInterrupt at the first signal; at a second one call ``kill`` and end this process.

    ``kill`` ends the processes of the present run. What is stored stays whole either way: a file is renamed when all of
    it is written. Nested in another one, all that this changes is what a second signal kills, from here on.
    """
    global _handler  # noqa: PLW0603  # signals are the process's, and so is what handles them
    if _handler is not None:
        _handler.kill = kill
    if _handler is not None or current_thread() is not main_thread():  # only there can signals be handled
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
    """Let a first signal wait until the body is done, so that what was measured is stored; a second one does not wait."""
    handler = _handler if current_thread() is main_thread() else None
    if handler is None:
        yield
        return
    handler.hold()
    try:
        yield
    finally:
        handler.let_go()
