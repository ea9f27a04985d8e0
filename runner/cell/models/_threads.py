"""The primitives of `multiprocessing`'s contexts for workers that are threads."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from typing import Any


def _pipe(duplex: bool = True) -> tuple[Any, Any]:
    from multiprocessing import Pipe  # noqa: PLC0415  # 12 ms, for one of the channels

    return Pipe(duplex)


class Shared:
    """A number that threads share as programs do: an attribute of an object."""

    def __init__(self, typecode: str, value: int = 0) -> None:
        del typecode
        self.value = value


class Context:
    """A factory of queues, pipes, semaphores and barriers, with the names of `multiprocessing`'s contexts."""

    Queue: Callable[[], Any] = staticmethod(queue.Queue)
    SimpleQueue: Callable[[], Any] = staticmethod(queue.SimpleQueue)
    Pipe = staticmethod(_pipe)
    Semaphore = staticmethod(threading.Semaphore)
    Barrier = staticmethod(threading.Barrier)
    Lock = staticmethod(threading.Lock)
    RawValue = Shared
