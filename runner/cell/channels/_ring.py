"""What lies in memory that a worker and the parent share: lines of headers, and slots of payloads.

A task takes a slot, which is its own until its answer has been read; the answer takes the slot beside it. So what a
task sees of its slot stays as it is while it works, and which slots are in use is the parent's to know alone. The slot
that was freed last is used first, since it is still in the caches. Headers are read in the order they are written in.
"""

from __future__ import annotations

import io
import mmap
import pickle
import struct
from collections import deque
from collections.abc import Callable
from typing import Any, Optional

from ..errors import MessageTooLarge
from ._sync import LINE

_HEADER = struct.Struct("=qqqqqq")
_COUNT = struct.Struct("=q")
BYTES, OBJECT, SAME, RESIDENT = 0, 1, 2, 3
COPY = "copy"  # what is read of a slot, if it is not lent
NONE = -1  # the number of no resident payload
_ALIGNED = 16  # bytes
_SPARE = 4  # headers of orders, which take no slot


Header = tuple[int, int, int, int, int, int]
"""Of a message: task, value, slot, kind, length of what lies in the slot, and the number of a resident payload."""


class Line:
    """Headers in one direction, a cache line each; more than there are slots, so that none is overwritten unread."""

    def __init__(self, memory: memoryview) -> None:
        self.memory = memory
        self.depth = len(memory) // LINE
        self.place = 0

    @staticmethod
    def size(slots: int) -> int:
        """Return the bytes of a line for so many slots."""
        return LINE * (slots + _SPARE)

    def put(self, header: Header) -> None:
        """Write the next header."""
        _HEADER.pack_into(self.memory, self.place * LINE, *header)
        self.place = (self.place + 1) % self.depth

    def take(self) -> Header:
        """Read the next header."""
        found: Any = _HEADER.unpack_from(self.memory, self.place * LINE)
        self.place = (self.place + 1) % self.depth
        return found  # type: ignore[no-any-return]  # six int64 words

    def release(self) -> None:
        """Release the memory."""
        self.memory.release()


class Slots:
    """Places for payloads, each for one at a time. ``PLAIN`` is the kind of what a task may return as it came."""

    PLAIN = BYTES

    def __init__(self, memory: memoryview, slots: int) -> None:
        self.space = len(memory) // slots
        self.views = [memory[slot * self.space : (slot + 1) * self.space] for slot in range(slots)]

    def write(self, slot: int, payload: Any) -> tuple[int, int]:
        """Copy a payload in, and return its kind and length; raise MessageTooLarge if it does not fit.

        Bytes and views of bytes are copied as they are. Any other object is pickled, and its buffers (of arrays, for
        example) are copied beside the pickle, not into it.
        """
        if type(payload) is bytes or type(payload) is memoryview:
            return BYTES, self._copy(slot, payload)
        return OBJECT, self.write_object(slot, payload)

    def _copy(self, slot: int, payload: Any) -> int:
        view = payload if type(payload) is bytes else payload.cast("B")
        length = len(view)
        self._check(length)
        self.views[slot][:length] = view
        return length

    def write_object(self, slot: int, payload: Any) -> int:
        """Copy the pickle of an object and its buffers in, and return the length."""
        parts = _parts(payload)
        length = sum(aligned(len(part)) for part in parts)
        self._check(length)
        view, place = self.views[slot], 0
        for part in parts:
            view[place : place + len(part)] = part
            place += aligned(len(part))
        return length

    def lend(self, slot: int, kind: int, length: int) -> tuple[Any, list[memoryview]]:
        """Return a payload where it lies, and the views to release when it was dealt with."""
        del kind  # bytes alone are lent
        view = self.views[slot][:length].toreadonly()
        return view, [view]

    def read(self, slot: int, kind: int, length: int) -> Any:
        """Return a payload as an object of its own."""
        held = self.views[slot][:length]
        return bytes(held) if kind == BYTES else whole(held)

    def _check(self, length: int) -> None:
        if length > self.space:
            raise MessageTooLarge(
                f"a message of {length} bytes does not fit a slot of {self.space} bytes: slots are sized by the "
                "inputs and results of the serial run; keep results from growing, or use ipc=pipe or ipc=queue"
            )

    def release(self) -> None:
        """Release the memory."""
        for view in self.views:
            view.release()


class Free:
    """The workers that can take one more message, the one that has been free longest first, and which slot it takes."""

    def __init__(self, workers: int, slots: int) -> None:
        self.slots = [list(range(slots))[::-1] for _ in range(workers)]
        self.turns = deque(list(range(workers)) * slots)

    def next(self) -> tuple[int, int]:
        """Return the worker and the slot of the next message."""
        worker = self.turns[0]
        return worker, self.slots[worker][-1]

    def take(self) -> None:
        """Mark them as used, once the message is written."""
        self.slots[self.turns.popleft()].pop()

    def put(self, worker: int, slot: int) -> None:
        """Free a slot, after the answer of its task was read."""
        self.slots[worker].append(slot)
        self.turns.append(worker)


def aligned(size: int) -> int:
    """Return the size rounded up so that numbers of any kind may follow."""
    return size + -size % _ALIGNED


def touch(memory: memoryview) -> None:
    """Map every page of memory that is there, so that no message waits for it."""
    bytes(memory[:: mmap.PAGESIZE])


def _parts(payload: Any) -> list[Any]:
    """Return the parts of a message: how long each is, the pickle, and the buffers beside it."""
    buffers: list[pickle.PickleBuffer] = []
    body = pickled(payload, buffers.append)
    raws = [buffer.raw() for buffer in buffers]
    sizes = [len(body), *map(len, raws)]
    head = _COUNT.pack(len(sizes)) + b"".join(map(_COUNT.pack, sizes))
    return [head, body, *raws]


def pickled(payload: Any, keep: Optional[Callable[[pickle.PickleBuffer], Any]] = None) -> Any:
    """Return the pickle; views of bytes within, which a task may have returned a part of its payload as, become bytes.

    Buffers go to ``keep`` if there is one, otherwise into the pickle.
    """
    file = io.BytesIO()
    pickler = pickle.Pickler(file, 5, buffer_callback=keep)
    pickler.dispatch_table = {memoryview: _as_bytes}
    pickler.dump(payload)
    return file.getbuffer()


def _as_bytes(view: memoryview) -> tuple[Any, ...]:
    return bytes, (bytes(view),)


def whole(held: memoryview) -> Any:
    """Return the object of a message, with buffers of its own."""
    body, *buffers = split(held)
    return pickle.loads(body, buffers=map(bytearray, buffers))  # noqa: S301  # a message between our own processes


def split(held: memoryview) -> list[memoryview]:
    """Return the parts of a message where they lie: the pickle and its buffers."""
    (count,) = _COUNT.unpack_from(held)
    place = aligned(_COUNT.size * (1 + count))
    parts = []
    for part in range(count):
        (size,) = _COUNT.unpack_from(held, _COUNT.size * (1 + part))
        parts.append(held[place : place + size])
        place += aligned(size)
    return parts
