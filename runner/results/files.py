"""What a run left in its folder, believed only where its checksums say that it is what the measured side wrote."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from zlib import crc32

from breakeven.runner.cell.records import BadRecord, from_json
from breakeven.runner.cell.result import RESULT, TRACE, Result


class Unreadable(Exception):
    """Raised when a run's result is not what the measured side wrote, or cannot be read."""


def read_result(folder: Path) -> tuple[Result, bytes]:
    """Return the result and the raw trace; raise Unreadable."""
    head, _, text = _read(folder / RESULT).partition(b"\n")
    if head != b"%08x" % crc32(text):
        raise Unreadable(f"{RESULT} is not what the run wrote: its checksum differs")
    try:
        result = from_json(Result, text.decode())
    except BadRecord as error:
        raise Unreadable(f"{RESULT} makes no sense: {error}") from error
    trace = _read(folder / TRACE)
    if result.trace_crc32 != crc32(trace):
        raise Unreadable(f"{TRACE} is not what the run wrote: its checksum differs")
    return result, trace


def _read(path: Path) -> bytes:
    """Read a regular file; the measured code may have put anything in its place."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        raise Unreadable(f"{path.name} cannot be read: {error.strerror}") from error
    with open(descriptor, "rb") as file:  # noqa: PTH123  # by descriptor
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise Unreadable(f"{path.name} is no file any more")
        return file.read()
