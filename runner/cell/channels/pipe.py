"""`multiprocessing.Pipe`, one for each worker: `send` pickles and writes, `recv` reads and unpickles.

Any picklable object can travel. Between threads the same connections are used, so a payload is pickled there
too.
"""

from __future__ import annotations

import os
import select
import socket
from collections import deque
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection
from typing import Any

from ..phases import SEND
from ..spaces import BY_HANDLE
from ._abc import Channel, Port, Room
from ._lines import Lines, Mesh


class PipePort(Port):
    """The worker's end of its pipe."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    def receive(self) -> tuple[int, int, Any]:
        """Wait for a message."""
        message: tuple[int, int, Any] = self.connection.recv()
        self.recorder.mark(self.arrival)
        return message

    def send(self, task: int, value: int, payload: Any) -> None:
        """Send an answer."""
        self.connection.send((task, value, payload))
        self.recorder.mark(SEND)

    def fileno(self) -> int:
        """Return the descriptor that becomes readable when a message comes."""
        return self.connection.fileno()

    def close(self) -> None:
        """Close the end."""
        self.connection.close()


class Pipe(Channel):
    """The parent's ends; it waits for whichever worker answers first."""

    JOINS = BY_HANDLE
    ALWAYS_PICKLES = True
    BETWEEN = True

    def __init__(self, context: Any, room: Room, options: dict[str, Any]) -> None:
        super().__init__(context, room, options)
        pairs = list(self._pairs())
        self.ours = [ours for ours, _ in pairs]
        self.theirs = [theirs for _, theirs in pairs]
        self.free = deque(list(range(room.workers)) * (self.ahead // room.workers))
        self.poll = select.poll()
        self.owner = {connection.fileno(): worker for worker, connection in enumerate(self.ours)}
        for descriptor in self.owner:
            self.poll.register(descriptor, select.POLLIN)

    def _pairs(self) -> Iterator[tuple[Connection, Connection]]:
        """Make a connection for each worker, and yield the parent's end and the worker's."""
        return (self.context.Pipe() for _ in range(self.room.workers))

    @property
    def ahead(self) -> int:
        """Return as many as fit the kernel's buffers, which some systems make smaller for sockets than for pipes."""
        with socket.socket(fileno=os.dup(self.ours[0].fileno())) as ours:
            buffer_bytes = ours.getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF)
        return min(self.room.ahead(), self.room.ahead_of_each(buffer_bytes) * self.room.workers)

    def port(self, worker: int) -> Port:
        """Return the other end of the worker's pipe."""
        return PipePort(self.theirs[worker])

    def lines(self, producers: int, consumers: int, message_bytes: int) -> Lines:
        """Return a pipe for each pair."""
        room = self.room._replace(workers=producers * consumers, message_bytes=message_bytes)
        made = type(self)(self.context, room, self.options)
        return Mesh([PipePort(end) for end in made.ours], [PipePort(end) for end in made.theirs], consumers)

    def order(self, worker: int, task: int) -> None:
        """Send an order down the worker's pipe."""
        self.ours[worker].send((task, 0, None))

    def send(self, task: int, value: int, payload: Any) -> None:
        """Send a task to the worker that has been free longest."""
        self.ours[self.free.popleft()].send((task, value, payload))
        self.recorder.mark(SEND)

    def receive(self) -> tuple[int, int, Any]:
        """Take an answer; with one worker, read its pipe without waiting for several."""
        worker = 0 if len(self.ours) == 1 else self.owner[self.poll.poll()[0][0]]
        message: tuple[int, int, Any] = self.ours[worker].recv()
        self.recorder.mark(self.arrival)
        self.free.append(worker)
        return message

    def ends(self) -> tuple[Callable[[tuple[int, int, Any]], Any], Callable[[], tuple[int, int, Any]]]:
        """Return those of the connection to a single worker if the trial is not traced.

        A process that has just been woken takes 1 us for a call that takes 0.1 us otherwise.
        """
        if len(self.ours) > 1 or self.recorder.on:
            return super().ends()
        (connection,) = self.ours
        return connection.send, connection.recv

    def close(self) -> None:
        """Close all ends."""
        for connection in (*self.ours, *self.theirs):
            connection.close()
