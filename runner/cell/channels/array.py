"""`multiprocessing.Array` with its lock: payloads are copied in and out while the lock is held, headers as well.

An array holds the slots of one worker in one direction, another one the headers. Neither wakes a reader: ``sync`` does.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Sequence
from typing import Any

from ._abc import Room
from ._memory import Half, Memory
from ._ring import Header, Line, Slots
from ._slots import SlotChannel
from .shared_memory import PLACE


class _LockedLine(Line):
    """Headers that are written and read under a lock."""

    def __init__(self, memory: memoryview, lock: Any) -> None:
        super().__init__(memory)
        self.lock = lock

    def put(self, header: Header) -> None:
        """Write the next header."""
        with self.lock:
            super().put(header)

    def take(self) -> Header:
        """Read the next header."""
        with self.lock:
            return super().take()


class _LockedSlots(Slots):
    """Payloads that are written and read under a lock."""

    def __init__(self, memory: memoryview, slots: int, lock: Any) -> None:
        super().__init__(memory, slots)
        self.lock = lock

    def write(self, slot: int, payload: Any) -> tuple[int, int]:
        """Copy a payload in."""
        with self.lock:
            return super().write(slot, payload)

    def read(self, slot: int, kind: int, length: int) -> Any:
        """Copy a payload out."""
        with self.lock:
            return super().read(slot, kind, length)


class ArrayMemory(Memory):
    """An array a part. `multiprocessing` has them in files without a name, of which nothing is left."""

    PLACE = PLACE

    def _make(self, context: Any, room: Room) -> None:
        del room
        maker = context if hasattr(context, "Array") else multiprocessing  # threads take the same arrays
        self.arrays: Sequence[Any] = [maker.Array("B", size) for size in self.sizes]

    def attach(self) -> list[memoryview]:
        """Return views of the arrays, which are mapped already."""
        self.parts.extend(memoryview(array.get_obj()).cast("B") for array in self.arrays)
        return self.parts

    def half(self, worker: int, way: int, slots: type[Slots], count: int) -> Half:
        """Return what lies in the arrays of a worker in one direction, with their locks."""
        del slots
        part = 1 + 2 * (2 * worker + way)
        (headers, payloads), (line, held) = self.parts[part : part + 2], self.arrays[part : part + 2]
        return Half(_LockedLine(headers, line.get_lock()), _LockedSlots(payloads, count, held.get_lock()))

    def remove(self) -> None:
        """Release the arrays: their memory is unmapped with the last reference."""
        self.arrays = ()


class Array(SlotChannel):
    """``sync`` is how a reader is woken."""

    NAME = "array"
    MEMORY = ArrayMemory
