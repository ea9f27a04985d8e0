"""How wide a text may be where it is shown."""

from __future__ import annotations

import os
from typing import TextIO

DEFAULT = 80
"""The columns of what is no terminal, or of one that does not say how wide it is."""


def columns(stream: TextIO) -> int:
    """Return the columns of the terminal that ``stream`` leads to, `DEFAULT` if it is none; ``COLUMNS`` overrides both."""
    asked = os.environ.get("COLUMNS", "")
    if asked.isdecimal() and int(asked):
        return int(asked)
    try:
        return (os.get_terminal_size(stream.fileno()).columns if stream.isatty() else 0) or DEFAULT
    except (OSError, ValueError):  # closed, or not of the system
        return DEFAULT
