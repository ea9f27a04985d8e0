"""`queue.Queue` between threads, `multiprocessing.Queue` between processes.

Between threads the object itself is passed. Between processes `put` leaves it to the feeder thread, which
pickles it and writes it into a pipe; `get` reads under a lock and unpickles. Any picklable object can travel.
"""

from __future__ import annotations

from threading import current_thread
from typing import Any, Optional

from ..pickling import Guard, guard, unguard
from ._abc import FAILED, Room
from ._shared import SharedPort, SharedQueues


class QueuePort(SharedPort):
    """Takes from one queue and puts into the other, whose feeder sends the reason instead of what it cannot pickle."""

    def open(self, recorder: Any, arrival: int) -> None:
        """Guard what the feeder thread of this process pickles."""
        super().open(recorder, arrival)
        _guard_feeder(self.answers, "has a result that could not be sent back")


class Queue(SharedQueues):
    """Unbounded queues: all tasks are put at once; the feeder thread, not the parent, waits for the pipe."""

    KIND = "Queue"
    PORT = QueuePort

    @classmethod
    def _why_apart(cls, space: str) -> str:
        return f"sends by a daemon thread between processes, which workers in {space} cannot start"

    def __init__(self, context: Any, room: Room, options: dict[str, Any]) -> None:
        super().__init__(context, room, options)
        self._guard = _guard_feeder(self.tasks, "has an input that could not be sent")

    @property
    def ahead(self) -> Optional[int]:
        """Return no limit: `put` never blocks."""
        return None

    def close(self) -> None:
        """Close both queues, and wait for their feeder threads."""
        super().close()
        unguard(self._guard)


def _guard_feeder(queue: Any, what: str) -> Optional[Guard]:
    """Make a queue's feeder thread send ``FAILED``, which the worker passes on; queues of threads have none."""
    if not hasattr(queue, "join_thread"):
        return None
    return guard(
        lambda: queue._thread is current_thread(),  # noqa: SLF001  # nothing else says which queue a feeder is of
        lambda message, told: (FAILED, message[0], f"task {message[0]} {what}:\n{told}"),
    )
