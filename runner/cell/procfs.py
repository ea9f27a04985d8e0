"""Text files of the kernel that are read repeatedly: opened once, read without seeking."""

from __future__ import annotations

import os
from threading import local
from typing import Optional

from .off_heap import private_bytes

_MOST_TEXT = 1 << 16
_own = local()


class KernelFile:
    """One such file; `read` returns None if it cannot be opened or is empty."""

    def __init__(self, path: str) -> None:
        self._descriptor: Optional[int] = None
        try:
            self._descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except OSError:  # not in this kernel, or not readable for us: a missing fact is stored as null
            return

    def read(self) -> Optional[bytes]:
        """Return the current text."""
        if self._descriptor is None:
            return None
        try:
            return _read(self._descriptor) or None
        except OSError:  # the process is gone, or the container refuses at reading
            return None

    def close(self) -> None:
        """Close it; idempotent."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def _read(descriptor: int) -> bytes:
    """Return the text of an open file from its beginning."""
    if not hasattr(os, "preadv"):  # PyPy, which moves what it frees
        return os.pread(descriptor, _MOST_TEXT, 0)
    buffer = _buffer()
    return bytes(buffer[: os.preadv(descriptor, [buffer], 0)])


def _buffer() -> memoryview:
    """Return the thread's buffer, which is not on the heap.

    `os.pread` would shrink one there, and leave it above messages.
    """
    if not hasattr(_own, "buffer"):
        _own.buffer = private_bytes(_MOST_TEXT)
    buffer: memoryview = _own.buffer
    return buffer


def read_once(path: str) -> Optional[bytes]:
    """Return the text of a file of the kernel; None if it cannot be read."""
    file = KernelFile(path)
    text = file.read()
    file.close()
    return text
