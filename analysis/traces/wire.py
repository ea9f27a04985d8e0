"""The wire format of Protocol Buffers, as far as Perfetto's messages need it.

See protobuf.dev/programming-guides/encoding.
"""

from __future__ import annotations

from functools import cache
from struct import Struct

_VARINT, _FIXED64, _BYTES = 0, 1, 2
_ONE_BYTE = tuple(bytes([number]) for number in range(0x80))
_WRAP = 2**64 - 1
_FIXED, _DOUBLE = Struct("<Q"), Struct("<d")


def varint(number: int) -> bytes:
    """Return a number in as few bytes as it needs, seven bits each.

    A negative one as its two's complement of 64 bits.
    """
    if 0 <= number < len(_ONE_BYTE):
        return _ONE_BYTE[number]
    number &= _WRAP
    found = bytearray()
    while number > 0x7F:  # noqa: PLR2004  # the seven bits of a byte
        found.append(number & 0x7F | 0x80)
        number >>= 7
    found.append(number)
    return bytes(found)


@cache
def _head(field: int, kind: int) -> bytes:
    """Return the head of a field: its number, and how its value is written."""
    return varint(field << 3 | kind)


def integer(field: int, number: int) -> bytes:
    """Return a field that holds a whole number, a boolean or a choice."""
    return _head(field, _VARINT) + varint(number)


def fixed(field: int, number: int) -> bytes:
    """Return a field of eight bytes that holds a whole number."""
    return _head(field, _FIXED64) + _FIXED.pack(number)


def double(field: int, number: float) -> bytes:
    """Return a field that holds a floating-point number."""
    return _head(field, _FIXED64) + _DOUBLE.pack(number)


def message(field: int, *parts: bytes) -> bytes:
    """Return a field that holds a message of the fields ``parts``."""
    body = b"".join(parts)
    return _head(field, _BYTES) + varint(len(body)) + body


def text(field: int, content: str) -> bytes:
    """Return a field that holds a text."""
    return message(field, content.encode())
