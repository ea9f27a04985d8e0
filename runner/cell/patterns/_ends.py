"""The two ends of a pipe as a shared pipe's workers use them: with `multiprocessing`'s framing, or bytes alone."""

from __future__ import annotations

import os
import select
from abc import ABC, abstractmethod
from collections.abc import Callable
from time import monotonic
from typing import Any, Optional

ZEROS = bytes(select.PIPE_BUF)
"""As much as a pipe that can be written takes without waiting, and less than a message nowhere: no message has a zero
byte."""

_LOOK_MS = 10


class End(ABC):
    """One worker's use of a pipe: ``send`` and ``receive`` a message of ``size`` bytes, as programs do.

    ``receive`` returns what it read, which need not be a message if others read as well; None for what cannot be one.
    It never asks for more memory than a message takes.
    """

    def __init__(self, writer: Any, reader: Any, size: int) -> None:
        self.writer, self.reader, self.size = writer, reader, size

    @abstractmethod
    def send(self, message: bytes) -> None:
        """Write a message."""

    @abstractmethod
    def receive(self) -> Optional[bytes]:
        """Wait for a message and read it."""

    @abstractmethod
    def close(self) -> None:
        """Close what was opened beside the pipe."""


class Framed(End):
    """`Connection.send_bytes` and `recv_bytes`: four bytes with the length, then the message."""

    def __init__(self, writer: Any, reader: Any, size: int) -> None:
        super().__init__(writer, reader, size)
        self._own: Any = None

    def send(self, message: bytes) -> None:
        """Write it in one call up to 16 KiB, and its length in a call of its own beyond."""
        self.writer.send_bytes(message)

    def receive(self) -> Optional[bytes]:
        """Read a length, then as many bytes; after an invalid length, drop up to a message's bytes."""
        if self._own is None:  # a connection closes itself when it reads a length that is too large
            self._own = type(self.reader)(os.dup(self.reader.fileno()), writable=False)
        try:
            found: bytes = self._own.recv_bytes(self.size)
        except OSError:  # the length of no message
            self._own = None
            os.read(self.reader.fileno(), self.size)
            return None
        return found

    def close(self) -> None:
        """Close the copy of the reading end."""
        if self._own is not None:
            self._own.close()
            self._own = None


class Raw(End):
    """`os.write` and `os.read` of messages that all have the same size."""

    def send(self, message: bytes) -> None:
        """Write all of it, in as many calls as the system takes."""
        rest = memoryview(message)
        while rest:
            rest = rest[os.write(self.writer.fileno(), rest) :]

    def receive(self) -> Optional[bytes]:
        """Read as many bytes as a message has, in as many calls as the system takes."""
        parts, missing = [], self.size
        while missing:
            part = os.read(self.reader.fileno(), missing)
            if not part:
                raise EOFError("the pipe was closed while it was read")
            parts.append(part)
            missing -= len(part)
        return b"".join(parts)

    def close(self) -> None:
        """Do nothing: the pipe itself is used."""


FORMS: dict[str, type[End]] = {"connection": Framed, "raw": Raw}


def flood(writer: Any, is_over: Callable[[], bool], seconds: float) -> None:
    """Write zeros until ``is_over``, for those that wait for bytes that others took; raise TimeoutError."""
    end, poll = monotonic() + seconds, select.poll()
    poll.register(writer.fileno(), select.POLLOUT)
    while not is_over():
        if monotonic() > end:
            raise TimeoutError(f"readers of the pipe did not end within {seconds:g} s after its last writer")
        if poll.poll(_LOOK_MS):
            os.write(writer.fileno(), ZEROS)


def drain(reader: Any) -> None:
    """Read and drop what a pipe holds while nobody writes."""
    descriptor = reader.fileno()
    while select.select([descriptor], [], [], 0)[0]:
        os.read(descriptor, 1 << 16)
