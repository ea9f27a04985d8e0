"""Memory that the parent and its workers share, in parts; a subclass says where it is."""

from __future__ import annotations

import mmap
from abc import ABC, abstractmethod
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from ..named import NamedTuple
from ._abc import Room
from ._ring import Line, Slots


class Half(NamedTuple):
    """One direction between the parent and a worker: headers and payloads."""

    line: Line
    slots: Slots

    def release(self) -> None:
        """Release the memory."""
        self.line.release()
        self.slots.release()


class Memory(ABC):
    """Made in the parent; each side attaches to it, also a thread, which has a copy of this object."""

    PLACE: str
    """The folder whose file system it takes space of."""

    def __init__(self, context: Any, room: Room, sizes: Sequence[int]) -> None:
        self.sizes = tuple(sizes)
        self.parts: list[memoryview] = []
        self._make(context, room)

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "parts": []}

    @classmethod
    def place(cls, room: Room) -> str:
        """Return the folder whose file system it takes space of."""
        del room
        return cls.PLACE

    @abstractmethod
    def _make(self, context: Any, room: Room) -> None:
        """Allocate all of it, private to the user; ``context`` is the channel's."""

    @abstractmethod
    def attach(self) -> list[memoryview]:
        """Map it, and return its parts."""

    def half(self, worker: int, way: int, slots: type[Slots], count: int) -> Half:
        """Return what lies there of a worker in one direction: 0 is towards it, 1 back."""
        part = 1 + 2 * (2 * worker + way)
        return Half(Line(self.parts[part]), slots(self.parts[part + 1], count))

    def detach(self) -> None:
        """Release it."""
        for part in self.parts:
            with suppress(BufferError):  # a result that nobody has looked at yet may lie there
                part.release()

    @abstractmethod
    def remove(self) -> None:
        """Remove it, in the parent."""


class OnePiece(Memory):
    """One piece of memory, cut into parts that begin with a page."""

    def __init__(self, context: Any, room: Room, sizes: Sequence[int]) -> None:
        self.total = max(sum(map(in_pages, sizes)), mmap.PAGESIZE)
        super().__init__(context, room, sizes)

    def __getstate__(self) -> dict[str, Any]:
        return {**super().__getstate__(), "piece": None}

    @abstractmethod
    def _map(self) -> memoryview:
        """Map all of it."""

    def attach(self) -> list[memoryview]:
        """Map it and cut it."""
        whole, place = self._map(), 0
        for size in self.sizes:
            self.parts.append(whole[place : place + size])
            place += in_pages(size)
        whole.release()
        return self.parts

    def detach(self) -> None:
        """Release the parts, then the piece, unless something still lies there."""
        super().detach()
        with suppress(BufferError):
            self._unmap()

    @abstractmethod
    def _unmap(self) -> None:
        """Unmap all of it."""


def in_pages(size: int) -> int:
    """Return a size rounded up to whole pages."""
    return size + -size % mmap.PAGESIZE
