"""What becomes of messages in a pipe that several write to and read from."""

from __future__ import annotations

from math import nan

import pandas as pd

from breakeven.analysis.claims.cells import named
from breakeven.analysis.claims.expectation import counted
from breakeven.analysis.claims.seen import Seen
from breakeven.analysis.findings import shared_pipe
from breakeven.analysis.findings.cells import cells_of
from breakeven.analysis.frames.load import Lab
from breakeven.analysis.frames.rare import count_events, count_tasks

_DAMAGES = (shared_pipe.LOST, shared_pipe.TORN, shared_pipe.AGAIN)


def torn_messages(lab: Lab, model: str) -> list[Seen]:
    """Return how many messages were lost, torn or duplicated in pipes that ``model`` workers share without a lock."""
    cells = cells_of(lab, shared_pipe.PATTERN)
    if cells.empty:
        return []
    free = cells[
        cells[shared_pipe.LOCK].eq("none")
        & cells["model"].eq(model)
        & cells["workers"].ge(shared_pipe.SHARED)
    ]
    tasks, damaged = count_tasks(lab), _damaged(lab)
    return [
        counted(name, damaged.get(cell, 0), tasks[cell], (cell,), _ends(lab, cell))
        for cell, name in named(free)
    ]


def _damaged(lab: Lab) -> pd.Series[float]:
    """Return how many messages of each cell were lost, torn or duplicated.

    One that is torn may count as lost as well.
    """
    counts = pd.DataFrame({name: count_events(lab, name) for name in _DAMAGES})
    return counts.max(axis=1)


def _ends(lab: Lab, cell: str) -> tuple[float, float]:
    """Return the interval of the damage of which there is most."""
    seen = lab.observed[lab.observed["cell_id"].eq(cell) & lab.observed["quantity"].isin(_DAMAGES)]
    if seen.empty:
        return nan, nan
    most = seen.sort_values("value").iloc[-1]
    return float(most["low"]), float(most["high"])
