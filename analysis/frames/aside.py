"""Write what follows from a sweep into its folder."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from breakeven.analysis.errors import VerdictsUnwritable


def write_aside(path: Path, write: Callable[[Path], object]) -> None:
    """Have a file written beside ``path`` and put in its place, so that it is whole or absent; raise VerdictsUnwritable."""
    aside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        write(aside)
        aside.replace(path)
    except OSError as error:
        aside.unlink(missing_ok=True)
        raise VerdictsUnwritable(f"{path} cannot be written ({error.strerror})") from error
