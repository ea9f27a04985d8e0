"""A user's module that holds memory: as much as the variable BALLAST_MIB says, touched when it is imported."""

from __future__ import annotations

import os

HELD = bytearray(b"x") * (int(os.environ.get("BALLAST_MIB", "0")) << 20)


def count(steps: int = 20_000) -> int:
    """Return a number that takes ``steps`` steps to find."""
    found = 1
    for step in range(steps):
        found = (found * 31 + step) % 251
    return found
