"""Files that only grow, by whole lines at a time."""

from __future__ import annotations

import os
from pathlib import Path

from breakeven.runner.errors import NotStored


class AppendedFile:
    """A file to which whole lines are appended, each by one write(2), so that readers see no half lines.

    If an earlier writer was killed in the middle of a line, the next one starts a new line. Opening raises
    NotStored on failure.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor = -1
        try:
            self._descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o666)
            torn = self._is_torn()
        except OSError as error:
            self.close()
            raise self._not_stored(error.strerror) from error
        if torn:
            self.append("\n")

    def append(self, text: str) -> None:
        """Append ``text`` in one write; raise NotStored on failure."""
        data = text.encode("utf-8", "backslashreplace")
        try:
            written = os.write(self._descriptor, data)
        except OSError as error:
            raise self._not_stored(error.strerror) from error
        if written != len(data):
            raise self._not_stored("only part of a line was written; the disk is full")

    def close(self) -> None:
        """Close the file; idempotent."""
        if self._descriptor != -1:
            os.close(self._descriptor)
            self._descriptor = -1

    def _is_torn(self) -> bool:
        """Return whether the last line is incomplete: its writer was killed, or the disk was full."""
        size = os.fstat(self._descriptor).st_size
        return size > 0 and os.pread(self._descriptor, 1, size - 1) != b"\n"

    def _not_stored(self, why: str | None) -> NotStored:
        return NotStored(f"cannot write {self._path}: {why}; what was measured is kept")
