"""`queue.Queue` between threads, `multiprocessing.Queue` between processes.

Between threads the object itself is handed over. Between processes `put` gives it to the feeder thread, which
pickles it and writes it into a pipe; `get` reads and unpickles under a lock. Any picklable object can travel.
"""

from __future__ import annotations

from typing import Optional

from ._shared import SharedQueues


class Queue(SharedQueues):
    """Unbounded queues: all tasks are put at once, and the feeder thread waits for the pipe, not the parent."""

    KIND = "Queue"

    @property
    def ahead(self) -> Optional[int]:
        """Return no limit: `put` never blocks."""
        return None
