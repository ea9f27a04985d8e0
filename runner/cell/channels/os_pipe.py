"""`os.pipe`, two for each worker, written and read by `os.write` and `os.read` alone."""

from __future__ import annotations

import fcntl
import os
import sys
from collections.abc import Iterator
from typing import Any, ClassVar, Optional

from ..errors import NoRoom
from ..member import Lack
from ..space import in_units
from ._stream import End, StreamChannel

_GET_SIZE, _SET_SIZE = (
    1032,
    1031,
)  # F_GETPIPE_SZ and F_SETPIPE_SZ of Linux, which `fcntl` names from Python 3.10 on
_LEAST_BYTES = 4096  # where the system does not tell
_MOST_BYTES = 2**31 - 1  # what it can be asked for


class PipeEnd(End):
    """What to read from and what to write to."""

    def __init__(self, reader: int, writer: int, size: int) -> None:
        self.descriptors = [reader, writer]
        self.reader = reader
        self.writer = writer
        self.size = size

    def __reduce__(self) -> tuple[Any, ...]:
        from multiprocessing.reduction import DupFd  # noqa: PLC0415  # only workers that are processes need it, and load it

        return _rebuild, (DupFd(self.reader), DupFd(self.writer), self.size)

    def _write(self, data: bytes) -> None:
        written = os.write(self.writer, data)
        while written < len(data):
            written += os.write(self.writer, memoryview(data)[written:])

    def _read_some(self, length: int) -> bytes:
        most = self.size  # more would only be allocated, and given back
        return os.read(self.reader, min(most, length))

    def fileno(self) -> int:
        """Return the descriptor of the pipe that it reads."""
        return self.reader

    @property
    def buffer_bytes(self) -> int:
        """Return what the pipe holds."""
        return self.size

    def close(self) -> None:
        """Close both descriptors."""
        while self.descriptors:
            os.close(self.descriptors.pop())


def _rebuild(reader: Any, writer: Any, size: int) -> PipeEnd:
    return PipeEnd(reader.detach(), writer.detach(), size)


class OsPipe(StreamChannel):
    """Two pipes a worker. ``capacity`` is what the system buffers in each; None leaves its default."""

    OPTIONS: ClassVar[dict[str, str]] = {"capacity": "size?"}

    @classmethod
    def lacks(cls, options: dict[str, Any]) -> Optional[Lack]:
        """Return what is lacking for ``capacity`` on a system with one capacity for all pipes."""
        if options.get("capacity") is not None and sys.platform != "linux":
            return Lack("Linux for ipc.capacity", "leave that null")
        return super().lacks(options)

    def _connect(self) -> Iterator[tuple[End, End]]:
        for _ in range(self.room.workers):
            yield pipe_ends(self.options["capacity"])


def pipe_ends(capacity: Optional[int] = None) -> tuple[End, End]:
    """Return both ends of two pipes, one each way; raise NoRoom if they cannot be as large as asked."""
    (task_reader, task_writer), (answer_reader, answer_writer) = os.pipe(), os.pipe()
    size = min(_sized(pipe, capacity) for pipe in (task_writer, answer_writer))
    return PipeEnd(answer_reader, task_writer, size), PipeEnd(task_reader, answer_writer, size)


def _sized(pipe: int, asked: Optional[int]) -> int:
    """Set the size of a pipe's buffer if that is asked for, and return it."""
    if asked is None:
        return _size_of(pipe)
    try:
        size: int = fcntl.fcntl(pipe, _SET_SIZE, min(asked, _MOST_BYTES))
    except OSError as error:
        raise _refused(asked) from error
    if size < asked:
        raise _refused(asked)
    return size


def _size_of(pipe: int) -> int:
    """Return what the system buffers in a pipe, or a size that it has in any case."""
    try:
        return fcntl.fcntl(pipe, _GET_SIZE)
    except OSError:  # the system does not tell
        return _LEAST_BYTES


def _refused(asked: int) -> NoRoom:
    return NoRoom(
        f"ipc.capacity={in_units(asked)}: the system refuses a pipe of this size; "
        "choose at most what /proc/sys/fs/pipe-max-size says, or null"
    )
