"""Write figures to files: complete or not at all, and the same bytes for the same data."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from matplotlib.figure import Figure

from breakeven.analysis.errors import FiguresUnwritable
from breakeven.analysis.figures.formats import FORMATS
from breakeven.base.aside import written_aside


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
    with written_aside(path) as aside:
        figure.savefig(aside, format=kind, **FORMATS[kind])
    return path
