"""What the loop asks of whoever chooses the runs: the schedule of a grid, or a race."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from breakeven.runner.planning.run import Run


@dataclass(frozen=True)
class Forecast:
    """The seconds that a launch takes, at least and at most."""

    least: float
    most: float


class Progress(Protocol):
    """How far the cells are."""

    def __len__(self) -> int:
        """Return how many cells there are to decide."""

    @property
    def decided(self) -> int:
        """Return how many of them need no further runs."""

    def so_far(self, cell_id: str) -> str:
        """Return what is known of a cell, as text; empty for nothing."""


class Turns(Protocol):
    """Chooses the run that comes next; ``over_budget`` says that the time ended them.

    ``next_seconds`` is then how long the run would have taken that the rest of the time did not hold.
    """

    over_budget: bool
    next_seconds: float

    @property
    def certain(self) -> int:
        """Return how many runs are made in any case."""

    @property
    def decisions(self) -> Progress:
        """Return how far the cells are."""

    @property
    def forecast(self) -> Forecast:
        """Return how long the rest takes."""

    def next(self, may_begin: Callable[[Run], bool]) -> Run | None:
        """Return the run to begin now; None if none may begin before another has ended, or none is left."""

    def following(self) -> Run | None:
        """Return the run that probably comes after the current one; None for none."""

    def ended(self, run: Run, row: Mapping[str, Any]) -> None:
        """Record that ``run`` ended with ``row``."""
