"""What a race and a bisection refuse alike: cells without a speedup, and rounds that are not theirs to choose."""

from __future__ import annotations

from collections.abc import Iterable

from breakeven.base.errors import BadValue
from breakeven.base.patterns import ECHOES
from breakeven.runner.planning.cells import PlannedCell

SERIAL = "serial"
"""The model that speedups are compared with."""
_WHAT = {"race": "a race", "bisect": "a bisection"}


def leave_out(search: str) -> str:
    """Return the remedy for anything that a search cannot do."""
    return f"or leave out hydra/sweeper={search} to measure the grid"


def refuse_unfit(cells: Iterable[PlannedCell], search: str) -> None:
    """Raise BadValue for a cell that no search can decide; ``search`` is the name of the sweeper."""
    what = _WHAT[search]
    for planned in cells:
        if planned.cell.pattern in ECHOES:
            raise BadValue(
                f"pattern={planned.cell.pattern}: {what} compares speedups over the serial program, of which this pattern has none; "
                f"choose pattern=map, {leave_out(search)}"
            )
        if planned.precision is None:
            raise BadValue(f"rounds: {what} chooses how often it measures each cell; leave rounds=auto")
