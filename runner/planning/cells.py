"""Composed configurations to checked cells with an identity and everything that their runs need."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from breakeven.base.errors import BadInput
from breakeven.base.rounds import FIRST_LOOK
from breakeven.runner.cell.families import FAMILIES
from breakeven.runner.cell.policies import DEFAULT
from breakeven.runner.config.cell import CURRENT, MAX_ROUNDS, Cell
from breakeven.runner.config.engine import ChosenEngine
from breakeven.runner.config.naming import distinguish
from breakeven.runner.config.parsing import read_count, read_count_or_auto, read_share
from breakeven.runner.errors import InterpreterMissing, ModuleMissing
from breakeven.runner.planning.calibration import Calibration, Work, work_of
from breakeven.runner.planning.conditions import conditions, digest
from breakeven.runner.planning.interpreters import Interpreter, Start, find_interpreter
from breakeven.runner.planning.members import Members
from breakeven.runner.planning.request import Request
from breakeven.runner.planning.run import Source
from breakeven.runner.planning.sources import Sources, refuse_part, why_impossible
from breakeven.runner.planning.start_methods import with_start_method
from breakeven.runner.planning.variables import environment_that_matters

PRECISION = 0.1
"""Where a user's file lacks the knob, since it is older than it is."""


@dataclass(frozen=True)
class PlannedCell:
    """A checked cell with its identity; ``reason`` says why it cannot exist, and is None if it can.

    Cells of one ``group`` are to be compared, empty if all are made on one machine. ``rounds`` are made in any case. If
    the rounds end by a rule, ``precision`` is its share, and there are at most ``max_rounds``.
    """

    cell: Cell
    cell_id: str
    rounds: int
    reason: str | None
    executable: str
    engine: str
    source: Source | None
    conditions: Mapping[str, Any]
    config: Mapping[str, Any]
    overrides: tuple[str, ...]
    distinct: tuple[str, ...] = ()
    precision: float | None = None
    max_rounds: int = 0
    calibration: Calibration | None = None
    group: str = ""

    @property
    def inputs(self) -> int:
        """Return the number of inputs that a user gives as a list, of which a trial does all; 0 without one."""
        return self.source.inputs if self.source is not None and self.cell.pattern == "map" else 0

    @property
    def work(self) -> Work | None:
        """Return what is to be calibrated for its tasks; None if it runs no workload."""
        return work_of(self.cell, None if self.source is None else self.source.digest, self.executable)


def plan_cells(
    requests: Sequence[Request], cells: Sequence[Cell], folder: Path, engine: ChosenEngine
) -> list[PlannedCell]:
    """Return a planned cell for each configuration, duplicates included; raise BadInput.

    Of several interpreters, one that is missing, or lacks a module of the user's function, makes its cells
    incompatible.
    """
    interpreters = _Interpreters()
    cells = [interpreters.resolved(cell) for cell in cells]
    surveyed = _Survey(interpreters, cells, folder, here=engine.here)
    found = [
        _planned(cell, request, engine, surveyed.of(cell))
        for cell, request in zip(cells, requests, strict=True)
    ]
    surveyed.refuse_all(found)
    return found


class _Survey:
    """Finds with what cells are measured: interpreter, source and conditions."""

    def __init__(
        self, interpreters: _Interpreters, cells: Sequence[Cell], folder: Path, *, here: bool
    ) -> None:
        self._interpreters = interpreters
        self._sources, self._members = Sources(folder, cells), Members(cells)
        self._under = cache(conditions)  # takes a millisecond and is the same for most cells
        self._here = here
        self._one = len({cell.interpreter for cell in cells}) == 1
        self._missing: list[BadInput] = []

    def of(self, cell: Cell) -> Surroundings:
        """Return the surroundings of a cell, with the reason why it cannot be measured, if so; raise BadInput."""
        try:
            return self._of(cell)
        except (InterpreterMissing, ModuleMissing) as error:
            if self._one:
                raise
            self._missing.append(error)
            return Surroundings(cell.interpreter, None, {}, str(error))

    def _of(self, cell: Cell) -> Surroundings:
        interpreter, environment = self._interpreters.of(cell)
        source = self._sources.of(cell, interpreter)
        refuse_part(cell, source)
        found = self._under(interpreter, source, environment, here=self._here)
        reason = why_impossible(cell) or self._members.why_not(cell, interpreter)
        return Surroundings(interpreter.executable, source, found, reason)

    def refuse_all(self, planned: Iterable[PlannedCell]) -> None:
        """Raise the first error if no cell is left that can be measured."""
        if self._missing and all(one.reason is not None for one in planned):
            raise self._missing[0]


