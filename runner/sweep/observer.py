"""The events of a sweep, as records, and the interface of their observers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from breakeven.runner.config.cell import Cell
from breakeven.runner.planning.run import Run
from breakeven.runner.sweep.tally import Tally


@dataclass(frozen=True, kw_only=True)
class SweepBegan:
    """The runs are about to begin: of ``total`` planned, ``done`` are stored and ``waiting`` are to make."""

    sweep: Path
    total: int
    done: int
    waiting: int
    incompatible: int
    command: str


@dataclass(frozen=True, kw_only=True)
class RunIncompatible:
    """A run that cannot exist, because of ``reason``."""

    run: Run
    reason: str


@dataclass(frozen=True, kw_only=True)
class CalibrationBegan:
    """The task of ``cell`` is about to be calibrated, ``number`` ``of`` those that were not yet, counted from 1."""

    cell: Cell
    number: int
    of: int


@dataclass(frozen=True, kw_only=True)
class RunBegan:
    """A run begins: ``number``, counted from 1, ``of`` the runs of this launch; None if their precision decides."""

    run: Run
    number: int
    of: int | None
    seconds_left: float


@dataclass(frozen=True, kw_only=True)
class RunPlaced:
    """A run that began got to a node of the engine; the node may change later, if it is lost."""

    run: Run
    node: str


@dataclass(frozen=True, kw_only=True)
class NodesChanged:
    """The engine has these ``nodes`` from now on."""

    nodes: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class RunEnded:
    """A run ended and is stored: its row, the counts including it, and an estimate for the remaining runs.

    ``so_far`` is the estimate of its cell with its interval, as text, or its own value; empty if there is none.
    """

    run: Run
    row: Mapping[str, Any]
    tally: Tally
    seconds_left: float
    so_far: str = ""

    @property
    def status(self) -> str:
        """Return how the run ended: ok, failed, timeout or crashed."""
        return str(self.row["status"])


@dataclass(frozen=True, kw_only=True)
class Noted:
    """Something else that the user should know; those who print runs print it too if it is ``urgent``."""

    text: str
    urgent: bool = False


@dataclass(frozen=True, kw_only=True)
class SweepEnded:
    """The sweep ended: ``how`` is one of `breakeven.base.events.ENDS`, ``code`` the exit code."""

    how: str
    code: int


SweepEvent = (
    SweepBegan
    | RunIncompatible
    | CalibrationBegan
    | RunBegan
    | RunPlaced
    | NodesChanged
    | RunEnded
    | Noted
    | SweepEnded
)


class SweepObserver(Protocol):
    """A receiver of all events of a sweep, in order, in the main thread."""

    def notify(self, event: SweepEvent) -> None:
        """Handle one event; raise NotStored if it cannot be written."""

    def close(self) -> None:
        """Release files and the terminal; idempotent."""
