"""`concurrent.interpreters.create_queue` (Python 3.14): two queues that all interpreters of the process share.

What several of their interpreters can share is copied without a pickle: numbers, texts, bytes, and tuples of them. Any
other object is pickled by the queue itself. A reader of an empty queue looks again every 10 ms, so a message takes up
to that long; a pipe on which a byte follows each message wakes it at once.
"""

from __future__ import annotations

import os
from typing import Any, ClassVar, Optional

from ..phases import RECEIVE, WAIT
from ..spaces import INTERPRETERS
from ._shared import SharedPort, SharedQueues

POLL, PIPE = "poll", "pipe"
_BYTE = b"!"


class Line:
    """One direction: a queue, and the pipe that wakes its readers if there is one."""

    def __init__(self, queue: Any, pipe: Optional[tuple[int, int]]) -> None:
        self.queue = queue
        self.pipe = pipe

    def put(self, message: tuple[int, int, Any]) -> None:
        """Put a message."""
        self.queue.put(message)
        if self.pipe is not None:
            os.write(self.pipe[1], _BYTE)

    def wait(self) -> None:
        """Wait for the byte that follows a message; do nothing without a pipe."""
        if self.pipe is not None:
            os.read(self.pipe[0], 1)

    def get(self) -> Any:
        """Take a message, as soon as there is one."""
        return self.queue.get() if self.pipe is None else self.queue.get_nowait()

    def close(self) -> None:
        """Close the pipe; the queue goes with the last of its objects."""
        for descriptor in self.pipe or ():
            os.close(descriptor)


class QueuePort(SharedPort):
    """Takes from one queue and puts into the other."""

    def receive(self) -> tuple[int, int, Any]:
        """Take the next message from the shared queue."""
        return receive(self, self.tasks)


class InterpreterQueue(SharedQueues):
    """The parent's end.

    ``wake`` says how a reader of an empty queue learns of a message: by ``poll``, as the library has it, or a ``pipe``.
    """

    JOINS = frozenset({INTERPRETERS})
    OPTIONS: ClassVar[dict[str, str]] = {"wake": f"{POLL}|{PIPE}"}
    PLAIN_BYTES = True
    SINCE = (3, 14)
    LINE = Line
    PORT = QueuePort

    def _make(self) -> Line:
        from concurrent.interpreters import (  # type: ignore[import-not-found]  # noqa: PLC0415  # Python 3.14
            create_queue,
        )

        woken = self.options.get("wake") == PIPE  # ipc=auto has no knobs
        return self.LINE(create_queue(), os.pipe() if woken else None)

    @classmethod
    def _why_apart(cls, space: str) -> str:
        return f"joins interpreters of one process, not workers in {space}"

    @property
    def ahead(self) -> Optional[int]:
        """Return no limit, or what surely fits a pipe of bytes: `put` never blocks otherwise."""
        return None if self.tasks.pipe is None else 1024

    def receive(self) -> tuple[int, int, Any]:
        """Take an answer."""
        return receive(self, self.answers)

    def close(self) -> None:
        """Close the pipes."""
        self.tasks.close()
        self.answers.close()


def receive(end: Any, line: Line) -> tuple[int, int, Any]:
    """Wait for a message and take it; the wait ends with the byte, or with the message if none follows it."""
    if line.pipe is None:
        message: tuple[int, int, Any] = line.get()
        end.recorder.mark(WAIT)
        return message
    line.wait()
    end.recorder.mark(WAIT)
    message = line.get()
    end.recorder.mark(RECEIVE)
    return message
