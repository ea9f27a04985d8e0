"""The figures, one module each, all with the same two functions: from a lab its tidy frame, from that a picture.

>>> from analysis.figures import draw, scaling
>>> draw("scaling", lab)  # doctest: +SKIP
>>> draw("scaling", lab, x="workers", hue="model", facet="payload", select="workload=spin")  # doctest: +SKIP
>>> scaling.draw(scaling.frame(lab).query("workload == 'spin'"), Context.of(lab.runs))  # doctest: +SKIP
"""

from __future__ import annotations

from typing import Protocol

import pandas as pd
from matplotlib.figure import Figure

from breakeven.analysis.errors import UnfitOption, UnknownName
from breakeven.analysis.figures import activity, bandwidth, latency, overhead, scaling, timeline
from breakeven.analysis.figures.answers import choose_answers
from breakeven.analysis.figures.context import Context, NothingToDraw
from breakeven.analysis.figures.view import DEFAULT, View, read_view, select_cells
from breakeven.analysis.frames.load import Lab
from breakeven.analysis.verdicts import verdicts
from breakeven.base.suggestions import did_you_mean

__all__ = [
    "FIGURES",
    "Context",
    "NothingToDraw",
    "Plot",
    "View",
    "activity",
    "bandwidth",
    "check_options",
    "choose",
    "draw",
    "draw_view",
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


class Viewable(Protocol):
    """What a module offers whose factors can be chosen."""

    ACCEPTS: tuple[str, ...]
    """The options it has a use for, of x, hue and facet."""

    def frame(self, lab: Lab, view: View) -> pd.DataFrame:
        """Return the frame of `Plot` with the factors of ``view``."""


FIGURES: dict[str, Plot] = {
    "scaling": scaling,
    "timeline": timeline,
    "activity": activity,
    "overhead": overhead,
    "latency": latency,
    "bandwidth": bandwidth,
}


VIEWS: dict[str, Viewable] = {
    "scaling": scaling,
    "timeline": timeline,
    "activity": activity,
    "overhead": overhead,
    "latency": latency,
    "bandwidth": bandwidth,
}
"""The figures in which factors can be chosen."""


def draw(
    name: str,
    lab: Lab,
    *,
    x: str | None = None,
    hue: str | None = None,
    facet: str | None = None,
    select: str | None = None,
) -> Figure:
    """Draw the figure ``name`` of ``lab``; raise BadInput or NothingToDraw.

    ``x``, ``hue`` and ``facet`` are factors by the name under which they are typed (hue and facet may be several, separated
    by commas), ``select`` narrows the sweep, such as ``model=process,payload=1MiB``.
    """
    return draw_view(name, *choose(lab, x=x, hue=hue, facet=facet, select=select))


def choose(
    lab: Lab,
    *,
    x: str | None = None,
    hue: str | None = None,
    facet: str | None = None,
    select: str | None = None,
) -> tuple[Lab, View]:
    """Return the cells of ``lab`` that are selected, and the factors that are chosen; raise BadInput."""
    view = read_view(lab, x, hue, facet)
    return (lab if select is None else select_cells(lab, select)), view


def draw_view(name: str, lab: Lab, view: View = DEFAULT) -> Figure:
    """Draw the figure ``name`` with the factors of ``view``; raise UnknownName, UnfitOption or NothingToDraw."""
    if name not in FIGURES:
        raise UnknownName(f"no figure {name}{did_you_mean(name, FIGURES)}; there are {', '.join(FIGURES)}")
    if view.chosen:
        check_options(name, view)
        frame = VIEWS[name].frame(lab, view)
    else:
        frame = FIGURES[name].frame(lab)
    cells = pd.Index(frame.get("cell_id", frame.index))
    shown = lab.runs[lab.runs["cell_id"].isin(cells)]
    return FIGURES[name].draw(frame, Context.of(shown, choose_answers(verdicts(lab), cells)))


def check_options(name: str, view: View) -> None:
    """Raise UnfitOption if the figure ``name`` has no use for a factor that ``view`` chooses."""
    accepts = VIEWS[name].ACCEPTS if name in VIEWS else ()
    unfit = [option for option in view.chosen if option not in accepts]
    if unfit:
        options = ", ".join(f"--{option}" for option in (*accepts, "select"))
        raise UnfitOption(f"figure {name} has no use for --{unfit[0]}; it accepts {options}")
