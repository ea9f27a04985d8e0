"""Copying memory that no cache holds: bound by the bandwidth of memory, which all CPUs of a socket share.

`memmove` is called through `ctypes`, which releases the GIL, so that threads show what the memory does and not what the
GIL does.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from ..off_heap import private_bytes
from ._abc import Task
from ._looped import Prepared
from ._resources import MEMORY

PAGE = 4096
_WORD = 8
_BUFFER = 64 << 20
Move = Callable[[int, int, int], Any]


class Buffers:
    """Source and target of one worker, and where its next copy begins.

    That is as far as possible from what caches still hold.
    """

    def __init__(self, size: int) -> None:
        import ctypes  # noqa: PLC0415  # planning loads this module, and measures nothing

        self.pages = max(size // PAGE, 1)
        source, target = (private_bytes(self.pages * PAGE) for _ in range(2))
        self.source, self.target = source.cast("Q"), target.cast("Q")
        source[::PAGE] = target[::PAGE] = bytes(self.pages)  # has them mapped, also where mmap cannot
        self._exported = [ctypes.c_char.from_buffer(view) for view in (target, source)]
        self.into, self.out_of = map(ctypes.addressof, self._exported)
        self.next = 0
        self.move: Move = ctypes.CDLL(None).memmove  # an object of this worker's own, unlike ctypes.memmove
        self.move.argtypes = ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t
        self.move.restype = None

    def copy(self, pages: int, stamp: int) -> int:
        """Copy pages from where the last copy ended.

        Returns 0 if ``stamp``, written at both ends before, is there afterwards.
        """
        first, start = self.next * PAGE // _WORD, self.next * PAGE
        last = first + pages * PAGE // _WORD - 1
        self.source[first] = self.source[last] = stamp
        self.move(self.into + start, self.out_of + start, pages * PAGE)
        self.next = (self.next + pages) % self.pages
        return (self.target[first] ^ stamp) | (self.target[last] ^ stamp)


class Copy(Prepared):
    """Copies ``amount`` pages of 4 KiB, in calls of up to ``buffer`` bytes."""

    OPTIONS: ClassVar[dict[str, str]] = {"buffer": "size"}
    BOUND = (MEMORY,)
    RELEASES_GIL = True

    def prepare(self) -> Buffers:
        """Return memory of the worker's own, whose pages are mapped."""
        return Buffers(self.options.get("buffer", _BUFFER))

    def bind(self, data: Buffers) -> Task:
        """Return the task."""
        amount, answer = self.amount, self.answer()

        def copy(payload: bytes) -> tuple[int, bytes]:
            check, back = answer(payload)
            wrong, left = 0, amount
            while left:
                pages = min(left, data.pages - data.next)
                wrong |= data.copy(pages, check)
                left -= pages
            return check + wrong, back

        return copy
