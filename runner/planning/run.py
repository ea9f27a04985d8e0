"""One execution of a cell, which an engine sends to a machine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from breakeven.base.conditions import AMOUNT
from breakeven.base.keys import Key
from breakeven.runner.cell.question import Manner
from breakeven.runner.config.cell import Cell
from breakeven.runner.planning.calibration import Calibration


@dataclass
class Later:
    """What runs of this launch imported only when they called a function: the hash of each file, by its path."""

    files: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Source:
    """What a user's function depends on, as it was when it was planned.

    ``files`` are the paths of the user's modules that are imported with it, ``hashes`` those of their contents and
    ``digest`` that of all; ``packages`` are name and version of those that are imported with it. Commit and state are
    those of the repository with the function. ``inputs`` is the number of inputs that ``workload.inputs`` gives, 0
    without it; if they are files, ``input_pattern`` is what names them, and ``input_hash`` that of their names and
    contents. ``manner`` is how a program calls the function. ``later`` is shared by all functions of a plan.
    """

    folder: str
    digest: str
    files: tuple[str, ...]
    hashes: tuple[str, ...]
    packages: tuple[str, ...]
    commit: str | None
    dirty: bool | None
    inputs: int = 0
    input_pattern: str | None = None
    input_hash: str = ""
    manner: Manner = field(default_factory=Manner)
    later: Later = field(default_factory=Later, compare=False)


@dataclass(frozen=True, kw_only=True)
class Run:
    """One execution of a cell.

    ``order`` is its position in the sweep's randomised order. ``path`` is the directory from which a user's function is
    imported; ``source`` describes the function's files, if there is one. ``conditions`` are the columns of ``runs`` for
    the code, interpreter and host of the plan. ``config`` is the cell's resolved configuration, ``overrides`` are the
    ones typed for it, ``distinct`` the words in its name for how its process is started, if that differs between the
    cells of the sweep. ``precision`` is the share at which its cell's rounds end, None if their number is fixed;
    ``calibration`` is that of its task, None before there is one. If it ``must_trace``, one traced trial stays however
    short the time is: it holds the reasons, and no other run of its cell has one yet. Runs of one ``block`` are to be
    compared and are made on one node; it is empty where there is only one. One that ``ends_block`` is the last of it.
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
    distinct: tuple[str, ...] = ()
    precision: float | None = None
    calibration: Calibration | None = None
    must_trace: bool = True
    block: str = ""
    ends_block: bool = False

    @property
    def key(self) -> Key:
        """Return the key under which the run is stored."""
        return self.cell_id, self.round

    @property
    def amount(self) -> int | None:
        """Return the amount of work in a task; None if none was calibrated."""
        return None if self.calibration is None else self.calibration.amount

    @property
    def known_conditions(self) -> Mapping[str, Any]:
        """Return the conditions, with the amount of work in a task if it is known by now."""
        return self.conditions if self.calibration is None else {**self.conditions, AMOUNT: self.amount}
