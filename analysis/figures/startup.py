"""The time from the creation of the first worker until all are ready.

Dots by mechanism, a panel a number of workers.
"""

from __future__ import annotations

import pandas as pd
from matplotlib.figure import Figure

from breakeven.analysis.figures.context import Context
from breakeven.analysis.figures.roles import DEFAULT, Roles
from breakeven.analysis.figures.started import ACCEPTS, Cost, draw_ways, ends, frame_ways
from breakeven.analysis.frames.load import Lab

__all__ = ["ACCEPTS", "draw", "frame"]

_COST = Cost(
    "startup_ns",
    ("startup_ns",),
    "until all are ready",
    "no two ways to start workers: it needs cells of several models or start methods",
)


def frame(lab: Lab, roles: Roles = DEFAULT) -> pd.DataFrame:
    """Return one row for each way to start workers: ``startup_ns`` with interval; raise NothingToDraw."""
    return frame_ways(lab, roles, _COST)


def draw(frame: pd.DataFrame, context: Context) -> Figure:
    """Draw a row for each mechanism, and name the quickest and the slowest."""
    ((first, soonest), *others), workers = ends(frame, _COST)
    title = ", ".join(
        [f"{first} starts {workers} in {soonest}", *(f"{last} in {latest}" for last, latest in others)]
    )
    return draw_ways(frame, _COST, title, context)
