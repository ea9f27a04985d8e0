"""What happens in a sweep, as records, and what is notified of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from breakeven.runner.planning.run import Run
from breakeven.runner.sweep.tally import Tally


@dataclass(frozen=True, kw_only=True)
class SweepBegan:
    """The runs are about to be made: of ``total`` planned, ``done`` are stored and ``waiting`` are to be made now."""

    sweep: Path
    total: int
    done: int
    waiting: int
    incompatible: int
    command: str


@dataclass(frozen=True, kw_only=True)
class RunIncompatible:
    """A run cannot exist, for ``reason``."""

    run: Run
    reason: str


@dataclass(frozen=True, kw_only=True)
class RunBegan:
    """A run is being made: the one of that ``number``, from 1, ``of`` those to be made now."""

    run: Run
    number: int
    of: int
    seconds_left: float


@dataclass(frozen=True, kw_only=True)
class RunEnded:
    """A run ended and is stored: its row, the counts with it, and an estimate for those that still wait."""

    run: Run
    row: Mapping[str, Any]
    tally: Tally
    seconds_left: float

    @property
    def status(self) -> str:
        """Return how it ended: ok, failed, timeout or crashed."""
        return str(self.row["status"])


@dataclass(frozen=True, kw_only=True)
class Noted:
    """There is something else that a user should know."""

    text: str


@dataclass(frozen=True, kw_only=True)
class SweepEnded:
    """No further run is made: ``how`` is one of `breakeven.runner.status.events.ENDS`, ``code`` the exit code."""

    how: str
    code: int


SweepEvent = SweepBegan | RunIncompatible | RunBegan | RunEnded | Noted | SweepEnded


class SweepObserver(Protocol):
    """What is notified of each event of a sweep, in order, in the main thread."""

    def notify(self, event: SweepEvent) -> None:
        """Take in one event; raise NotStored if it had to be written and could not be."""

    def close(self) -> None:
        """Let go of files and the terminal; idempotent."""
