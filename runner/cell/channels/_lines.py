"""Lines from some of the workers directly to the others.

A channel makes them in the parent, and the workers use them.

The first workers send, the others receive. Of queues all share one line; of what has two ends, such as pipes, each pair
of a sender and a receiver has a line of its own, and a sender takes its receivers in turn.
"""

from __future__ import annotations

import select
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, Optional

from ..trace import Recorder
from ._abc import STOP, Port

Message = tuple[int, int, Any]


class Outlet(Port):
    """A sender's end: to ``consumers`` that share one line, unless it has a line to each."""

    def __init__(self, port: Port, consumers: int) -> None:
        self.port = port
        self.consumers = consumers
        self.MODULES = port.MODULES  # type: ignore[misc]  # those of its line

    def open(self, recorder: Recorder, arrival: int) -> None:
        """Open the line."""
        self.port.open(recorder, arrival)

    def receive(self) -> Any:
        """Raise NotImplementedError: nothing comes back."""
        raise NotImplementedError("a sender's end receives nothing")

    def send(self, task: int, value: int, payload: Any) -> None:
        """Send a message to whichever receiver takes it."""
        self.port.send(task, value, payload)

    def finish(self) -> None:
        """Tell the receivers that no message follows: the one that takes this takes nothing more."""
        for _ in range(self.consumers):
            self.port.send(STOP, 0, b"")

    def close(self) -> None:
        """Close the line."""
        self.port.close()


class Spread(Outlet):
    """A sender's end with a line to each receiver."""

    def __init__(self, ports: Sequence[Port]) -> None:
        super().__init__(ports[0], len(ports))
        self.ports = list(ports)
        self.turn = 0

    def open(self, recorder: Recorder, arrival: int) -> None:
        """Open all lines."""
        for port in self.ports:
            port.open(recorder, arrival)

    def send(self, task: int, value: int, payload: Any) -> None:
        """Send a message to the receiver whose turn it is."""
        self.ports[self.turn].send(task, value, payload)
        self.turn = (self.turn + 1) % self.consumers

    def finish(self) -> None:
        """Tell each receiver, along its line."""
        for port in self.ports:
            port.send(STOP, 0, b"")

    def close(self) -> None:
        """Close all lines."""
        for port in self.ports:
            port.close()


class Gathered(Port):
    """A receiver's end with a line from each sender: what is readable is taken in turn."""

    def __init__(self, ports: Sequence[Any]) -> None:
        self.ports = list(ports)
        self.MODULES = ports[0].MODULES  # type: ignore[misc]  # those of its lines

    def open(self, recorder: Recorder, arrival: int) -> None:
        """Open all lines."""
        for port in self.ports:
            port.open(recorder, arrival)
        self._poll = select.poll()
        self._owner = {port.fileno(): port for port in self.ports}
        for descriptor in self._owner:
            self._poll.register(descriptor, select.POLLIN)
        self._readable: deque[int] = deque()

    def receive(self) -> Message:
        """Wait for a message from any sender; from a single one without waiting for several."""
        message: Message
        if len(self.ports) == 1:
            message = self.ports[0].receive()
            return message
        if not self._readable:
            self._readable.extend(descriptor for descriptor, _ in self._poll.poll())
        message = self._owner[self._readable.popleft()].receive()
        return message

    def send(self, task: int, value: int, payload: Any) -> None:
        """Raise NotImplementedError: nothing goes back."""
        raise NotImplementedError("a receiver's end sends nothing")

    def close(self) -> None:
        """Close all lines."""
        for port in self.ports:
            port.close()


class Lines(ABC):
    """All lines of a run; ends are picklable as ports are.

    A sender may have ``ahead`` messages under way, any number if that is None.
    """

    ahead: Optional[int] = None

    @abstractmethod
    def outlet(self, producer: int) -> Outlet:
        """Return the end of a sender, counted from 0."""

    @abstractmethod
    def inlet(self, consumer: int) -> Port:
        """Return the end of a receiver, counted from 0."""

    @abstractmethod
    def close(self) -> None:
        """Release everything, after the workers are gone."""


class Shared(Lines):
    """One line for all: ``port`` makes an end of it, and ``close`` releases it."""

    def __init__(self, port: Callable[[], Port], consumers: int, close: Callable[[], None]) -> None:
        self._port = port
        self._consumers = consumers
        self._close = close

    def outlet(self, producer: int) -> Outlet:
        """Return the same to all."""
        del producer
        return Outlet(self._port(), self._consumers)

    def inlet(self, consumer: int) -> Port:
        """Return the same to all."""
        del consumer
        return self._port()

    def close(self) -> None:
        """Release the line."""
        self._close()


class Mesh(Lines):
    """A line for each pair: ``sends`` and ``receives`` are its two ends as ports, those of the first sender first."""

    def __init__(self, sends: Sequence[Port], receives: Sequence[Port], consumers: int) -> None:
        self._sends = sends
        self._receives = receives
        self._consumers = consumers

    def outlet(self, producer: int) -> Outlet:
        """Return one end of each line of a sender."""
        first = producer * self._consumers
        return Spread(self._sends[first : first + self._consumers])

    def inlet(self, consumer: int) -> Port:
        """Return the other end of each line to a receiver."""
        return Gathered(self._receives[consumer :: self._consumers])

    def close(self) -> None:
        """Close both ends of all lines."""
        for port in (*self._sends, *self._receives):
            port.close()
