"""ZeroMQ: a ROUTER socket in the parent and a DEALER in each worker.

They are joined over Unix sockets (ipc) or within the process (inproc).

Payload bytes cross as they are, small ones behind the header in one frame; other objects as their pickle. Nobody else
can connect: the socket of `ipc` lies in a folder that only this user can enter, and `inproc` has none.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Sequence
from typing import Any, ClassVar, Optional

from ..member import Requirement
from ..phases import RECEIVE, SEND, WAIT
from ..spaces import PROCESSES
from ..trace import Recorder
from ._abc import Channel, Port, Room
from ._frames import HEADER, JOINED_BYTES, PICKLED, pack, unpickle
from ._lines import Lines, Outlet, Spread
from ._private import PrivatePaths

_MANY = 128
_EACH = 2  # messages under way to one worker: ZeroMQ's thread takes them at once, so neither side blocks


class SocketPort(Port):
    """A worker's socket, in a context of its own if the worker is in another process."""

    MODULES: ClassVar[tuple[str, ...]] = ("zmq",)

    def __init__(self, endpoint: str, worker: int, context: Any) -> None:
        self.endpoint = endpoint
        self.worker = worker
        self.context = context
        self.creator = os.getpid()

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.endpoint, self.worker, None)

    def make(self, recorder: Recorder, arrival: int, kind: str) -> Any:
        """Take the recorder, and return a new socket."""
        super().open(recorder, arrival)
        import zmq  # noqa: PLC0415  # the package that is measured

        shared = self.context is not None and os.getpid() == self.creator  # not by a process that was forked
        self.own = None if shared else zmq.Context()
        self.socket = _quiet(self.context if shared else self.own, getattr(zmq, kind))
        return self.socket

    def receive(self) -> tuple[int, int, Any]:
        """Wait for a message."""
        return _receive(self.socket, self.recorder)

    def send(self, task: int, value: int, payload: Any) -> None:
        """Send a message."""
        self.socket.send_multipart(_parts((task, value, payload), self.recorder))
        self.recorder.mark(SEND)

    def close(self) -> None:
        """Close the socket; all that it sent has arrived."""
        self.socket.close(linger=0)
        if self.own is not None:
            self.own.term()


class DealerPort(SocketPort):
    """The worker's end."""

    def open(self, recorder: Recorder, arrival: int) -> None:
        """Connect, and say so: a ROUTER sends to those that it has heard from."""
        import zmq  # noqa: PLC0415  # the package that is measured

        self.make(recorder, arrival, "DEALER").setsockopt(zmq.IDENTITY, _identity(self.worker))
        self.socket.connect(self.endpoint)
        self.socket.send(b"")


class PushPort(SocketPort):
    """A sender's end of its line to one receiver."""

    def open(self, recorder: Recorder, arrival: int) -> None:
        """Connect, as soon as the receiver is there."""
        import zmq  # noqa: PLC0415  # the package that is measured

        self.make(recorder, arrival, "PUSH").setsockopt(zmq.RECONNECT_IVL, 1)
        self.socket.connect(self.endpoint)


class PullPort(SocketPort):
    """A receiver's end, which all senders connect to."""

    def open(self, recorder: Recorder, arrival: int) -> None:
        """Bind."""
        self.make(recorder, arrival, "PULL").bind(self.endpoint)


class PushPull(Lines):
    """A PULL socket for each receiver, and a PUSH socket from each sender to each of them.

    ``endpoints`` are those of the receivers.
    """

    def __init__(self, endpoints: Sequence[str], context: Any) -> None:
        self._endpoints = endpoints
        self._context = context

    def outlet(self, producer: int) -> Outlet:
        """Return what connects to every receiver."""
        return Spread([PushPort(endpoint, producer, self._context) for endpoint in self._endpoints])

    def inlet(self, consumer: int) -> Port:
        """Return the socket that senders connect to."""
        return PullPort(self._endpoints[consumer], consumer, self._context)

    def close(self) -> None:
        """Do nothing: sockets are the workers', and their files lie in the channel's folder."""


