"""The content of a file as a hash, read again only if the file may have changed."""

from __future__ import annotations

import hashlib
import os
import time
from functools import lru_cache

_SETTLED_NS = 2 * 10**9
"""Of a file that was written more recently than this, time and size may be those of another content: clocks of file
systems are coarse."""

_Stamp = tuple[int, int, int, int]


def content_hash(path: str) -> str:
    """Return a hash of a file's content, 16 hexadecimal digits; raise OSError."""
    stat = os.stat(path)  # noqa: PTH116  # of thousands of files before each run
    changed = max(stat.st_mtime_ns, stat.st_ctime_ns)
    if time.time_ns() - changed < _SETTLED_NS:
        return _read(path)
    return _known(path, (stat.st_ino, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns))


@lru_cache(maxsize=1 << 16)
def _known(path: str, stamp: _Stamp) -> str:
    del stamp
    return _read(path)


def _read(path: str) -> str:
    with open(path, "rb") as file:  # noqa: PTH123  # as above
        return hashlib.file_digest(file, "sha256").hexdigest()[:16]
