"""SHA-256 of bytes in a cache: bound by the CPU, in C that releases the GIL.

`hashlib` releases it for more than 2047 bytes.
"""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from random import Random
from typing import ClassVar

from ._looped import Passes
from ._resources import CPU


class Hash(Passes):
    """Hashes ``amount`` bytes, at most 64 KiB in one call."""

    BOUND = (CPU,)
    RELEASES_GIL = True
    ITEMS: ClassVar[int] = 1 << 16

    def prepare(self) -> bytes:
        """Return random bytes."""
        return Random(self.seed).randbytes(self.ITEMS)

    def step(self) -> Callable[[bytes], int]:
        """Return the function that hashes."""
        return _hash


def _hash(data: bytes) -> int:
    return int.from_bytes(sha256(data).digest()[:4], "little")
