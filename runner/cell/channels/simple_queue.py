"""`queue.SimpleQueue` between threads, `multiprocessing.SimpleQueue` between processes.

Between processes it is a pipe with a lock at each end and no feeder thread: `put` pickles and writes in the
calling thread, and blocks while the pipe is full. Any picklable object can travel.
"""

from __future__ import annotations

from ..spaces import BY_HANDLE
from ._shared import SharedQueues


class SimpleQueue(SharedQueues):
    """Two simple queues."""

    JOINS = BY_HANDLE
    KIND = "SimpleQueue"
