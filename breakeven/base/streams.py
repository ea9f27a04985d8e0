"""Standard streams that never raise: a reader that stops, a full disk or a closed descriptor ends no sweep.

>>> breakeven run ... 2>&1 | head -1  # doctest: +SKIP
"""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Iterator
from typing import Any

_NAMES = ("stdin", "stdout", "stderr")


class _Sturdy(io.RawIOBase):
    """Passes bytes on to ``raw`` until that fails, and drops them from then on."""

    def __init__(self, raw: io.FileIO, owner: object) -> None:
        self._raw = raw
        self._owner = owner  # closes the file once nothing refers to it
        self.problem: OSError | None = None

    def write(self, data: Any) -> int:
        """Write ``data``, or keep the error in ``problem`` and return as if it had been written."""
        try:
            while self.problem is None:
                written = self._raw.write(data)
                if written is not None:
                    return written
                self._await_room()
        except OSError as error:
            self.problem = error
        return memoryview(data).nbytes

    def _await_room(self) -> None:
        """Wait until a descriptor that another program made non-blocking takes more."""
        from select import POLLOUT, poll  # noqa: PLC0415  # seldom needed

        waiting = poll()
        waiting.register(self._raw.fileno(), POLLOUT)
        waiting.poll()

    def writable(self) -> bool:
        """Return True."""
        return True

    def fileno(self) -> int:
        """Return the descriptor."""
        return self._raw.fileno()

    def isatty(self) -> bool:
        """Return whether the descriptor is that of a terminal."""
        return self._raw.isatty()

    @property
    def name(self) -> Any:
        """Return the name of the file, its descriptor for a standard stream."""
        return self._raw.name

    @property
    def mode(self) -> str:
        """Return the mode of the file."""
        return self._raw.mode


def make_sturdy() -> None:
    """Replace the standard streams of this process by ones that never raise; idempotent.

    A closed one leads to the null device, so that no file that is opened later gets its descriptor and with it the
    messages. Characters that the encoding lacks are written as escapes. Streams that are not the system's stay as they
    are.
    """
    _open_closed()
    for name in _NAMES[1:]:
        stream = getattr(sys, name)
        raw = _raw_of(stream)
        if raw is not None:
            stream.flush()
            setattr(sys, name, _rebuilt(stream, raw))


def problems() -> Iterator[tuple[str, OSError]]:
    """Yield the streams of `make_sturdy` that failed, ``standard output`` and ``standard error``, with the reason.

    That a reader stopped early is no problem.
    """
    for name, called in (("stdout", "standard output"), ("stderr", "standard error")):
        stream = getattr(sys, name)
        raw = getattr(getattr(stream, "buffer", None), "raw", None)
        if isinstance(raw, _Sturdy):
            stream.flush()
            if raw.problem is not None and not isinstance(raw.problem, BrokenPipeError):
                yield called, raw.problem


def _open_closed() -> None:
    for name in _NAMES:
        if getattr(sys, name) is None:
            # the lowest free descriptor, in this order: that of the stream, unless a file has got it already
            descriptor = os.open(os.devnull, os.O_RDWR)
            os.set_inheritable(descriptor, descriptor < len(_NAMES))
            mode = "r" if name == "stdin" else "w"
            setattr(sys, name, os.fdopen(descriptor, mode, encoding="utf-8", closefd=False))


def _raw_of(stream: Any) -> io.FileIO | None:
    """Return what a stream of the system writes to; None for any other, and for one that is sturdy."""
    buffer = getattr(stream, "buffer", None)
    raw = getattr(buffer, "raw", buffer)  # without buffering there is one layer less
    return raw if isinstance(stream, io.TextIOWrapper) and isinstance(raw, io.FileIO) else None


def _rebuilt(stream: io.TextIOWrapper, raw: io.FileIO) -> io.TextIOWrapper:
    """Return a stream like ``stream`` that never raises; that one stays usable and keeps the descriptor."""
    return io.TextIOWrapper(
        io.BufferedWriter(_Sturdy(raw, stream)),
        encoding=stream.encoding,
        errors="backslashreplace",
        line_buffering=stream.line_buffering,
        write_through=stream.write_through,
    )
