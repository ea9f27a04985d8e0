"""`memoryview` through the queues of interpreters (Python 3.14): bytes are handed over without a copy.

The receiver reads the sender's memory, which stays until the receiver's view is released. Other objects travel as
through the queue itself; where views are within them, such as a part of its payload in what a task returns, these
become bytes.
"""

from __future__ import annotations

import pickle
from typing import Any

from ._ring import pickled
from .interpreter_queue import InterpreterQueue, Line


class ViewLine(Line):
    """A queue that bytes travel through as views of them."""

    def put(self, message: tuple[int, int, Any]) -> None:
        """Put a message, a view of its payload if that is bytes."""
        from concurrent.interpreters import (  # type: ignore[import-not-found]  # noqa: PLC0415  # Python 3.14
            NotShareableError,
        )

        task, value, payload = message
        try:
            super().put((task, value, memoryview(payload) if type(payload) is bytes else payload))
        except NotShareableError:  # no pickle has a view
            super().put((task, value, _Whole(payload)))


class _Whole:
    """An object on its way, which arrives with bytes where it has views."""

    def __init__(self, made: Any) -> None:
        self._pickled = bytes(pickled(made))

    def __reduce__(self) -> tuple[Any, ...]:
        return pickle.loads, (self._pickled,)


class SharedView(InterpreterQueue):
    """The queues of interpreters, with views; a task is called with a `memoryview` in place of bytes."""

    LINE = ViewLine
