"""Numbers that are unlike any other of the trace."""

from __future__ import annotations

from itertools import count

_BEYOND_LINUX = 2**22 + 1
"""The first number that no process of Linux has."""
_LARGEST = 2**31 - 1


class Numbers:
    """Numbers for events, and ids for processes and threads.

    The system gives an id to another process once its own is gone, and containers have the same ones: the second
    to ask gets one that no process has.
    """

    def __init__(self) -> None:
        self._events = count(1)
        self._free = count(_BEYOND_LINUX)
        self._pids: set[int] = set()
        self._tids: set[int] = set()

    def event(self) -> int:
        """Return the next number for a process, a thread, a counter or a message."""
        return next(self._events)

    def pid(self, asked: int) -> int:
        """Return the id of a process, ``asked`` if it is free."""
        found = asked if self._is_free(asked) else self._next()
        self._pids.add(found)
        return found

    def tid(self, asked: int | None, pid: int) -> int:
        """Return the id of a thread of process ``pid``, ``asked`` if it is free.

        A main thread has that of its process.
        """
        mains = asked == pid and asked not in self._tids
        found = asked if asked is not None and (mains or self._is_free(asked)) else self._next()
        self._tids.add(found)
        return found

    def _is_free(self, number: int) -> bool:
        return 0 < number <= _LARGEST and number not in self._pids and number not in self._tids

    def _next(self) -> int:
        return next(number for number in self._free if self._is_free(number))
