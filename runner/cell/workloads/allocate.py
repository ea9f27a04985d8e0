"""Making and dropping small objects: bound by the CPU, with the GIL held.

The time goes into Python's allocator and garbage collector.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from ._looped import Passes
from ._resources import CPU


class Allocate(Passes):
    """Makes ``amount`` lists of one number each, of which up to 1000 exist at once.

    With the number, a list takes some 150 bytes.
    """

    BOUND = (CPU,)
    ITEMS: ClassVar[int] = 1000

    def prepare(self) -> range:
        """Return the numbers."""
        return range(self.ITEMS)

    def step(self) -> Callable[[range], int]:
        """Return the function that makes lists and drops them."""
        return _make


def _make(numbers: range) -> int:
    made = [[number] for number in numbers]
    return len(made) + made[-1][0] if made else 0
