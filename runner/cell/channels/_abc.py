"""How payloads travel between the parent and the workers of a bare model.

A message is ``(task, value, payload)``: the task's number, a small integer that travels with it (the value of
a result, the time a window opens), and the payload. Negative task numbers are orders, see below.

A channel has two kinds of end. The parent's is the channel itself; a worker's is a port, which is passed to
the worker when it is created (it is picklable as locks and connections are) and opened there.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Optional

from ..member import Member
from ..named import NamedTuple
from ..spaces import PROCESSES, THREADS
from ..trace import Recorder

if TYPE_CHECKING:
    from ._lines import Lines

SYNCHRONIZE, STOP = -1, -2  # task numbers that are orders
FAILED, HELLO = (
    -3,
    -4,
)  # those with which a worker reports that its task raised, and with which it returns a greeting

_SAFE_BYTES = 32 * 1024  # half of the smallest default buffer of a pipe on Linux
_ENVELOPE_BYTES = 256
_KEPT_BYTES = 1024  # what the kernel keeps for a small message on a socket, at most


class Room(NamedTuple):
    """What a channel must have room for: the largest payload each way, in bytes, and the number of workers.

    ``name`` is the run's: whatever outlives a killed process is named after it, so that it can be found and removed.
    ``folder`` is its folder, which only this user can enter and which is removed with the run. With ``one_way``,
    messages of either direction are small: requests or acknowledgements.
    """

    workers: int
    message_bytes: int
    name: str = "breakeven"
    folder: str = "."
    one_way: bool = False

    def ahead(self) -> int:
        """Return how many unanswered messages are safe if sending blocks until the other side reads.

        With one per worker, some worker is always free to read what is being sent, even when all others are stuck
        sending answers that the parent does not read yet. A second one, which hides the transfer time, is safe when all
        of them together fit the kernel's buffer. If all messages of one direction do, its side never waits, and so
        reads whatever the other one sends.
        """
        if self.one_way:
            return self._small_ones(_SAFE_BYTES // self.workers, _ENVELOPE_BYTES) * self.workers
        twice = 2 * self.workers
        small = twice * (self.message_bytes + _ENVELOPE_BYTES) <= _SAFE_BYTES
        return twice if small else self.workers

    def ahead_of_each(self, buffer_bytes: int) -> int:
        """Return how many are safe for each worker if each has a buffer of its own, of so many bytes, each way."""
        if self.one_way:
            return self._small_ones(buffer_bytes, _KEPT_BYTES)
        return 2 if 4 * (self.message_bytes + _ENVELOPE_BYTES) <= buffer_bytes else 1

    @staticmethod
    def _small_ones(buffer_bytes: int, each_bytes: int) -> int:
        return max(buffer_bytes // each_bytes, 1)


class Port(ABC):
    """A worker's end; ``MODULES`` are those that it imports, which is not charged to the channel.

    If it ``lends`` payloads, each lies in the channel's own memory, which must be free before the next message.
    """

    MODULES: ClassVar[tuple[str, ...]] = ()
    lends = False

    def open(self, recorder: Recorder, arrival: int) -> None:
        """Take the worker's recorder; ``arrival`` is the phase that ends when a message has arrived."""
        self.recorder = recorder
        self.arrival = arrival

    @abstractmethod
    def receive(self) -> Any:
        """Wait for a message and return it, a tuple; on an event loop return what is to be awaited for that."""

    @abstractmethod
    def send(self, task: int, value: int, payload: Any) -> None:
        """Send an answer."""

    def close(self) -> None:  # noqa: B027  # many have nothing to release
        """Release what `open` took."""


class Channel(Member, ABC):
    """The parent's end.

    ``JOINS`` are the spaces whose workers it joins to the parent; ``ALWAYS_PICKLES`` says whether it pickles objects
    between threads, too, and ``PLAIN_BYTES`` whether bytes cross in no pickle, wherever workers live. ``BETWEEN`` says
    whether it can join workers to each other as well, see `lines`.
    """

    JOINS: ClassVar[frozenset[str]] = frozenset({THREADS, PROCESSES})
    ALWAYS_PICKLES = False
    PLAIN_BYTES = False
    BETWEEN = False

    def __init__(self, context: Any, room: Room, options: dict[str, Any]) -> None:
        """Build the channel from the primitives of ``context``: `multiprocessing`'s or those for threads."""
        self.context = context
        self.room = room
        self.options = options

    @classmethod
    def refuses(cls, space: str, options: dict[str, Any]) -> Optional[str]:
        """Return why this channel cannot join workers that live in ``space``; None if it can.

        The reason names the options, as in "ipc=pipe ...".
        """
        del options
        return None if space in cls.JOINS else cls._why_apart(space)

    @classmethod
    def _why_apart(cls, space: str) -> str:
        """Return why it cannot join workers that live there."""
        return f"joins workers in {' and '.join(sorted(cls.JOINS))}, not in {space}"

    @classmethod
    def refuses_payload(cls, options: dict[str, Any], *, there: bool) -> Optional[str]:
        """Return why this channel with these options cannot carry what the cell sends.

        ``there`` is whether the cell sends anything.
        """
        del options, there
        return None

    def prepare(self, payloads: Optional[Sequence[Any]]) -> None:  # most need not know them
        """Take the payloads that all tasks of the trials share, None if each has its own; the workers wait.

        Raise InputsUnusable.
        """

    def watch(self, recorder: Recorder, arrival: int) -> None:
        """Take the parent's recorder and the phase that ends when an answer has arrived."""
        self.recorder = recorder
        self.arrival = arrival

    @property
    def ahead(self) -> Optional[int]:
        """Return how many messages may be unanswered at a time; None for no limit."""
        return self.room.ahead()

    @abstractmethod
    def port(self, worker: int) -> Port:
        """Return the worker's end."""

    @abstractmethod
    def order(self, worker: int, task: int) -> None:
        """Send an order, which gets no answer; if workers share a queue, any one of them takes it."""

    @abstractmethod
    def send(self, task: int, value: int, payload: Any) -> None:
        """Send a task to a worker that can take one more."""

    @abstractmethod
    def receive(self) -> Any:
        """Wait for an answer from any worker and return it, a tuple.

        On an event loop, return what is to be awaited for that.
        """

    def ends(self) -> tuple[Callable[[tuple[int, int, Any]], Any], Callable[[], tuple[int, int, Any]]]:
        """Return functions that send a message and receive its answer in this trial, one at a time."""
        return lambda message: self.send(*message), self.receive

    @classmethod
    def refuses_between(cls, options: dict[str, Any]) -> Optional[str]:
        """Return why it cannot join workers to each other, as in "ipc=zeromq ..."; None if it can."""
        del options
        return None if cls.BETWEEN else "joins workers to the parent alone"

    def lines(self, producers: int, consumers: int, message_bytes: int) -> Lines:
        """Return lines from some workers to the others for messages of that size.

        Only a channel with BETWEEN has them. Its own lines are apart.
        """
        raise NotImplementedError(f"{type(self).__name__} has BETWEEN and no lines")

    def close(self) -> None:  # many have nothing to release
        """Release everything, after the workers are gone."""
