"""Read the result files of a run, and accept them only if their checksums match."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import TypeVar
from zlib import crc32

from breakeven.runner.cell.calibration import CalibrationResult
from breakeven.runner.cell.records import BadRecord, from_json
from breakeven.runner.cell.result import RESULT, TRACE, Result

T = TypeVar("T")


class Unreadable(Exception):
    """Raised when a run's result cannot be read or is not what the measured side wrote."""


def read_result(folder: Path) -> tuple[Result, bytes]:
    """Return the result and the raw trace in ``folder``; raise Unreadable."""
    result = _result(folder, Result)
    trace = _read(folder / TRACE)
    if result.trace_crc32 != crc32(trace):
        raise Unreadable(f"{TRACE} is not what the run wrote: its checksum differs")
    return result, trace


def read_calibration(folder: Path) -> CalibrationResult:
    """Return the result in ``folder`` of a run that calibrates; raise Unreadable."""
    return _result(folder, CalibrationResult)


def _result(folder: Path, kind: type[T]) -> T:
    head, _, text = _read(folder / RESULT).partition(b"\n")
    if head != b"%08x" % crc32(text):
        raise Unreadable(f"{RESULT} is not what the run wrote: its checksum differs")
    try:
        return from_json(kind, text.decode())
    except BadRecord as error:
        raise Unreadable(f"{RESULT} is invalid: {error}") from error


def _read(path: Path) -> bytes:
    """Read a regular file; the measured code may have replaced it by anything."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        raise Unreadable(f"{path.name} cannot be read: {error.strerror}") from error
    with open(descriptor, "rb") as file:  # noqa: PTH123  # by descriptor
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise Unreadable(f"{path.name} is no longer a regular file")
        return file.read()
