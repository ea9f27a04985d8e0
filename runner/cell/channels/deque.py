"""`collections.deque` with a lock, for threads, as people write it by hand: the object itself is passed."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from threading import Condition, Lock
from time import sleep
from typing import Any, ClassVar, Optional

from ..spaces import THREADS
from ._abc import Room
from ._shared import SharedQueues


class _Notified:
    """A reader sleeps in a condition until a writer notifies it."""

    def __init__(self) -> None:
        self._objects: deque[Any] = deque()
        self._changed = Condition(Lock())

    def put(self, item: Any) -> None:
        """Append an object and wake a reader."""
        with self._changed:
            self._objects.append(item)
            self._changed.notify()

    def get(self) -> Any:
        """Wait for an object and take it."""
        with self._changed:
            while not self._objects:
                self._changed.wait()
            return self._objects.popleft()


class _Polled:
    """A reader looks again and again under a lock, and sleeps in between."""

    def __init__(self, pause_s: float) -> None:
        self._objects: deque[Any] = deque()
        self._lock = Lock()
        self._pause_s = pause_s

    def put(self, item: Any) -> None:
        """Append an object."""
        with self._lock:
            self._objects.append(item)

    def get(self) -> Any:
        """Poll for an object until there is one, and take it."""
        while True:
            with self._lock:
                if self._objects:
                    return self._objects.popleft()
            sleep(self._pause_s)


class Deque(SharedQueues):
    """Two deques, one each way.

    ``sync`` is how a reader waits, ``poll`` the pause between two looks if it only has a lock.
    """

    OPTIONS: ClassVar[dict[str, str]] = {"sync": "condition|lock", "poll": "time"}
    JOINS = frozenset({THREADS})
    PLAIN_BYTES = True
    KIND = "Deque"

    def __init__(self, context: Any, room: Room, options: dict[str, Any]) -> None:
        super().__init__(_Deques(options), room, options)
        del context

    @classmethod
    def _why_apart(cls, space: str) -> str:
        return f"passes the object itself, which workers in {space} cannot take"

    @property
    def ahead(self) -> Optional[int]:
        """Return no limit: appending an object never blocks."""
        return None


class _Deques:
    """Creates deques whose readers wait as the options say."""

    def __init__(self, options: dict[str, Any]) -> None:
        waits: Callable[[], Any] = _Notified
        self.Deque = waits if options["sync"] == "condition" else lambda: _Polled(options["poll"] / 1e9)
