"""What the command prints on standard output."""

from __future__ import annotations

import io
import os
import sys


def write(text: str) -> None:
    """Write ``text`` to standard output; a reader that has enough (``| head``) is no error."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # for the flush at exit
