"""Write a file beside its place and move it there, so that it is whole or absent."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from breakeven.base.layout import PART


@contextmanager
def written_aside(path: Path) -> Iterator[Path]:
    """Yield a path beside ``path``, which takes its place when the block ends; raise OSError.

    If that fails, the new file is deleted.
    """
    aside = path.with_name(f".{path.name}.{os.getpid()}{PART}")
    try:
        yield aside
        aside.replace(path)
    finally:
        aside.unlink(missing_ok=True)
