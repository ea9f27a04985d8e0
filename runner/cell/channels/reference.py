"""Threads pass the object itself, through a deque and a semaphore: no copy, any Python object."""

from __future__ import annotations

from collections import deque
from typing import Any, Optional

from ..spaces import THREADS
from ._shared import SharedQueues


class _Handover:
    """A queue of objects: a deque and a semaphore that counts them."""

    def __init__(self, context: Any) -> None:
        self._objects: deque[Any] = deque()
        self._left = context.Semaphore(0)

    def put(self, item: Any) -> None:
        """Append an object."""
        self._objects.append(item)
        self._left.release()

    def get(self) -> Any:
        """Wait for an object and take it."""
        self._left.acquire()
        return self._objects.popleft()


class Reference(SharedQueues):
    """Two handovers, one each way."""

    JOINS = frozenset({THREADS})
    PLAIN_BYTES = True

    @classmethod
    def _why_apart(cls, space: str) -> str:
        return f"passes the object itself, which workers in {space} cannot take"

    def __init__(self, context: Any, room: Any, options: dict[str, Any]) -> None:
        super().__init__(_Handovers(context), room, options)

    KIND = "Handover"

    @property
    def ahead(self) -> Optional[int]:
        """Return no limit: appending an object never blocks."""
        return None


class _Handovers:
    """Creates handovers with a context's semaphores."""

    def __init__(self, context: Any) -> None:
        self._context = context

    def Handover(self) -> _Handover:  # noqa: N802  # named like the context's Queue and SimpleQueue
        """Create a handover."""
        return _Handover(self._context)
