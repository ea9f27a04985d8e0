"""What a worker needs to send to other workers, or to receive from them.

That is its end of the lines, and the window of each sender.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from .named import NamedTuple

if TYPE_CHECKING:
    from .channels._lines import Lines


class Seat(NamedTuple):
    """What one worker has: its ``end``, an `Outlet` or an inlet, and what all share.

    Of the semaphores in ``credits``, one for each sender, each holds as many as ``window`` says: a sender takes one
    before it sends, and who has its message gives it back. A sender whose messages were all taken says so in ``ended``.
    Each worker says in ``begun`` that it takes part; senders that have ended wait in ``over`` until all do.
    """

    end: Any
    credits: tuple[Any, ...]
    window: int
    ended: Any
    begun: Any
    over: Any


class Seats:
    """The seats of all workers, the senders first."""

    def __init__(self, lines: Lines, semaphore: Callable[[int], Any], producers: int, window: int) -> None:
        self._lines = lines
        self._producers = producers
        self._window = window
        self._credits = tuple(semaphore(window) for _ in range(producers))
        self._shared = tuple(semaphore(0) for _ in ("ended", "begun", "over"))

    def seat(self, worker: int) -> Seat:
        """Return the seat of a worker."""
        sends = worker < self._producers
        end = self._lines.outlet(worker) if sends else self._lines.inlet(worker - self._producers)
        return Seat(end, self._credits, self._window, *self._shared)

    def close(self) -> None:
        """Release the lines, after the workers are gone."""
        self._lines.close()
