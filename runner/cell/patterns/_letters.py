"""Messages that say who wrote them, and show whether they are whole.

They hold letters alone, so a message with a zero byte is none.
"""

from __future__ import annotations

from typing import Optional
from zlib import crc32

from ..named import NamedTuple

_NUMBER, _SUM = 8, 8  # hexadecimal digits
_HEAD = 2 * _NUMBER
LEAST_BYTES = _HEAD + _SUM


class Letter(NamedTuple):
    """Which message it is: its writer, and its number among those of that writer."""

    writer: int
    number: int


def write(letter: Letter, size: int) -> bytes:
    """Return a message of ``size`` bytes, at least `LEAST_BYTES`; its body differs from that of its neighbours."""
    head = b"%08x%08x" % letter
    body = b"%c" % (ord("g") + (7 * letter.writer + letter.number) % 16) * (size - LEAST_BYTES)
    text = head + body
    return text + b"%08x" % crc32(text)


def read(message: bytes) -> Optional[Letter]:
    """Return which message it is; None if it is not one as it was written."""
    if len(message) < LEAST_BYTES or message[-_SUM:] != b"%08x" % crc32(message[:-_SUM]):
        return None
    return Letter(int(message[:_NUMBER], 16), int(message[_NUMBER:_HEAD], 16))
