"""Memory of the lab's own, outside of the heap that the measured program uses.

Whatever is still in use at the top of the heap keeps the allocator from returning the memory below it to the
kernel, and freed memory below it serves later messages without a page fault. A round trip of 1 MiB takes a
quarter of its time then. So what a run keeps from trial to trial, and what it needs for a moment but is as large
as a payload, must not come from `malloc`.

What is small and lives for a moment decides as well. The pickler takes two pieces of 4 KiB for a message and keeps a
few bytes of each: without free memory of that size elsewhere, they are cut from the place of the message before, the
next one no longer fits there, and the heap grows and is given back again and again. So do glibc's thresholds. It gives
back what exceeds twice the largest piece that was mapped apart and freed. A program that has imported little has freed
none, and gives memory back after each message of 64 KiB; one that has imported much never does; and one in between does
by chance. See `age_heap`.
"""

from __future__ import annotations

import mmap
import sys
from typing import Any

_GAPS, _GAP_BYTES = 8, 10_000  # each takes both pieces of a message, and no payload that would be given back
_BETWEEN_BYTES = 1_000
_TABLE_BYTES = 207_552  # of 10 922 interned strings: numpy, pandas and requests have more
_between: list[bytes] = []

_POPULATE = 0x8000 if sys.platform == "linux" else 0  # MAP_POPULATE: no page fault while a trial uses it
PIECE = 1 << 16  # bytes: less than what malloc maps apart, after which it keeps as much when it is freed
_FLAGS = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | _POPULATE


def private_bytes(size: int) -> memoryview:
    """Return ``size`` zero bytes of private memory, released with the last view of it."""
    return memoryview(mmap.mmap(-1, max(size, 1), flags=_FLAGS))[:size]


def copy_of(view: memoryview, expected: bytes) -> bytes:
    """Return ``expected`` itself if ``view`` holds the same bytes, else a copy of them."""
    pieces = range(0, len(expected), PIECE)
    same = all(bytes(view[start : start + PIECE]) == expected[start : start + PIECE] for start in pieces)
    return expected if same and len(view) == len(expected) else bytes(view)


def bytes_of(view: memoryview, expected: Any) -> bytes:
    """Return the bytes of a view; ``expected`` itself if it is the same."""
    plain = view.cast("B")
    return copy_of(plain, expected) if type(expected) is bytes else bytes(plain)


def private_words(count: int) -> memoryview:
    """Return ``count`` int64 words of the same kind, all zero."""
    return private_bytes(8 * count).cast("q")


def age_heap() -> None:
    """Leave the heap as imports leave it in a program of some size, once what is measured is ready.

    Pieces of some KiB are free below what the heap will hold: a measured process may have none left by then, and a
    process that is forked inherits none. And a piece was mapped and freed: the table of interned strings, when it grew.
    """
    table = bytes(_TABLE_BYTES)
    del table
    gaps = []
    for _ in range(_GAPS):
        gaps.append(bytes(_GAP_BYTES))
        _between.append(bytes(_BETWEEN_BYTES))  # keeps it apart from the next one
