"""How wide a text may be where it is shown, and such text."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, TextIO

from breakeven.base.text import printable

if TYPE_CHECKING:
    from rich.console import Console

DEFAULT = 80
"""The columns of what is no terminal, or of one that does not say how wide it is."""


HEIGHT = 24
"""The lines of what does not say how high it is."""


def columns(stream: TextIO) -> int:
    """Return the columns of the terminal that ``stream`` leads to, `DEFAULT` if it is none.

    ``COLUMNS`` overrides both.
    """
    asked = os.environ.get("COLUMNS", "")
    if asked.isdecimal() and int(asked):
        return int(asked)
    return _size(stream).columns or DEFAULT


def height(stream: TextIO) -> int:
    """Return the lines of the terminal that ``stream`` leads to, `HEIGHT` if it is none."""
    return _size(stream).lines or HEIGHT


def fixed(stream: TextIO) -> tuple[int, int] | tuple[None, None]:
    """Return the width and the height of a console for ``stream``, None for those of a terminal that may be resized.

    A variable that says 0 fixes nothing.
    """
    if stream.isatty() and not {"COLUMNS", "LINES"} & set(os.environ):
        return None, None
    return columns(stream), height(stream)


def print_plain(console: Console, text: str) -> None:
    """Print ``text`` as it is, but for what a terminal would obey: names in it are other people's."""
    console.print(printable(text, lines=True), markup=False, highlight=False, soft_wrap=True)


def _size(stream: TextIO) -> os.terminal_size:
    """Return what the terminal says, zeros if there is none."""
    try:
        return os.get_terminal_size(stream.fileno()) if stream.isatty() else os.terminal_size((0, 0))
    except (OSError, ValueError):  # closed, or not of the system
        return os.terminal_size((0, 0))
