"""Requests to a server on this machine, one after the other: bound by the network and by waiting for the other process.

The server is a process of the run's own on 127.0.0.1, which answers nobody who lacks the run's key and ends with the
run. It has a process for each connection, so that it uses about as much CPU time as the workers do.
"""

from __future__ import annotations

import os
import secrets
import subprocess
import weakref
from threading import Lock
from typing import Any, ClassVar, Optional

from ..errors import ServerFailed
from ..isolated import isolated
from ..named import NamedTuple
from ..owning import own
from ._abc import Task
from ._looped import Prepared
from ._resources import NETWORK
from ._server import HEAD_BYTES, KEY_BYTES, receive

ECHO, HTTP = "echo", "http"
_SERVER = os.path.join(os.path.dirname(__file__), "_server.py")
_MESSAGE_BYTES = 1024
_STARTING = Lock()


class Address(NamedTuple):
    """Where the server is, and what it wants to see."""

    port: int
    key: str


class Socket(Prepared):
    """Sends ``amount`` messages of 1 KiB over a connection that it keeps, and waits for each to come back.

    ``protocol=echo`` is a length and the bytes, ``http`` a request of the standard library's `http.client`.
    """

    OPTIONS: ClassVar[dict[str, str]] = {"protocol": f"{ECHO}|{HTTP}"}
    BOUND = (NETWORK,)
    RELEASES_GIL = True
    _address: Optional[Address] = None

    def __getstate__(self) -> dict[str, Any]:
        """Leave out what ends the server: the process that started it does."""
        return {name: value for name, value in vars(self).items() if name != "_end"}

    def prepare(self) -> Any:
        """Return a connection of the worker's own.

        The first call starts the server, in the parent, which is that of all workers.

        A worker that does not reach it, since it has a network of its own, starts another one.
        """
        with _STARTING:
            address = self._address or self._start()
        try:
            return self._connect(address)
        except ConnectionRefusedError:
            with _STARTING:
                address = self._start()
            return self._connect(address)

    def _start(self) -> Address:
        """Start a server, which ends with this object or its process."""
        key = secrets.token_hex(KEY_BYTES // 2)
        asked = isolated(_SERVER, self._protocol)
        server: Any = subprocess.Popen(**asked, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self._end = weakref.finalize(self, _end, server, os.getpid())
        server.stdin.write(f"{key}\n".encode())
        server.stdin.flush()
        port = server.stdout.readline()
        if not port:
            raise ServerFailed(
                f"the server of workload=socket ended with {server.wait()} before it had a port: {asked['args']}"
            )
        self._address = Address(int(port), key)
        return self._address

    @property
    def _protocol(self) -> str:
        return str(self.options.get("protocol", ECHO))

    def _connect(self, address: Address) -> Any:
        return (_Requests if self._protocol == HTTP else _Echoes)(address)

    def bind(self, data: Any) -> Task:
        """Return the task."""
        loops, words, answer, ask = self.amount, own(_MESSAGE_BYTES // 8), self.answer(), data.ask

        def talk(payload: bytes) -> tuple[int, bytes]:
            check, back = answer(payload)
            message = check.to_bytes(8, "little") * words
            wrong = 0
            for _ in range(loops):
                wrong += ask(message) != message
            return check + wrong, back

        return talk


def _end(server: Any, creator: int) -> None:
    """End a server of this process's own, which ends when its input does."""
    server.stdin.close()
    server.stdout.close()
    if os.getpid() == creator:
        server.wait()


class _Echoes:
    """A connection to the echo server."""

    def __init__(self, address: Address) -> None:
        import socket  # noqa: PLC0415  # planning loads this module, and connects to nothing

        self._connection = socket.socket()
        self._connection.connect(("127.0.0.1", address.port))
        self._connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._connection.sendall(address.key.encode())

    def ask(self, message: bytes) -> bytes:
        """Send a message and return what comes back."""
        self._connection.sendall(len(message).to_bytes(HEAD_BYTES, "little") + message)
        return receive(self._connection, int.from_bytes(receive(self._connection, HEAD_BYTES), "little"))

    def __del__(self) -> None:
        self._connection.close()


class _Requests:
    """A connection to the HTTP server, kept alive."""

    def __init__(self, address: Address) -> None:
        from http.client import HTTPConnection  # noqa: PLC0415  # 30 ms, which an echo does not take

        self._connection = HTTPConnection("127.0.0.1", address.port)
        self._connection.connect()
        self._headers = {"X-Key": address.key}

    def ask(self, message: bytes) -> bytes:
        """Post a message and return the body of the response."""
        self._connection.request("POST", "/", message, self._headers)
        return self._connection.getresponse().read()

    def __del__(self) -> None:
        self._connection.close()
