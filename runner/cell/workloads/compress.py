"""zlib's compression of text: bound by the CPU, in C that releases the GIL for each call."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import ClassVar
from zlib import compress, crc32

from ._looped import Passes
from ._resources import CPU

_WORDS = 500
_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_LEVEL = 6  # zlib's default


class Compress(Passes):
    """Compresses ``amount`` bytes, at most 64 KiB in one call, to about a third."""

    BOUND = (CPU,)
    RELEASES_GIL = True
    ITEMS: ClassVar[int] = 1 << 16

    def prepare(self) -> bytes:
        """Return a text of words, of which a few are frequent."""
        random = Random(self.seed)
        words = ["".join(random.choices(_LETTERS, k=random.randint(2, 9))) for _ in range(_WORDS)]
        frequent = [1 / place for place in range(1, _WORDS + 1)]
        text = " ".join(random.choices(words, frequent, k=self.ITEMS // 2))
        return text.encode()[: self.ITEMS]

    def step(self) -> Callable[[bytes], int]:
        """Return the function that compresses."""
        return _compress


def _compress(data: bytes) -> int:
    return crc32(compress(data, _LEVEL))
