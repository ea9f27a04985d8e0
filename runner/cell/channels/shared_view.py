"""`memoryview` through the queues of interpreters (Python 3.14): a payload of bytes is handed over where it lies, without a copy.

The receiver reads the sender's memory, which stays until the receiver's view is released. Other objects travel as
through the queue itself.
"""

from __future__ import annotations

from typing import Any

from .interpreter_queue import InterpreterQueue, Line


class ViewLine(Line):
    """A queue that bytes travel through as views of them."""

    def put(self, message: tuple[int, int, Any]) -> None:
        """Put a message, a view of its payload if that is bytes."""
        task, value, payload = message
        super().put((task, value, memoryview(payload) if type(payload) is bytes else payload))


class SharedView(InterpreterQueue):
    """The queues of interpreters, with views; a task is called with a `memoryview` in place of bytes."""

    LINE = ViewLine
