"""What a worker can be doing: the name and the colour of each phase, the same in every figure."""

from __future__ import annotations

from collections.abc import Iterable

from matplotlib.patches import Patch

ON_CPU, OFF_CPU = "compute, on CPU", "compute, off CPU"
SLOWED, OTHERS = "compute, beyond alone", "compute, other threads"

COLORS = {
    ON_CPU: "#0173b2",
    SLOWED: "#3b528b",
    OTHERS: "#56b4e9",
    OFF_CPU: "#f2b65a",
    "serialize": "#029e73",
    "send": "#d55e00",
    "receive": "#cc78bc",
    "deserialize": "#ca9161",
    "wait": "#949494",
    "idle": "#d9d9d9",
}
"""The colour of each phase by its name, in the order in which phases are stacked and listed.

Blue is computing, orange and red is time lost, grey is time without work.
"""

ORDER = tuple(COLORS)


def list_phases(drawn: Iterable[str]) -> list[Patch]:
    """Return legend entries for the phases that are ``drawn``, in the common order."""
    present = set(drawn)
    return [Patch(facecolor=COLORS[phase], label=phase) for phase in ORDER if phase in present]
