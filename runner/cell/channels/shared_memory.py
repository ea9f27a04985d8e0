"""Slots in `multiprocessing.shared_memory`: payload bytes are copied in memory, or already there.

With ``access=copy`` a message is copied in and out, each way. With ``view`` a task sees its payload in the slot, a
read-only memoryview, and the answer is written in place: if it is the payload itself, it is there already. With
``resident`` the payloads are in memory that every worker has mapped before the first trial, and a message names one of
them. The parent takes a copy of what it must keep. Other objects than bytes travel with ``copy`` alone: pickled, with
their buffers copied beside the pickle.
"""

from __future__ import annotations

import os
import secrets
import sys
from multiprocessing.shared_memory import SharedMemory as Segment
from typing import Any, ClassVar, Optional

from ..space import allocate
from ._abc import Room
from ._memory import OnePiece
from ._slots import SlotChannel

PLACE = "/dev/shm"  # noqa: S108  # where Linux keeps the segments

_APART: dict[str, Any] = {"track": False} if sys.version_info >= (3, 13) else {}
"""For what attaches: an interpreter would start a tracker of its own, which would remove the segment when it ends."""


class SegmentMemory(OnePiece):
    """A segment that only this user may open, named so that leftovers can be traced to their run."""

    PLACE = PLACE
    piece: Optional[Segment] = None

    def _make(self, context: Any, room: Room) -> None:
        del context
        self.name = f"{room.name}-{secrets.token_hex(4)}"
        self.piece = Segment(self.name, create=True, size=self.total)
        if os.path.isdir(PLACE):
            allocate(self.piece._fd, self.total)  # type: ignore[attr-defined]  # noqa: SLF001  # a race with another program is an error, no SIGBUS

    def _map(self) -> memoryview:
        self.piece = self.piece or Segment(self.name, **_APART)
        return memoryview(self.piece.buf)  # type: ignore[arg-type]  # None only once it is closed

    def _unmap(self) -> None:
        if self.piece is not None:
            self.piece.close()

    def remove(self) -> None:
        """Unlink it."""
        if self.piece is not None:
            self.piece.unlink()


class SharedMemory(SlotChannel):
    """``sync`` is how a reader is woken, ``access`` what crosses and what lies there."""

    OPTIONS: ClassVar[dict[str, str]] = {**SlotChannel.OPTIONS, "access": "copy|view|resident"}
    DEFAULTS: ClassVar[dict[str, Any]] = {**SlotChannel.DEFAULTS, "access": "copy"}
    NAME = "shared_memory"
    MEMORY = SegmentMemory
