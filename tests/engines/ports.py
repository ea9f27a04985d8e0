"""Ports for the clusters of tests, of which several may run on a host."""

from __future__ import annotations

import secrets
import socket
from contextlib import suppress

_FIRST, _COUNT = 20_000, 12_000  # below those that Linux gives away


def free_ports(count: int) -> list[int]:
    """Return ports that nobody has, and that the system gives to nobody who asks for any."""
    found: set[int] = set()
    while len(found) < count:
        port = _FIRST + secrets.randbelow(_COUNT)
        with suppress(OSError), socket.create_server(("127.0.0.1", port)):
            found.add(port)
    return sorted(found)
