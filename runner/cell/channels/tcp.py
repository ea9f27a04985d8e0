"""TCP on the loopback interface, one connection for each worker.

Nobody else can connect and send: the parent makes both ends itself. It listens on a free port of 127.0.0.1 for as long
as that takes, keeps an accepted connection only if its peer's address is that of the parent's own socket, which the
system gives to one socket at a time, and hands the other end over to the worker. Nothing listens while tasks run.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import Any, ClassVar

from ._sockets import SocketEnd
from ._stream import End, StreamChannel

_LOOPBACK = "127.0.0.1"


class Tcp(StreamChannel):
    """A connection a worker.

    ``nodelay`` says whether small messages leave at once or Nagle's algorithm may hold them.
    """

    OPTIONS: ClassVar[dict[str, str]] = {"nodelay": "set|unset"}

    def _connect(self) -> Iterator[tuple[End, End]]:
        with socket.create_server((_LOOPBACK, 0)) as listener:
            for _ in range(self.room.workers):
                ours = socket.socket()  # `create_connection` would import an encoding to look up the address
                ours.connect(listener.getsockname())
                theirs = _accept(listener, ours.getsockname())
                for end in (ours, theirs):
                    end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, self.options["nodelay"] == "set")
                yield SocketEnd(ours), SocketEnd(theirs)


def _accept(listener: socket.socket, address: Any) -> socket.socket:
    """Return the connection that comes from ``address``; close those of anybody else."""
    while True:
        accepted, peer = listener.accept()
        if peer == address:
            return accepted
        accepted.close()
