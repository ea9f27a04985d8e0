"""The code that measures, as one hash."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from breakeven.base.version import project_version

MEASURED_SIDE = Path(__file__).parents[1] / "cell"

_Files = tuple[tuple[str, int, int], ...]


def own_code(folder: Path = MEASURED_SIDE) -> str:
    """Return a hash of the files of the measured side and of the version of the rest, as they are now.

    Each run reads those files anew, so each checks whether they are still those that the sweep was planned
    with; contents are reread only if a file's time or size changed.
    """
    return _hash(folder, tuple(sorted(_files(os.fspath(folder)))))


def _files(folder: str) -> Iterator[tuple[str, int, int]]:
    """Yield the path, time and size of each Python file below ``folder``; for every run, so by scandir(2)."""
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir():
                yield from _files(entry.path)
            elif entry.name.endswith(".py"):
                stat = entry.stat()
                yield entry.path, stat.st_mtime_ns, stat.st_size


@lru_cache(maxsize=4)
def _hash(folder: Path, files: _Files) -> str:
    found = hashlib.sha256(project_version().encode())
    for name, _, _ in files:
        file = Path(name)
        found.update(str(file.relative_to(folder)).encode() + b"\0" + file.read_bytes() + b"\0")
    return found.hexdigest()[:16]
