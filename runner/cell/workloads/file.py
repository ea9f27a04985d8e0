"""Writing a file, syncing it and reading it from the disk: bound by the disk.

The GIL is released for the disk.
"""

from __future__ import annotations

import os
from functools import partial
from typing import ClassVar, Optional

from ..owning import own
from ._abc import Task
from ._looped import Prepared, time_call
from ._resources import DISK

BLOCK = 4096
_WORD = 8
_MOST_BLOCKS = 4096  # between two calls to fsync: 16 MiB, which is also the size of the file
_TIMED_BLOCKS, _TIMES = 256, 9
_LEAST_NS = 1_000  # that a block takes: two system calls
_ON_DISK = "/var/tmp"  # noqa: S108  # /tmp is in memory on many systems; the file has no name there


class Disk:
    """A file without a name, which its owner alone has, and which is gone when that no longer needs it."""

    def __init__(self, folder: Optional[str]) -> None:
        import tempfile  # noqa: PLC0415  # planning loads this module, and writes nothing

        with tempfile.TemporaryFile(dir=folder, buffering=0) as file:
            self._descriptor = os.dup(file.fileno())
        self._block = own(BLOCK)

    def __del__(self) -> None:
        os.close(self._descriptor)

    def there_and_back(self, block: bytes, count: int) -> int:
        """Write a block so many times, read them from the disk, and return how many differ."""
        descriptor, size = self._descriptor, self._block
        for place in range(count):
            os.pwrite(descriptor, block, place * size)
        os.fsync(descriptor)
        if hasattr(os, "posix_fadvise"):  # not on macOS, where the page cache answers
            os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
        return sum(os.pread(descriptor, size, place * size) != block for place in range(count))


class File(Prepared):
    """Writes one block of 4 KiB and ``amount`` more, calls fsync, drops them from the page cache and reads them."""

    OPTIONS: ClassVar[dict[str, str]] = {"folder": "text?"}
    BOUND = (DISK,)
    RELEASES_GIL = True

    def prepare(self) -> Disk:
        """Return a file of the worker's own."""
        return Disk(self.options.get("folder") or (_ON_DISK if os.path.isdir(_ON_DISK) else None))

    def calibrate(self, task_ns: int) -> int:
        """Return the number of blocks beside the first one; 1 if the first one takes as long.

        Two numbers of blocks give what each adds, since most of the time is that of fsync, which varies.
        """
        payload, file = self.inputs()[0], self.prepare()
        taken = []
        for self.amount in (1, _TIMED_BLOCKS):
            task = self.bind(file)
            taken.append(time_call(partial(task, payload), 1, _TIMES))
        block = max((taken[1] - taken[0]) / (_TIMED_BLOCKS - 1), _LEAST_NS)
        return max(1, round(1 + (task_ns - taken[0]) / block))

    def bind(self, data: Disk) -> Task:
        """Return the task."""
        passes, rest = divmod(self.amount + 1, _MOST_BLOCKS)
        most, words, answer = own(_MOST_BLOCKS), own(BLOCK // _WORD), self.answer()

        def write_and_read(payload: bytes) -> tuple[int, bytes]:
            check, back = answer(payload)
            block = check.to_bytes(_WORD, "little") * words
            wrong = 0
            for _ in range(passes):
                wrong += data.there_and_back(block, most)
            if rest:
                wrong += data.there_and_back(block, rest)
            return check + wrong, back

        return write_and_read
