"""Phases: one name and one colour each, in all figures."""

from __future__ import annotations

from matplotlib.colors import to_rgb

from breakeven.analysis.figures import lanes
from breakeven.analysis.figures.phases import COLORS, ORDER, list_phases
from breakeven.analysis.frames.budget import PHASES


def test_every_phase_has_a_colour_of_its_own() -> None:
    """Those of a trial; start-up and its end lie outside of it, and compute is shown in its parts."""
    shown = {phase for phase in PHASES if phase not in ("compute", "startup", "teardown")}
    assert shown <= set(COLORS)
    assert all(phase in shown or phase.startswith("compute, ") for phase in COLORS)
    assert len({to_rgb(color) for color in COLORS.values()}) == len(COLORS)


def test_the_figures_share_the_table() -> None:
    """The lanes show phases by these names, in this order; which the bars show is tested where they are drawn."""
    assert list(lanes.STATES) == [phase for phase in ORDER if phase in lanes.STATES]


def test_a_legend_of_phases_has_those_that_are_drawn() -> None:
    """In the common order, whatever the order in which they were drawn."""
    entries = list_phases(["wait", "send", ORDER[0]])
    assert [str(entry.get_label()) for entry in entries] == [ORDER[0], "send", "wait"]
    assert [entry.get_facecolor()[:3] for entry in entries] == [
        to_rgb(COLORS[name]) for name in (ORDER[0], "send", "wait")
    ]
