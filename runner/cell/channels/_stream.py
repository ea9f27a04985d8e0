"""Messages on streams of bytes, one pair of ends for each worker: a frame is a header and the payload.

Payload bytes follow the header as they are; any other object follows as its pickle. Sending blocks while the kernel's
buffer is full, so `StreamChannel` sends to a worker no more than `ahead` allows.
"""

from __future__ import annotations

import select
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any

from ..phases import RECEIVE, SEND, WAIT
from ..spaces import BY_HANDLE
from ..trace import Recorder
from ._abc import Channel, Port, Room
from ._frames import HEADER, JOINED_BYTES, PLAIN, pack, unpickle
from ._lines import Lines, Mesh

_HEADER_BYTES, _pack, _unpack = HEADER.size, HEADER.pack, HEADER.unpack


class End(ABC):
    """One end of a worker's connection. A subclass writes and reads bytes."""

    recorder: Recorder

    def send(self, message: tuple[int, int, Any]) -> None:
        """Send a message; wait while the kernel's buffer is full."""
        task, value, payload = message
        if type(payload) is bytes and len(payload) <= JOINED_BYTES:  # in as few calls as a loop by hand
            self._write(_pack(task, value, len(payload), PLAIN) + payload)
            self.recorder.mark(SEND)
            return
        header, payload = pack(message, self.recorder)
        if len(payload) <= JOINED_BYTES:
            self._write(header + payload)
        else:
            self._write(header)
            self._write(payload)
        self.recorder.mark(SEND)

    def receive(self) -> tuple[int, int, Any]:
        """Wait for a message; raise EOFError if the other end is closed."""
        mark = self.recorder.mark
        header = self._read_some(_HEADER_BYTES)
        if len(header) < _HEADER_BYTES:
            header = self._read_rest(header, _HEADER_BYTES)
        mark(WAIT)
        task, value, length, kind = _unpack(header)
        payload = self._read_some(length) if length else b""
        if len(payload) < length:
            payload = self._read_rest(payload, length)
        mark(RECEIVE)
        return task, value, payload if kind == PLAIN else unpickle(payload, self.recorder)

    def _read_rest(self, data: bytes, length: int) -> bytes:
        """Return ``data`` with all that is missing to so many bytes; raise EOFError if the other end is closed."""
        parts, missing = [data], length - len(data)
        while missing:
            if not parts[-1]:
                raise EOFError("the other end of the connection is closed")
            parts.append(self._read_some(missing))
            missing -= len(parts[-1])
        return b"".join(parts)

    @abstractmethod
    def _write(self, data: bytes) -> None:
        """Write all of it."""

    @abstractmethod
    def _read_some(self, length: int) -> bytes:
        """Wait for data and return up to so many bytes; none if the other end is closed."""

    @abstractmethod
    def fileno(self) -> int:
        """Return the descriptor that becomes readable when a message comes."""

    @property
    @abstractmethod
    def buffer_bytes(self) -> int:
        """Return what may be under way in one direction before sending blocks."""

    @abstractmethod
    def close(self) -> None:
        """Close it, if it is not closed."""


class StreamPort(Port):
    """The worker's end of its connection."""

    def __init__(self, end: End) -> None:
        self.end = end

    def open(self, recorder: Recorder, arrival: int) -> None:
        """Take the recorder: the end marks its phases itself."""
        super().open(recorder, arrival)
        self.end.recorder = recorder
        self.receive = self.end.receive  # type: ignore[method-assign]  # a call less in each round trip

    def receive(self) -> tuple[int, int, Any]:
        """Wait for a message."""
        return self.end.receive()

    def send(self, task: int, value: int, payload: Any) -> None:
        """Send an answer."""
        self.end.send((task, value, payload))

    def fileno(self) -> int:
        """Return the descriptor that becomes readable when a message comes."""
        return self.end.fileno()

    def close(self) -> None:
        """Close the end."""
        self.end.close()


class StreamChannel(Channel):
    """The parent's ends of all connections; a subclass makes them. It waits for whichever worker answers first."""

    JOINS = BY_HANDLE
    ALWAYS_PICKLES = True
    PLAIN_BYTES = True
    BETWEEN = True
    PORT = StreamPort

    def __init__(self, context: Any, room: Room, options: dict[str, Any]) -> None:
        super().__init__(context, room, options)
        self.ours: list[End] = []
        self.theirs: list[End] = []
        for ours, theirs in self._connect():
            self.ours.append(ours)
            self.theirs.append(theirs)
        smallest = min(end.buffer_bytes for end in (*self.ours, *self.theirs))
        self.each = room.ahead_of_each(smallest)
        self.free = deque(list(range(room.workers)) * self.each)
        self.poll = select.poll()
        self.owner = {end.fileno(): worker for worker, end in enumerate(self.ours)}
        for descriptor in self.owner:
            self.poll.register(descriptor, select.POLLIN)
        self.answered: deque[int] = deque()

    @abstractmethod
    def _connect(self) -> Iterator[tuple[End, End]]:
        """Make a connection for each worker, and yield the parent's end and the worker's."""

    def watch(self, recorder: Recorder, arrival: int) -> None:
        """Take the parent's recorder: the ends mark their phases themselves."""
        super().watch(recorder, arrival)
        for end in self.ours:
            end.recorder = recorder

    @property
    def ahead(self) -> int:
        """Return how many messages may be unanswered: one a worker, or two if both fit the kernel's buffer."""
        return self.each * self.room.workers

    def port(self, worker: int) -> Port:
        """Return the other end of the worker's connection."""
        return self.PORT(self.theirs[worker])

    def lines(self, producers: int, consumers: int, message_bytes: int) -> Lines:
        """Return a connection for each pair."""
        room = self.room._replace(workers=producers * consumers, message_bytes=message_bytes)
        made = type(self)(self.context, room, self.options)
        return Mesh([self.PORT(end) for end in made.ours], [self.PORT(end) for end in made.theirs], consumers)

    def order(self, worker: int, task: int) -> None:
        """Send an order to the worker."""
        self.ours[worker].send((task, 0, b""))

    def send(self, task: int, value: int, payload: Any) -> None:
        """Send a task to the worker that has been free longest."""
        self.ours[self.free[0]].send((task, value, payload))
        self.free.popleft()

    def receive(self) -> tuple[int, int, Any]:
        """Take an answer; with one worker, read its connection without waiting for several."""
        worker = 0 if len(self.ours) == 1 else self._next()
        message = self.ours[worker].receive()
        self.free.append(worker)
        return message

    def _next(self) -> int:
        """Return a worker whose answer has come."""
        if not self.answered:
            self.answered.extend(self.owner[descriptor] for descriptor, _ in self.poll.poll())
        return self.answered.popleft()

    def ends(self) -> tuple[Callable[[tuple[int, int, Any]], Any], Callable[[], tuple[int, int, Any]]]:
        """Return the ends of the connection to the only worker: there is no choice."""
        if len(self.ours) > 1:
            return super().ends()
        (end,) = self.ours
        return end.send, end.receive

    def close(self) -> None:
        """Close all ends."""
        for end in (*self.ours, *self.theirs):
            end.close()
