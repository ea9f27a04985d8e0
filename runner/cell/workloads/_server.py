"""The server of `socket`: ``python _server.py echo|http``, on a port of 127.0.0.1, with a process for each connection.

It reads a key from its standard input, writes its port, and ends with all its connections when that input ends, which
its creator holds. A connection whose first 32 bytes, or a request whose header ``X-Key``, is not the key is closed
without an answer. This file is run by its path and imports nothing of ours.
"""

from __future__ import annotations

import hmac
import os
import selectors
import signal
import socket
import sys

KEY_BYTES = 32
HEAD_BYTES = 4  # the length of a message, little-endian
_PATIENCE = 5.0  # seconds for a stranger to show a key


def main(protocol: str) -> None:
    """Serve until the standard input ends."""
    key = sys.stdin.buffer.readline().strip()
    os.setpgid(0, 0)  # the processes of the connections end with this one
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    with socket.create_server(("127.0.0.1", 0)) as listener, selectors.DefaultSelector() as selector:
        print(listener.getsockname()[1], flush=True)  # noqa: T201  # the creator reads it
        selector.register(listener, selectors.EVENT_READ)
        selector.register(sys.stdin, selectors.EVENT_READ)
        while all(ready.fileobj is listener for ready, _ in selector.select()):
            connection, address = listener.accept()
            if os.fork() == 0:
                listener.close()
                _serve(protocol, connection, address, key)
            connection.close()
    os.killpg(0, signal.SIGTERM)


def _serve(protocol: str, connection: socket.socket, address: object, key: bytes) -> None:
    """Serve one connection until it ends, and end this process."""
    try:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        (_http if protocol == "http" else _echo)(connection, address, key)
    except OSError:  # the client is gone, or said nothing
        pass
    finally:
        os._exit(0)


def _echo(connection: socket.socket, _address: object, key: bytes) -> None:
    connection.settimeout(_PATIENCE)
    if not hmac.compare_digest(receive(connection, KEY_BYTES), key):
        return
    connection.settimeout(None)
    while True:
        head = receive(connection, HEAD_BYTES)
        connection.sendall(head + receive(connection, int.from_bytes(head, "little")))


def receive(connection: socket.socket, size: int) -> bytes:
    """Return so many bytes; raise ConnectionResetError at the end of the connection."""
    got = bytearray()
    while len(got) < size:
        piece = connection.recv(size - len(got))
        if not piece:
            raise ConnectionResetError("the other side has closed the connection")
        got += piece
    return bytes(got)


def _http(connection: socket.socket, address: object, key: bytes) -> None:
    from http.server import BaseHTTPRequestHandler  # noqa: PLC0415  # 30 ms, which an echo does not take

    class Handler(BaseHTTPRequestHandler):
        """Sends the body of a request back, and keeps the connection."""

        protocol_version = "HTTP/1.1"
        timeout = _PATIENCE

        def do_POST(self) -> None:
            """Answer a request."""
            if not hmac.compare_digest(self.headers.get("X-Key", "").encode(), key):
                self.close_connection = True
                return
            self.connection.settimeout(None)
            body = self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Write nothing."""

    Handler(connection, address, None)  # type: ignore[arg-type]  # there is no server object, and none is asked for


if __name__ == "__main__":
    main(sys.argv[1])
