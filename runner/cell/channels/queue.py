"""`queue.Queue` between threads, `multiprocessing.Queue` between processes.

Between threads the object itself is passed. Between processes `put` leaves it to the feeder thread, which
pickles it and writes it into a pipe; `get` reads under a lock and unpickles. Any picklable object can travel.
"""

from __future__ import annotations

from typing import Optional

from ._shared import SharedQueues


class Queue(SharedQueues):
    """Unbounded queues: all tasks are put at once; the feeder thread, not the parent, waits for the pipe."""

    KIND = "Queue"

    @property
    def ahead(self) -> Optional[int]:
        """Return no limit: `put` never blocks."""
        return None
