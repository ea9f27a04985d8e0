"""Ctrl-C and its like: once ends the sweep in order, twice at once."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from threading import current_thread, main_thread
from types import FrameType

from runner.host import kill_now

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""Ctrl-C, a time limit of a batch system or service, a terminal that was closed."""

EXIT_INTERRUPTED = 130


class _Handler:
    def __init__(self) -> None:
        self._asked = False

    def __call__(self, number: int, frame: FrameType | None) -> None:
        if self._asked:
            kill_now()
            os._exit(EXIT_INTERRUPTED)
        self._asked = True
        signal.default_int_handler(number, frame)  # raises KeyboardInterrupt where the main thread is


@contextmanager
def ending_in_order() -> Iterator[None]:
    """Raise KeyboardInterrupt at the first signal; at a second one end the processes of the present run and this one.

    What is stored stays whole either way: a file is renamed when all of it is written.
    """
    if current_thread() is not main_thread():  # only there can signals be handled
        yield
        return
    handler = _Handler()
    before = {number: signal.signal(number, handler) for number in SIGNALS}
    try:
        yield
    finally:
        for number, former in before.items():
            signal.signal(number, former)
