"""Write figures to files: complete or not at all, and the same bytes for the same data."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from matplotlib.figure import Figure

from breakeven.analysis.errors import FiguresUnwritable
from breakeven.analysis.figures.formats import FORMATS


def save(figure: Figure, folder: Path, name: str, formats: Sequence[str]) -> list[Path]:
    """Write ``figure`` to ``folder`` in each format and return the paths; raise FiguresUnwritable.

    Each file is written under another name and renamed, so that readers see the old picture or the new one.
    """
    try:
        folder.mkdir(exist_ok=True)
        return [_save(figure, folder / f"{name}.{kind}", kind) for kind in formats]
    except OSError as error:
        raise FiguresUnwritable(
            f"cannot write figures to {folder}: {error.strerror}; free or unlock that folder, or use --no-figures"
        ) from error


def _save(figure: Figure, path: Path, kind: str) -> Path:
    aside = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        figure.savefig(aside, format=kind, **FORMATS[kind])
        aside.replace(path)
    finally:
        aside.unlink(missing_ok=True)
    return path