class ZeroMq(Channel):
    """The parent's ROUTER, which all workers connect to. ``transport`` is what the sockets use."""

    OPTIONS: ClassVar[dict[str, str]] = {"transport": "ipc|inproc"}
    REQUIRES = (Requirement("zmq", "pyzmq>=25", "zeromq"),)
    ALWAYS_PICKLES = True
    PLAIN_BYTES = True
    BETWEEN = True

    def __init__(self, context: Any, room: Room, options: dict[str, Any]) -> None:
        super().__init__(context, room, options)
        import zmq  # noqa: PLC0415  # the package that is measured

        self.paths = PrivatePaths(room)
        self.endpoint = self._endpoint("channel")
        self.sockets = zmq.Context()
        self.socket = _quiet(self.sockets, zmq.ROUTER)
        self.socket.bind(self.endpoint)
        self.numbers = {_identity(worker): worker for worker in range(room.workers)}
        self.identities = list(self.numbers)
        self.unheard = room.workers
        self.each = _MANY if room.one_way else _EACH
        self.free = deque(list(range(room.workers)) * self.each)

    def _endpoint(self, name: str) -> str:
        inproc = self.options["transport"] == "inproc"
        return f"inproc://{name}" if inproc else f"ipc://{self.paths.path(name)}"

    def lines(self, producers: int, consumers: int, message_bytes: int) -> Lines:
        """Return sockets for each pair, of which the channel's own knows nothing."""
        del producers, message_bytes
        return PushPull([self._endpoint(f"line{consumer}") for consumer in range(consumers)], self.sockets)

    @classmethod
    def refuses(cls, space: str, options: dict[str, Any]) -> Optional[str]:
        """Return why it cannot join workers that live there: ``inproc`` leaves no process."""
        if options.get("transport") == "inproc" and space == PROCESSES:
            return f"does not reach workers in {space} with ipc.transport=inproc; use ipc.transport=ipc"
        return super().refuses(space, options)

    @property
    def ahead(self) -> int:
        """Return two a worker, or many that go one way: no side waits for the other to send."""
        return self.each * self.room.workers

    def port(self, worker: int) -> Port:
        """Return where the worker connects to; a thread uses the parent's context."""
        return DealerPort(self.endpoint, worker, self.sockets)

    def order(self, worker: int, task: int) -> None:
        """Send an order to the worker."""
        self._send(worker, (task, 0, b""))

    def send(self, task: int, value: int, payload: Any) -> None:
        """Send a task to the worker that has been free longest."""
        self._send(self.free[0], (task, value, payload))
        self.free.popleft()

    def _send(self, worker: int, message: tuple[int, int, Any]) -> None:
        while self.unheard:
            self.socket.recv_multipart()
            self.unheard -= 1
        self.socket.send_multipart([self.identities[worker], *_parts(message, self.recorder)])
        self.recorder.mark(SEND)

    def receive(self) -> tuple[int, int, Any]:
        """Wait for an answer from any worker."""
        worker = self.numbers[self.socket.recv()]
        message = _receive(self.socket, self.recorder)
        self.free.append(worker)
        return message

    def close(self) -> None:
        """Close the socket, and end ZeroMQ's thread."""
        self.socket.close(linger=0)
        self.sockets.term()
        self.paths.remove()


def _identity(worker: int) -> bytes:
    return b"worker %d" % worker


def _quiet(context: Any, kind: int) -> Any:
    """Return a socket that drops no message for their number."""
    made = context.socket(kind)
    made.set_hwm(0)
    return made


def _parts(message: tuple[int, int, Any], recorder: Recorder) -> list[bytes]:
    header, payload = pack(message, recorder)
    return [header + payload] if len(payload) <= JOINED_BYTES else [header, payload]


def _receive(socket: Any, recorder: Recorder) -> tuple[int, int, Any]:
    frame = socket.recv()
    recorder.mark(WAIT)
    task, value, length, kind = HEADER.unpack_from(frame)
    payload = frame[HEADER.size :] if length <= JOINED_BYTES else socket.recv()
    recorder.mark(RECEIVE)
    return task, value, unpickle(payload, recorder) if kind == PICKLED else payload
