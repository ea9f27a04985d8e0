"""One execution of a cell: what an engine carries to a machine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from breakeven.base.keys import Key
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
    """One execution of a cell.

    ``order`` is its position in the sweep's randomised order. ``path`` is the directory that a user's function is
    imported from, ``source`` describes the files it came from, if there is one. ``conditions`` are the columns of
    ``runs`` that say under which code, interpreter and host it is planned to be measured. ``config`` is the cell's
    resolved configuration and ``overrides`` what was typed for it.
    """

    cell: Cell
    cell_id: str
    round: int
    order: int
    path: Path
    executable: str
    engine: str
    source: Source | None
    conditions: Mapping[str, Any]
    config: Mapping[str, Any]
    overrides: tuple[str, ...]

    @property
    def key(self) -> Key:
        """Return what the run is stored under."""
        return self.cell_id, self.round
