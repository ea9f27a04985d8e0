"""The figures, one module each, all with the same two functions: from a lab its tidy frame, from that a picture.

>>> from analysis.figures import draw, scaling
>>> draw("scaling", lab)  # doctest: +SKIP
>>> scaling.draw(scaling.frame(lab).query("workload == 'spin'"), Context.of(lab.runs))  # doctest: +SKIP
"""

from __future__ import annotations

from typing import Protocol

import pandas as pd
from matplotlib.figure import Figure

from breakeven.analysis.errors import UnknownName
from breakeven.analysis.figures import activity, bandwidth, latency, overhead, scaling, timeline
from breakeven.analysis.figures.context import Context, NothingToDraw
from breakeven.analysis.frames.load import Lab

__all__ = [
    "FIGURES",
    "Context",
    "NothingToDraw",
    "Plot",
    "activity",
    "bandwidth",
    "draw",
    "latency",
    "overhead",
    "scaling",
    "timeline",
]


class Plot(Protocol):
    """What a module of this package offers."""

    def frame(self, lab: Lab) -> pd.DataFrame:
        """Return the tidy frame that the figure shows; raise NothingToDraw if the sweep has no data for it."""

    def draw(self, frame: pd.DataFrame, context: Context) -> Figure:
        """Draw ``frame``; the caller may have narrowed it."""


FIGURES: dict[str, Plot] = {
    "scaling": scaling,
    "timeline": timeline,
    "activity": activity,
    "overhead": overhead,
    "latency": latency,
    "bandwidth": bandwidth,
}


def draw(name: str, lab: Lab) -> Figure:
    """Draw the figure ``name`` of ``lab``; raise UnknownName or NothingToDraw."""
    if name not in FIGURES:
        raise UnknownName(f"no figure {name}; there are {', '.join(FIGURES)}")
    frame = FIGURES[name].frame(lab)
    shown = lab.runs[lab.runs["cell_id"].isin(frame.get("cell_id", frame.index))]
    return FIGURES[name].draw(frame, Context.of(shown))
