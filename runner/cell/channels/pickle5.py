"""Pickle protocol 5 with its buffers out of band, in slots of shared memory.

A worker's objects have their buffers there.

Every message is pickled. The buffers of an object that offers them to protocol 5 (a NumPy array, an Arrow table) are
copied into the slot beside the pickle, and a worker builds the object around them where they lie, without a second
copy: its payload is lent to it for one call, as with ``ipc.access=view``. Results come back likewise; the parent, which
keeps them, copies the buffers out. Bytes have no such buffers and are part of the pickle.
"""

from __future__ import annotations

import pickle
from typing import Any

from ._ring import OBJECT, Slots, split
from ._slots import VIEW, SlotChannel
from .shared_memory import SegmentMemory


class _Pickles(Slots):
    """Slots in which every payload is a pickle with its buffers."""

    PLAIN = OBJECT

    def write(self, slot: int, payload: Any) -> tuple[int, int]:
        """Pickle a payload into a slot."""
        return OBJECT, self.write_object(slot, payload)

    def lend(self, slot: int, kind: int, length: int) -> tuple[Any, list[memoryview]]:
        """Build the object around its buffers."""
        del kind
        body, *buffers = split(self.views[slot][:length])
        return pickle.loads(body, buffers=buffers), buffers  # noqa: S301  # a message between our own processes


class Pickle5(SlotChannel):
    """``sync`` is how a reader is woken."""

    PLAIN_BYTES = False
    NAME = "pickle5"
    MEMORY = SegmentMemory
    SLOTS = _Pickles
    ACCESS = VIEW
