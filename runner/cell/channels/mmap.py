"""`mmap` of a file: slots as in shared memory, in a file that only this user can open, in the folder of the run.

That folder is in memory where there is room for it (/dev/shm), as are most folders for temporary files that programs
map; what a disk would add is the time at which the kernel writes pages back, which no message waits for.
"""

from __future__ import annotations

import mmap
import os
import secrets
from typing import Any, ClassVar, Optional

from ..space import allocate
from ._abc import Room
from ._memory import OnePiece
from ._slots import SlotChannel

_POPULATE = getattr(mmap, "MAP_POPULATE", 0)  # Python 3.10 on Linux


class FileMemory(OnePiece):
    """A file, opened by its path."""

    piece: Optional[mmap.mmap] = None

    @classmethod
    def place(cls, room: Room) -> str:
        """Return the folder of the run."""
        return room.folder

    def _make(self, context: Any, room: Room) -> None:
        del context
        self.path = os.path.join(os.path.abspath(room.folder), f"slots-{secrets.token_hex(4)}")
        descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            allocate(descriptor, self.total)
        finally:
            os.close(descriptor)

    def _map(self) -> memoryview:
        descriptor = os.open(self.path, os.O_RDWR)
        try:
            self.piece = mmap.mmap(descriptor, self.total, flags=mmap.MAP_SHARED | _POPULATE)
        finally:
            os.close(descriptor)
        return memoryview(self.piece)

    def _unmap(self) -> None:
        if self.piece is not None:
            self.piece.close()

    def remove(self) -> None:
        """Remove the file."""
        os.unlink(self.path)


class Mmap(SlotChannel):
    """``sync`` is how a reader is woken, ``access`` what crosses and what lies there, as with shared memory."""

    OPTIONS: ClassVar[dict[str, str]] = {**SlotChannel.OPTIONS, "access": "copy|view|resident"}
    DEFAULTS: ClassVar[dict[str, Any]] = {**SlotChannel.DEFAULTS, "access": "copy"}
    NAME = "mmap"
    MEMORY = FileMemory
