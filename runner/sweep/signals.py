"""Ctrl-C and similar signals: the first ends the sweep in order, the second immediately."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import current_thread, main_thread
from types import FrameType

from breakeven.base.exit_codes import EXIT_INTERRUPTED
from breakeven.runner.errors import Interrupted

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""Ctrl-C, the time limit of a batch system or service, a closed terminal."""


class _Handler:
    """Raises Interrupted in the main thread at the first signal; kills and exits at the second."""

    def __init__(self, kill: Callable[[], None]) -> None:
        self.kill = kill
        self.interrupted = False
        self._held = False
        self._delayed = False

    def __call__(self, number: int, frame: FrameType | None) -> None:
        if self.interrupted:
            self.kill()
            os._exit(EXIT_INTERRUPTED)
        del number, frame
        self.interrupted = True
        if self._held:
            self._delayed = True
        else:
            raise Interrupted

    def hold(self) -> None:
        """Delay the first signal from now on."""
        self._held = True

    def resume(self) -> None:
        """Raise KeyboardInterrupt if a signal was delayed, and from now on when one arrives."""
        self._held = False
        if self._delayed:
            self._delayed = False
            raise KeyboardInterrupt


_handler: _Handler | None = None  # the one of this process, while signals are handled


def raise_if_interrupted() -> None:
    """Raise KeyboardInterrupt if a first signal has arrived, also if somebody caught what it raised.

    Hydra does so while it composes the configuration, and then takes a sweep for a single run.
    """
    if _handler is not None and _handler.interrupted:
        raise KeyboardInterrupt


def ignore_signals() -> None:
    """Ignore further signals: all is done, and being killed during the exit would look like a failure.

    CPython ends by SIGINT, whatever the exit code, if the last `exec` or `eval` of a text was interrupted, such as the
    one of a dataclass in an import. One that is not interrupted makes it forget that.
    """
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    exec("")  # noqa: S102  # our own text, and empty


def _is_ignored(number: int) -> bool:
    """Return whether whoever started this process wants it to outlive its terminal, as nohup does."""
    return number == signal.SIGHUP and signal.getsignal(number) is signal.SIG_IGN


@contextmanager
def ending_in_order(kill: Callable[[], None] = lambda: None) -> Iterator[None]:
    """Raise KeyboardInterrupt at the first signal; at a second one call ``kill`` and end this process.

    ``kill`` ends the processes of the current run. Stored files stay whole either way: each is renamed only
    once it is completely written. If nested, the inner one only replaces ``kill``, from then on.
    """
    global _handler  # noqa: PLW0603  # signals belong to the process, and so does their handler
    if _handler is not None:
        _handler.kill = kill
    if _handler is not None or current_thread() is not main_thread():  # Python handles signals only there
        yield
        return
    _handler = _Handler(kill)
    before = {number: signal.signal(number, _handler) for number in SIGNALS if not _is_ignored(number)}
    try:
        yield
    finally:
        _handler = None
        for number, former in before.items():
            signal.signal(number, former)


@contextmanager
def held_back() -> Iterator[None]:
    """Delay a first signal until the body is done, so that a measured run is stored; but not a second."""
    with until_put_away() as hold_back:
        hold_back()
        yield


@contextmanager
def until_put_away() -> Iterator[Callable[[], None]]:
    """Provide a function that delays a first signal from its call to the end of the body, but not a second.

    A signal raises within whatever runs, also within what removes a file or releases a lock, which then stays. It does
    so once: one before the call ends the body in order.
    """
    handler = _handler if current_thread() is main_thread() else None
    if handler is None:
        yield lambda: None
        return
    try:
        yield handler.hold
    finally:
        handler.resume()
