"""Write to standard output."""

from __future__ import annotations

import io
import os
import sys


def write(text: str) -> None:
    """Write ``text`` to standard output; it is no error if the reader stops early (``| head``)."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # so that the flush at exit succeeds
