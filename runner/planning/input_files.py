"""The files that ``workload.inputs=data/*.json`` gives, as one condition.

Their names and contents, at a bounded cost.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache

from breakeven.runner.cell.errors import InputsUnusable
from breakeven.runner.cell.given import files
from breakeven.runner.planning.run import Source

MOST_BYTES = 256 << 20
"""Of all files together, that are read: half a second. Those after them count by their times and both ends."""

_END_BYTES = 1 << 16
_SETTLED_NS = 2 * 10**9  # as in `runner.environment.contents`

_Stamp = tuple[str, int, int, int, int]


def with_input_files(source: Source, pattern: str, paths: Sequence[str]) -> Source:
    """Return the source of a function whose inputs are files; other files or contents make another measurement."""
    listed = hash_of(paths, source.folder)
    digest = hashlib.sha256(f"{source.digest} {listed}".encode()).hexdigest()[:16]
    return replace(source, digest=digest, input_pattern=pattern, input_hash=listed)


def changed_inputs(source: Source) -> str | None:
    """Return the pattern if its files are no longer those that were planned; None if they are, or if there is none."""
    if source.input_pattern is None:
        return None
    try:
        now = hash_of(files(source.input_pattern, source.folder), source.folder)
    except (OSError, InputsUnusable):  # one is gone, or all are
        return source.input_pattern
    return None if now == source.input_hash else source.input_pattern


def hash_of(paths: Sequence[str], folder: str) -> str:
    """Return a hash of the names and contents of files, 16 hexadecimal digits; raise OSError.

    Names are relative to ``folder``.
    """
    stamps = tuple(map(_stamp, paths))
    newest = max((max(stamp[3:]) for stamp in stamps), default=0)
    read = _read.__wrapped__ if time.time_ns() - newest < _SETTLED_NS else _read
    return read(stamps, folder)


def _stamp(path: str) -> _Stamp:
    stat = os.stat(path)  # noqa: PTH116  # of thousands of files before each run
    return path, stat.st_ino, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns


@lru_cache(maxsize=64)
def _read(stamps: tuple[_Stamp, ...], folder: str) -> str:
    whole, left = hashlib.sha256(), MOST_BYTES
    for path, _, size, changed, _ in stamps:
        left -= size
        content = _content(path) if left >= 0 else f"{changed} {_ends(path, size)}"
        whole.update(f"{os.path.relpath(path, folder)}\0{size}\0{content}\n".encode(errors="surrogateescape"))
    return whole.hexdigest()[:16]


def _content(path: str) -> str:
    with open(path, "rb") as file:  # noqa: PTH123  # as above
        return hashlib.file_digest(file, "sha256").hexdigest()


def _ends(path: str, size: int) -> str:
    with open(path, "rb") as file:  # noqa: PTH123  # as above
        first = file.read(_END_BYTES)
        file.seek(max(size - _END_BYTES, 0))
        return hashlib.sha256(first + file.read(_END_BYTES)).hexdigest()
