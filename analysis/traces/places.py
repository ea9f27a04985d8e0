"""Where each run lies in a trace: one behind the other, all from its beginning on, or as they were measured."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import accumulate
from typing import NamedTuple

from breakeven.analysis.errors import ClocksDiffer


class Times(NamedTuple):
    """When a run began and ended, on the clock of its machine."""

    began_ns: int
    ended_ns: int
    machine: str


def _in_turn(times: Sequence[Times]) -> list[int]:
    """Return what to add to the times of each run: it begins where the one before it ends."""
    begins = accumulate((one.ended_ns - one.began_ns for one in times), initial=0)
    return [begin - one.began_ns for begin, one in zip(begins, times, strict=False)]


def _side_by_side(times: Sequence[Times]) -> list[int]:
    """Return what to add: all begin at once."""
    return [-one.began_ns for one in times]


def _as_measured(times: Sequence[Times]) -> list[int]:
    """Return what to add: the same for all, so that the first one begins at 0; raise ClocksDiffer."""
    machines = {one.machine for one in times}
    if len(machines) > 1:
        raise ClocksDiffer(
            f"--place as-measured: the runs are of {len(machines)} machines, whose clocks have nothing in common; "
            "choose --place in-turn or side-by-side, or the cells of one with --cell hostname=NAME"
        )
    return [-min(one.began_ns for one in times)] * len(times)


Place = Callable[[Sequence[Times]], list[int]]
"""An arrangement of runs in time: what to add to the times of each."""

PLACES: dict[str, Place] = {
    "in-turn": _in_turn,
    "side-by-side": _side_by_side,
    "as-measured": _as_measured,
}
"""The arrangements by their names."""
