"""A barrier of pipes for workers that share only the parent's descriptors.

All write to one pipe, and each reads from one of its own.
"""

from __future__ import annotations

import os
import select
from threading import BrokenBarrierError
from time import perf_counter

from .named import NamedTuple

_COME, _PASS, _BREAK = b"c", b"+", b"-"


class Seat(NamedTuple):
    """A worker's place, with the two methods of a barrier: where it says that it has come, and where it waits."""

    calls: int
    answers: int

    def wait(self) -> None:
        """Wait until all have come; raise BrokenBarrierError."""
        os.write(self.calls, _COME)
        if os.read(self.answers, 1) != _PASS:
            raise BrokenBarrierError

    def abort(self) -> None:
        """Break the barrier."""
        os.write(self.calls, _BREAK)


class Meeting:
    """The parent's place, with the methods of a barrier."""

    def __init__(self, parties: int) -> None:
        self._calls, self._call = os.pipe()
        self._pipes = [os.pipe() for _ in range(parties - 1)]
        self._poll = select.poll()
        self._poll.register(self._calls, select.POLLIN)

    def seat(self, worker: int) -> Seat:
        """Return the place of a worker."""
        return Seat(self._call, self._pipes[worker][0])

    def wait(self, seconds: float) -> None:
        """Wait until all workers have come, then let them pass.

        Raise BrokenBarrierError if one breaks it or is late.
        """
        end = perf_counter() + seconds
        for _ in self._pipes:
            come = self._poll.poll(max(end - perf_counter(), 0) * 1e3)
            if not come or os.read(self._calls, 1) == _BREAK:
                self._answer(_BREAK)
                raise BrokenBarrierError
        self._answer(_PASS)

    def abort(self) -> None:
        """Break the barrier, from any thread."""
        os.write(self._call, _BREAK)

    def close(self) -> None:
        """Close the pipes, after the workers are gone."""
        for descriptor in (self._calls, self._call, *(end for pipe in self._pipes for end in pipe)):
            os.close(descriptor)

    def _answer(self, answer: bytes) -> None:
        for _, writer in self._pipes:
            os.write(writer, answer)
