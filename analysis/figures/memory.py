"""What workers take in memory, against their number: a line for each mechanism, a panel for each work."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from breakeven.analysis.figures.against_workers import Quantity, draw_against_workers
from breakeven.analysis.figures.context import Context, NothingToDraw
from breakeven.analysis.figures.look import describe_sample, finish, look
from breakeven.analysis.figures.roles import DEFAULT, in_order, keep_hues, name_cells
from breakeven.analysis.figures.settings import keep_settings
from breakeven.analysis.findings.memory import memory_cells
from breakeven.analysis.frames.load import Lab
from breakeven.analysis.units import format_size

_TOTAL = "total_bytes"
_MEMORY = Quantity(_TOTAL, "memory that all workers add", format_size, logarithmic=True)


def frame(lab: Lab) -> pd.DataFrame:
    """Return the cells that observed memory; raise NothingToDraw.

    ``total_bytes`` are what all workers add, with interval.
    """
    cells = memory_cells(lab)
    if cells.empty:
        raise NothingToDraw("no cell observed memory: it needs pattern=memory with status ok")
    named = name_cells(cells.drop(columns=["mechanism", "setting"]), DEFAULT, "workers")
    ends = {f"{_TOTAL}{end}": named[f"added_bytes{end}"] * named["workers"] for end in ("", "_low", "_high")}
    covers = np.where(named["added_bytes_low"].notna(), "cell", "nothing")
    undisturbed = named.assign(pairs_disturbed=0.0)  # other programs take none of its memory
    return undisturbed.assign(**ends, covers=covers, setting=named["about"])


def draw(frame: pd.DataFrame, context: Context) -> Figure:
    """Draw one panel per work, both axes logarithmic."""
    kept, shown, some = keep_settings(frame, in_order(frame, "setting"))
    shown, left_out = keep_hues(shown, _TOTAL, lowest=True)
    with look():
        body = draw_against_workers(shown, kept, _MEMORY)
        notes = (*some, *left_out)
        return finish(body, _title(shown), context, *notes, describe_sample(shown))


def _title(shown: pd.DataFrame) -> str:
    """Return the least and the most that one of the most workers adds, for the work with most mechanisms."""
    setting = str(shown.groupby("setting")["mechanism"].nunique().idxmax())
    cells = shown[shown["setting"].eq(setting)]
    most = cells[cells["workers"].eq(cells["workers"].max())].sort_values("added_bytes")
    count = int(most["workers"].iloc[0])
    each = "one worker takes" if count == 1 else f"each of {count} workers takes"
    ends = most.iloc[[0, -1]] if len(most) > 1 else most
    sizes = [f"{format_size(row['added_bytes'])} with {row['mechanism']}" for _, row in ends.iterrows()]
    return f"For {setting}, {each} {', '.join(sizes)}"
