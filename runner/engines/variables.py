"""The environment that a node was started with, where an engine gives its workers another one."""

from __future__ import annotations

import os
from collections.abc import Iterable


def restore_variables(names: Iterable[str], started_with: bytes) -> None:
    """Set the variables ``names`` to what a process was started with, as /proc shows it, or remove them."""
    given = dict(entry.split("=", 1) for entry in os.fsdecode(started_with).split("\0") if "=" in entry)
    for name in names:
        os.environ.pop(name, None)
        if name in given:
            os.environ[name] = given[name]
