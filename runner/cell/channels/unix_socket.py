"""`multiprocessing.connection` over Unix sockets: `Listener` and `Client` with a key, one connection for each worker.

Nobody else can connect and send: the socket lies in a folder that only this user can enter, both sides prove that they
know a random key, and the parent, which makes both ends, stops listening as soon as it has them.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import closing
from multiprocessing.connection import Client, Connection, Listener
from threading import Thread
from typing import Any

from ._private import PrivatePaths
from .pipe import Pipe

_FAMILY = "AF_UNIX"
_KEY_BYTES = 32


class UnixSocket(Pipe):
    """Connections as of `Pipe`, made by listening and connecting."""

    def _pairs(self) -> Iterator[tuple[Connection, Connection]]:
        paths, key = PrivatePaths(self.room), secrets.token_bytes(_KEY_BYTES)
        path = paths.path("channel")
        with closing(Listener(path, _FAMILY, authkey=key)) as listener:
            for _ in range(self.room.workers):
                yield _connect(listener, path, key)
        paths.remove()


def _connect(listener: Listener, path: str, key: bytes) -> tuple[Connection, Connection]:
    """Return both ends of a connection; each proves to the other that it knows the key, so it takes two threads."""
    accepted: list[Any] = []
    thread = Thread(target=lambda: accepted.append(listener.accept()), daemon=True)
    thread.start()
    theirs = Client(path, _FAMILY, authkey=key)
    thread.join()
    return accepted[0], theirs
