"""Paths for sockets that nobody else can reach: in a folder that only this user can enter."""

from __future__ import annotations

import os
import secrets
import tempfile
from contextlib import suppress

from ._abc import Room

_MOST_BYTES = (
    100  # of a path that a Unix socket is bound to: 107 on Linux, 103 on macOS, and what a library appends
)


class PrivatePaths:
    """Paths in the run's folder, or in one of their own if that has too long a name for a socket."""

    def __init__(self, room: Room) -> None:
        self._room = room
        self._made = ""

    def path(self, name: str) -> str:
        """Return a path called ``name`` that is short enough."""
        path = os.path.join(os.path.abspath(self._room.folder), name)
        if len(os.fsencode(path)) <= _MOST_BYTES:
            return path
        if not self._made:
            made = os.path.join(tempfile.gettempdir(), f"{self._room.name}-{secrets.token_hex(4)}")
            os.mkdir(made, 0o700)
            self._made = made
        return os.path.join(self._made, name)

    def remove(self) -> None:
        """Remove the folder that was made; the run's own goes with the run."""
        if self._made:
            with suppress(OSError):  # a socket that its owner has not removed: the host removes both
                os.rmdir(self._made)
