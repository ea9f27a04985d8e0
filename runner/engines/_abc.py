"""Who carries runs to machines.

An engine takes a `Run` and gives a future of its `Outcome`. A cluster engine differs from the local one only
in where `runner.host.execute` is called; everything that is measured happens behind that function.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from breakeven.runner.config.cell import Cell


@dataclass(frozen=True, kw_only=True)
class Source:
    """The files that hold a user's function: their paths, a hash of them, and the state of their repository."""

    digest: str
    files: tuple[str, ...]
    commit: str | None
    dirty: bool | None


@dataclass(frozen=True, kw_only=True)
class Run:
    """One execution of a cell: what an engine carries.

    ``engine`` is who carries it, ``source`` says what the user's function came from, if there is one.
    ``conditions`` are the columns of ``runs`` that say under which code, interpreter and host it is planned to be
    measured.
    ``order`` is the position in the sweep's randomised order, ``config`` the cell's resolved configuration and
    ``overrides`` what was typed for it; ``sweep`` is the results folder; ``path`` is the directory that a
    user's function is imported from.
    """

    cell: Cell
    cell_id: str
    round: int
    order: int
    sweep: Path
    path: Path
    executable: str
    engine: str
    source: Source | None
    conditions: Mapping[str, Any]
    config: Mapping[str, Any]
    overrides: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """How one run ended: the row that was stored for it in the table ``runs``."""

    row: dict[str, Any]

    @property
    def status(self) -> str:
        """Give ok, incompatible, failed, timeout or crashed."""
        return str(self.row["status"])


class Engine(ABC):
    """Carries runs to a machine, one at a time on each."""

    @abstractmethod
    def submit(self, run: Run) -> Future[Outcome]:
        """Queue ``run``; the future never raises for what the run did, only for what the engine did."""

    @abstractmethod
    def close(self) -> None:
        """End what runs, drop what waits; idempotent."""
