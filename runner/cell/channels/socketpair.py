"""`socket.socketpair`, one for each worker: connected Unix sockets, which have no name and nobody else can open."""

from __future__ import annotations

from collections.abc import Iterator

from ._sockets import socket_ends
from ._stream import End, StreamChannel


class SocketPair(StreamChannel):
    """A pair of stream sockets a worker, written and read without any layer between."""

    def _connect(self) -> Iterator[tuple[End, End]]:
        for _ in range(self.room.workers):
            yield socket_ends()
