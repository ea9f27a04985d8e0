"""The ends of connections that are sockets."""

from __future__ import annotations

import socket
from typing import Any

from ._stream import End


class SocketEnd(End):
    """A connected socket; the system reads a whole payload in one call."""

    def __init__(self, connected: socket.socket) -> None:
        self.socket = connected

    def __reduce__(self) -> tuple[Any, ...]:
        return SocketEnd, (self.socket,)  # which `multiprocessing` hands over to a process that it starts

    def _write(self, data: bytes) -> None:
        self.socket.sendall(data)

    def _read_some(self, length: int) -> bytes:
        return self.socket.recv(length, socket.MSG_WAITALL)

    def fileno(self) -> int:
        """Return the socket's descriptor."""
        return self.socket.fileno()

    @property
    def buffer_bytes(self) -> int:
        """Return the smaller of the buffers for sending and receiving."""
        sizes = (socket.SO_SNDBUF, socket.SO_RCVBUF)
        return min(self.socket.getsockopt(socket.SOL_SOCKET, size) for size in sizes)

    def close(self) -> None:
        """Close the socket."""
        self.socket.close()


def socket_ends() -> tuple[End, End]:
    """Return both ends of a pair of connected Unix sockets."""
    ours, theirs = socket.socketpair()
    return SocketEnd(ours), SocketEnd(theirs)
