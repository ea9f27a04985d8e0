"""Messages over pipes, TCP and ZeroMQ, by hand; see `benchmarks.plain_echo`.

Written with the system's calls and the package alone.

A message ``(task, value, payload)`` is 24 bytes of three numbers and the payload's length in front of the payload;
None, which ends the other process, is a length below 0. Nothing of the lab is imported.
"""

from __future__ import annotations

import os
import socket
import struct
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

HEAD = struct.Struct("<qqq")
WIRES = ("os_pipe", "tcp", "zeromq")
_ALONE = 16_384
Read = Callable[[int], bytes]
Write = Callable[[bytes], Any]


class Wire(NamedTuple):
    """What one process sends and receives with."""

    send: Callable[[Any], None]
    receive: Callable[[], Any]


def wires(kind: str) -> tuple[Wire, Wire]:
    """Return this process's wire and that of the process that is about to be forked."""
    return {"os_pipe": _pipes, "tcp": _tcp, "zeromq": _zeromq}[kind]()


def _packed(message: Any) -> bytes:
    if message is None:
        return HEAD.pack(0, 0, -1)
    task, value, payload = message
    return HEAD.pack(task, value, len(payload)) + bytes(payload)


def _stream(read: Read, write: Write) -> Wire:
    def exactly(size: int) -> bytes:
        data = read(size)
        while len(data) < size:
            data += read(size - len(data))
        return data

    def receive() -> Any:
        task, value, size = HEAD.unpack(exactly(HEAD.size))
        return None if size < 0 else (task, value, exactly(size) if size else b"")

    def send(message: Any) -> None:
        data = _packed(message)
        if len(data) <= _ALONE:
            write(data)
        else:  # the other process reads how long it is while this one writes the rest
            write(data[: HEAD.size])
            write(data[HEAD.size :])

    return Wire(send, receive)


def _pipes() -> tuple[Wire, Wire]:
    (there, to), (back, answer) = os.pipe(), os.pipe()

    def writing(descriptor: int) -> Write:
        def write(data: bytes) -> None:
            rest = memoryview(data)
            while rest:
                rest = rest[os.write(descriptor, rest) :]

        return write

    def reading(descriptor: int) -> Read:
        return lambda size: os.read(descriptor, size)

    return _stream(reading(back), writing(to)), _stream(reading(there), writing(answer))


def _tcp() -> tuple[Wire, Wire]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        here = socket.create_connection(listener.getsockname())
        other, _ = listener.accept()
    for end in (here, other):
        end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return _stream(here.recv, here.sendall), _stream(other.recv, other.sendall)


class _Late:
    """A ZeroMQ socket that is made when it is first used: after the fork, in the process that uses it."""

    def __init__(self, kind: str, path: str) -> None:
        self.kind = kind
        self.path = path
        self.socket: Any = None

    def get(self) -> Any:
        """Return the socket."""
        if self.socket is None:
            import zmq  # noqa: PLC0415  # of an extra, for one of the wires

            self.socket = zmq.Context().socket(getattr(zmq, self.kind))
            (self.socket.bind if self.kind == "ROUTER" else self.socket.connect)(f"ipc://{self.path}")
        return self.socket


def _zeromq() -> tuple[Wire, Wire]:
    path = Path(tempfile.mkdtemp()) / "wire"
    router, dealer = _Late("ROUTER", str(path)), _Late("DEALER", str(path))
    known: list[bytes] = []

    def there(message: Any) -> None:
        if not known:  # a ROUTER sends to those that it has heard from
            known.append(router.get().recv_multipart()[0])
        router.get().send_multipart([known[0], _packed(message)])

    def back() -> Any:
        return _unpacked(router.get().recv_multipart()[1])

    def receive() -> Any:
        if dealer.socket is None:
            dealer.get().send(b"")
        return _unpacked(dealer.get().recv())

    return Wire(there, back), Wire(lambda message: dealer.get().send(_packed(message)), receive)


def _unpacked(data: bytes) -> Any:
    task, value, size = HEAD.unpack_from(data)
    return None if size < 0 else (task, value, data[HEAD.size :])
