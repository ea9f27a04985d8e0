"""`sorted` of numbers in random order: bound by the CPU and its caches.

The C code holds the GIL for the whole of a call.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import ClassVar

from ._looped import Passes
from ._resources import CPU

_BITS = 30


class Sort(Passes):
    """Sorts ``amount`` numbers, at most 4096 in one call; each is an object of the worker's own."""

    BOUND = (CPU,)
    ITEMS: ClassVar[int] = 4096

    def prepare(self) -> list[int]:
        """Return random numbers."""
        random = Random(self.seed)
        return [random.getrandbits(_BITS) for _ in range(self.ITEMS)]

    def step(self) -> Callable[[list[int]], int]:
        """Return the function that sorts."""
        return _sort


def _sort(numbers: list[int]) -> int:
    ordered = sorted(numbers)
    return ordered[0] + 2 * ordered[len(ordered) // 2] + 3 * ordered[-1] if ordered else 0
