"""Objects of a worker's own.

Builds without a GIL count the references to an object with atomic operations once a second thread uses it, so that
threads that use the same object in their loops slow each other down as if it were locked. Numbers above 256,
tuples, sets, properties and instances are such objects, also the constants of a module that was compiled when it was
imported (CPython 3.13); those of one that was loaded from its bytecode cache are not counted. So what a
worker's loop touches is made in the worker.
"""

from __future__ import annotations

from typing import Any


def own(number: int) -> int:
    """Return the same number as an object that nobody else has; numbers up to 256 are not counted."""
    return int(str(number))


def own_bytes(payload: Any) -> Any:
    """Return the same bytes as an object that nobody else has; other objects and long bytes as they are.

    To copy 64 KiB or more takes long, and a task that reads them takes longer than to count a reference.
    """
    return bytes(bytearray(payload)) if type(payload) is bytes and not len(payload) >> 16 else payload
