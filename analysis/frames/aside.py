"""Write what follows from a sweep into its folder."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from breakeven.analysis.errors import VerdictsUnwritable
from breakeven.base.aside import written_aside


def write_aside(path: Path, write: Callable[[Path], object]) -> None:
    """Write a file beside ``path`` and put it in its place, so that it is whole or absent.

    Raise VerdictsUnwritable.
    """
    try:
        with written_aside(path) as aside:
            write(aside)
    except OSError as error:
        raise VerdictsUnwritable(
            f"{path} cannot be written ({error.strerror}); free or unlock its folder, or name a copy of that"
        ) from error
