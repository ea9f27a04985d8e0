"""The primitives of `multiprocessing`'s contexts for workers that are threads."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from multiprocessing import Pipe
from typing import Any


class Context:
    """A factory of queues, pipes, semaphores and barriers, with the names of `multiprocessing`'s contexts."""

    Queue: Callable[[], Any] = staticmethod(queue.Queue)
    SimpleQueue: Callable[[], Any] = staticmethod(queue.SimpleQueue)
    Pipe = staticmethod(Pipe)
    Semaphore = staticmethod(threading.Semaphore)
    Barrier = staticmethod(threading.Barrier)
