"""How payloads travel between the parent and the workers of a bare model.

A message is ``(task, value, payload)``: the task's number, a small integer that travels with it (the value of a
result, the time a window opens), and the payload. Negative task numbers are orders, see below.

A channel has two kinds of end. The parent's is the channel itself; a worker's is a port, which is handed to the
worker when it is made (it is picklable in the way that locks and connections are) and opened there.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, ClassVar, NamedTuple, Optional

from ..trace import Recorder

SYNCHRONIZE, STOP, FAILED = (
    -1,
    -2,
    -3,
)  # task numbers that are orders, and a worker's word that its task raised

_SAFE_BYTES = 32 * 1024  # half of the smallest default buffer of a pipe on Linux
_ENVELOPE_BYTES = 256


class Room(NamedTuple):
    """What a channel must have room for: the largest payload either way, in bytes, and the number of workers.

    ``name`` is the run's: what outlives a killed process bears it, so that it can be found and removed.
    """

    workers: int
    message_bytes: int
    name: str = "breakeven"

    def ahead(self) -> int:
        """Return how many unanswered messages are safe where sending blocks until the other side reads.

        With one per worker there is always a worker free to read what is being sent, even when all others are
        stuck sending answers that the parent does not read yet. A second one, which hides the way there and back,
        is safe when all of them together fit the kernel's buffer.
        """
        twice = 2 * self.workers
        small = twice * (self.message_bytes + _ENVELOPE_BYTES) <= _SAFE_BYTES
        return twice if small else self.workers


class Port(ABC):
    """A worker's end."""

    def open(self, recorder: Recorder, arrival: int) -> None:
        """Take the worker's recorder; ``arrival`` is the phase that ends when a message is in hand."""
        self.recorder = recorder
        self.arrival = arrival

    @abstractmethod
    def receive(self) -> tuple[int, int, Any]:
        """Wait for a message."""

    @abstractmethod
    def send(self, task: int, value: int, payload: Any) -> None:
        """Send an answer."""

    def close(self) -> None:  # noqa: B027  # many have nothing to let go of
        """Let go of what `open` took."""


class Channel(ABC):
    """The parent's end. ``OPTIONS`` names its knobs and their kinds."""

    OPTIONS: ClassVar[dict[str, str]] = {}
    CROSSES_PROCESSES = True

    def __init__(self, context: Any, room: Room, options: dict[str, Any]) -> None:
        """Make the channel of primitives that ``context`` gives: `multiprocessing`'s or `threads.Context`'s."""
        self.context = context
        self.room = room
        self.options = options

    @classmethod
    def refuses(cls, processes: bool) -> Optional[str]:
        """Return the reason why workers, which are processes or else threads, cannot be joined by it, or None."""
        if processes and not cls.CROSSES_PROCESSES:
            return f"{cls.__name__.lower()} hands over the object itself, which cannot leave its process"
        return None

    def watch(self, recorder: Recorder, arrival: int) -> None:
        """Take the parent's recorder and the phase that ends when an answer is in hand."""
        self.recorder = recorder
        self.arrival = arrival

    @property
    def ahead(self) -> Optional[int]:
        """Return how many messages may be unanswered at a time, None for any number."""
        return self.room.ahead()

    @abstractmethod
    def port(self, worker: int) -> Port:
        """Return the end of ``worker``."""

    @abstractmethod
    def order(self, worker: int, task: int) -> None:
        """Send an order, which is not answered; where workers share a queue, one of them takes it."""

    @abstractmethod
    def send(self, task: int, value: int, payload: Any) -> None:
        """Send a task to a worker that may take one more."""

    @abstractmethod
    def receive(self) -> tuple[int, int, Any]:
        """Wait for an answer of any worker."""

    def close(self) -> None:  # noqa: B027  # many have nothing to let go of
        """Let go of everything; the workers are gone."""
