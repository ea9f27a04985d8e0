"""Slots of shared memory, and how an object becomes bytes in one.

A slot holds four int64 words (task, value, kind, length) and then the payload. Bytes are copied as they are.
Any other object is pickled with protocol 5 and its buffers (of arrays, for example) are copied beside the
pickle, not into it.
"""

from __future__ import annotations

import pickle
import struct
from typing import Any

from ..errors import MessageTooLarge

HEADER = struct.Struct("=qqqq")
_COUNT = struct.Struct("=q")
BYTES, OBJECT = 0, 1


class Slot:
    """One slot: ``view`` is its memory."""

    def __init__(self, view: memoryview) -> None:
        self.view = view
        self.space = len(view) - HEADER.size

    def write(self, task: int, value: int, payload: Any) -> None:
        """Copy a message in; raise MessageTooLarge if it does not fit."""
        if isinstance(payload, bytes):
            self._fits(len(payload))
            HEADER.pack_into(self.view, 0, task, value, BYTES, len(payload))
            self.view[HEADER.size : HEADER.size + len(payload)] = payload
            return
        parts = _parts(payload)
        length = sum(map(len, parts))
        self._fits(length)
        HEADER.pack_into(self.view, 0, task, value, OBJECT, length)
        place = HEADER.size
        for part in parts:
            self.view[place : place + len(part)] = part
            place += len(part)

    def read(self) -> tuple[int, int, Any]:
        """Copy the message out."""
        task, value, kind, length = HEADER.unpack_from(self.view)
        held = self.view[HEADER.size : HEADER.size + length]
        return task, value, bytes(held) if kind == BYTES else _whole(held)

    def _fits(self, length: int) -> None:
        if length > self.space:
            raise MessageTooLarge(
                f"a message of {length} bytes does not fit a slot of {self.space} bytes: slots are sized by the "
                "inputs and results of the serial run; keep results from growing, or use ipc=pipe or ipc=queue"
            )


def _parts(payload: Any) -> list[Any]:
    buffers: list[pickle.PickleBuffer] = []
    body = pickle.dumps(payload, 5, buffer_callback=buffers.append)
    raws = [buffer.raw() for buffer in buffers]
    sizes = [len(body), *map(len, raws)]
    head = _COUNT.pack(len(sizes)) + b"".join(map(_COUNT.pack, sizes))
    return [head, body, *raws]


def _whole(held: memoryview) -> Any:
    (count,) = _COUNT.unpack_from(held)
    place = _COUNT.size * (1 + count)
    sizes = [_COUNT.unpack_from(held, _COUNT.size * (1 + part))[0] for part in range(count)]
    parts = []
    for size in sizes:
        parts.append(bytearray(held[place : place + size]))
        place += size
    return pickle.loads(parts[0], buffers=parts[1:])  # noqa: S301  # a message between our own processes
