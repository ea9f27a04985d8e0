"""Files that appear whole or not at all."""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from pathlib import Path

PART = ".part"
"""How the names of files end that are being written; they begin with a dot, so that no reader takes them in."""


def part_of(path: Path) -> Path:
    """Return a new name beside ``path`` to write it under until it is whole."""
    return path.with_name(f".{path.name}-{secrets.token_hex(4)}{PART}")


def is_part(name: str) -> bool:
    """Return whether a file of that name is one that was being written."""
    return name.startswith(".") and name.endswith(PART)


def write_atomically(path: Path, data: bytes) -> None:
    """Put ``data`` at ``path`` so that a reader finds the old bytes or the new, never a part; raise OSError."""
    aside = part_of(path)
    descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)  # less the user's umask
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        aside.replace(path)
    except BaseException:
        with suppress(OSError):  # what went wrong first is what is told; `Sweep.tidy` removes what stays
            aside.unlink()
        raise
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
