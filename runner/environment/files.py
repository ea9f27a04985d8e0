"""Files of the kernel, read without failing: a missing or unreadable one yields None."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path("/")

_WHOLE = re.compile("-?[0-9]{1,20}")
_LISTED = re.compile(r"([0-9]{1,9})(?:-([0-9]{1,9}))?")


def read_text(path: Path | str) -> str | None:
    """Return the text of a file, stripped; ``path`` is relative to the root, such as ``proc/cpuinfo``.

    None if the file does not exist or may not be read: macOS has neither /proc nor /sys, a container hides
    parts.
    """
    try:
        return (ROOT / path).read_text(encoding="utf-8", errors="replace").strip()
    except (OSError, ValueError):  # ValueError: a name put together from another file cannot be a path
        return None


def exists(path: Path | str) -> bool:
    """Return whether there is something at ``path``, relative to the root, as far as this process may see."""
    try:
        return (ROOT / path).exists()
    except OSError:
        return False


def read_int(path: Path | str) -> int | None:
    """Return the one whole number that a file holds; None if there is no such file or anything else in it."""
    return parse_int(read_text(path) or "")


def parse_int(text: str) -> int | None:
    """Return ``text`` as a whole number, or None if it is not one."""
    return int(text) if _WHOLE.fullmatch(text) else None


def count_listed(path: Path | str) -> int | None:
    """Return how many numbers a list such as ``0-3,8`` names; None if the file holds no such list."""
    parts = [_LISTED.fullmatch(part) for part in (read_text(path) or "").split(",")]
    ranges = [(int(part[1]), int(part[2] or part[1])) for part in parts if part]
    if len(ranges) < len(parts) or any(last < first for first, last in ranges):
        return None
    return sum(last - first + 1 for first, last in ranges)
