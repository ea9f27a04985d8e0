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

    If that fails, the new file is deleted. Of a link, the file that it leads to is replaced. What is no file, such as
    /dev/stdout or a pipe, is yielded itself: to replace it would take it from everybody else.
    """
    if path.exists() and not (path.is_file() or path.is_dir()):
        yield path
        return
    target = path.resolve() if path.is_symlink() else path
    aside = target.with_name(f".{target.name}.{os.getpid()}{PART}")
    try:
        yield aside
        aside.replace(target)
    finally:
        aside.unlink(missing_ok=True)
