"""Write to standard output."""

from __future__ import annotations

import io
import os
import sys

from breakeven.base.text import printable


def write(text: str) -> None:
    """Write ``text`` to standard output, what a terminal would obey escaped: names in it are other people's.

    It is no error if the reader stops early (``| head``).
    """
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        sys.stdout.write(printable(text, lines=True))
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # so that the flush at exit succeeds
