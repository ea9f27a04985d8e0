"""The settings that have a panel each: as many as can be read, and where their panels are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import SubFigure

from breakeven.analysis.figures.look import thin, thinned


class Kept(NamedTuple):
    """The settings that are shown, their rows, and the note on the others."""

    settings: list[str]
    shown: pd.DataFrame
    notes: tuple[str, ...]


def keep_settings(frame: pd.DataFrame, settings: Sequence[str]) -> Kept:
    """Return as many of the ordered ``settings`` of ``frame`` as can be read."""
    kept = thin(settings)
    return Kept(kept, frame[frame["setting"].isin(kept)], thinned(len(kept), len(settings), "settings"))


def panel_grid(body: SubFigure, count: int, columns: int, **shared: Any) -> list[Axes]:
    """Return so many panels, row after row; ``shared`` says which axes they share, as of `Figure.subplots`."""
    rows = -(-count // columns)
    panels = body.subplots(rows, columns, squeeze=False, **shared).ravel()
    for axes in panels[count:]:
        axes.remove()
    return list(panels[:count])