class _Interpreters:
    """The interpreters of cells, each started once in each way that a cell asks for."""

    def __init__(self) -> None:
        self._known: dict[Any, tuple[Interpreter, str]] = {}

    def resolved(self, cell: Cell) -> Cell:
        """Return a cell with the start method that its interpreter takes by default, if that is asked for."""
        try:
            return with_start_method(cell, self.of(cell)[0])
        except InterpreterMissing:  # nobody knows its default, and its runs are not made
            return cell

    def of(self, cell: Cell) -> tuple[Interpreter, str]:
        """Return the interpreter of a cell, and its environment variables that matter."""
        key = cell.interpreter, cell.interpreter_flags, tuple(cell.environment.items())
        if key not in self._known:
            name = "" if cell.interpreter == CURRENT else cell.interpreter
            start = Start(cell.interpreter_flags, cell.environment)
            self._known[key] = find_interpreter(name, start), environment_that_matters(cell.environment)
        return self._known[key]


@dataclass(frozen=True)
class Surroundings:
    """The interpreter, source and conditions with which a cell is measured, or the reason why it cannot be."""

    executable: str
    source: Source | None
    conditions: Mapping[str, Any]
    reason: str | None


def _planned(cell: Cell, request: Request, engine: ChosenEngine, surroundings: Surroundings) -> PlannedCell:
    return PlannedCell(
        cell=cell,
        cell_id=fingerprint(cell, engine.name),
        conditions=surroundings.conditions,
        engine=engine.name,
        source=surroundings.source,
        **_rounds(request.plain),
        reason=surroundings.reason,
        executable=surroundings.executable,
        config=request.plain,
        overrides=request.overrides,
    )


def _rounds(plain: Mapping[str, Any]) -> dict[str, Any]:
    """Return how many rounds a cell gets: their number, or the least and the most and what ends them in between."""
    precision = read_share(plain.get("precision", PRECISION), "precision")
    most = read_count(plain.get("max_rounds", MAX_ROUNDS), "max_rounds")
    rounds = read_count_or_auto(plain["rounds"], "rounds")
    if rounds is not None:
        return {"rounds": rounds}
    return {"rounds": min(FIRST_LOOK, most), "max_rounds": most, "precision": precision}


def collapse(cells: Iterable[PlannedCell]) -> list[PlannedCell]:
    """Return the cells without duplicates, each with the most rounds that any of its duplicates has."""
    kept: dict[str, PlannedCell] = {}
    for planned in cells:
        first = kept.setdefault(planned.cell_id, planned)
        if planned.rounds > first.rounds:
            kept[planned.cell_id] = replace(first, rounds=planned.rounds)
    found = list(kept.values())
    words = distinguish([planned.cell for planned in found], [planned.config for planned in found])
    return [replace(planned, distinct=own) for planned, own in zip(found, words, strict=True)]


def fingerprint(cell: Cell, engine: str) -> str:
    """Return the ``cell_id``: a hash of everything that was requested of the measurement.

    The engine is part of it, since a debug run is not a measurement of the cell. The time limit is not: a run that ends
    within a limit measures the same under a longer one. What is not set of an environment, flags and the length of a
    trial is left out as well, so that cells from before there were any keep their identity; so are the fewest pairs,
    which follow from the number of rounds.
    """
    requested = asdict(cell)
    del requested["time_limit_ns"], requested["measure"]["fewest"]
    for name in (
        "environment",
        "interpreter_flags",
        "trial_ns",
        "longest_trial_ns",
        "take",
        "switch_interval_ns",
    ):
        if not requested[name]:
            del requested[name]
    if cell.gc == DEFAULT:
        del requested["gc"]
    for family in FAMILIES:
        requested[f"{family}_options"] = _chosen(family, requested[family], requested[f"{family}_options"])
    return digest({**requested, "engine": engine})


def _chosen(family: str, name: str, options: dict[str, Any]) -> dict[str, Any]:
    """Return the options of a member that count for its identity.

    Those that came later and have their defaults are left out.
    """
    registry: Any = FAMILIES[family]
    later = registry.load(name).DEFAULTS if name in registry.REGISTRY else {}
    return {key: value for key, value in options.items() if value != later.get(key, ...)}
