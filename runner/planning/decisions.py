"""Which cells need further rounds: those that are not decided yet.

With ``rounds=auto`` a cell gets rounds until the interval of its own measure is as narrow as its precision asks
(`breakeven.base.rounds`), `max_rounds` is reached, or too many of its runs failed. Cells that are to be compared
end together, at a look at which all of them are narrow: sides that stop apart, each where its own spread happens
to be small, look different too often.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from math import exp, expm1, log
from statistics import mean, stdev
from typing import Any

from breakeven.base.rounds import LEVEL, MOST_FAILURES, half_width, is_narrow
from breakeven.base.units import format_time
from breakeven.runner.config.cell import Cell
from breakeven.runner.planning.cells import PlannedCell
from breakeven.runner.planning.conditions import digest

PRECISION, MAX_ROUNDS, FAILURES = "precision", "max_rounds", "failures"

_FIELDS = {
    "model": ("model", "start_method", "model_options", "ipc", "ipc_options"),
    "ipc": ("ipc", "ipc_options"),
    "interpreter": ("interpreter", "interpreter_flags"),
    "payload": ("payload_bytes", "payload_out_bytes"),
}
"""Fields of a cell by the knob that sets them, if there are several or they have another name."""


@dataclass
class _Rounds:
    """What is known of the runs of one cell: the logarithm of each one's value, None without one; which failed."""

    planned: PlannedCell
    values: list[float | None] = field(default_factory=list)
    failed: list[bool] = field(default_factory=list)

    def add(self, row: Mapping[str, Any]) -> None:
        good = row["status"] == "ok"
        value = own_measure(row) if good else None
        self.values.append(log(value) if value is not None and value > 0 else None)
        self.failed.append(not good)

    @property
    def tries(self) -> int:
        return len(self.values)

    def logs(self, tries: int | None = None) -> list[float]:
        """Return the logarithms of the first ``tries`` runs, of all by default."""
        return [value for value in self.values[:tries] if value is not None]

    def is_narrow(self, tries: int) -> bool:
        return self.planned.precision is not None and is_narrow(self.logs(tries), self.planned.precision)

    @property
    def text(self) -> str:
        """Return the estimate with its interval, such as ``1.82 ±4%``; empty for none."""
        logs = self.logs()
        if len(logs) < 2:  # noqa: PLR2004  # one has no spread
            return ""
        value = exp(mean(logs))
        half = expm1(half_width(stdev(logs), len(logs), LEVEL))
        return f"{_written(value, self.planned.cell.pattern)} ±{half:.0%}"

    def gave_up_by(self, tries: int | None = None) -> str:
        """Return what ends the rounds of a cell that is not narrow after its first ``tries`` runs; empty for nothing."""
        if sum(self.failed[:tries]) >= MOST_FAILURES:
            return FAILURES
        return MAX_ROUNDS if len(self.values[:tries]) >= self.planned.max_rounds else ""


class Decisions:
    """The state of all cells of a plan whose rounds end by a rule."""

    def __init__(self, cells: Iterable[PlannedCell], compare_by: Sequence[str]) -> None:
        self._cells = {
            planned.cell_id: _Rounds(planned)
            for planned in cells
            if planned.reason is None and planned.precision is not None
        }
        self._groups: dict[str, list[_Rounds]] = defaultdict(list)
        self._group_of = {
            cell_id: self._groups[alike(rounds.planned.cell, compare_by)]
            for cell_id, rounds in self._cells.items()
        }
        for cell_id, rounds in self._cells.items():
            self._group_of[cell_id].append(rounds)
        self._open = {cell_id: rounds.planned for cell_id, rounds in self._cells.items()}

    def __len__(self) -> int:
        """Return how many cells there are."""
        return len(self._cells)

    def add(self, row: Mapping[str, Any]) -> list[PlannedCell]:
        """Add a run that ended; those of a cell must come in the order of their rounds. Return the cells that it decides."""
        if row["cell_id"] not in self._cells:
            return []
        self._cells[row["cell_id"]].add(row)
        group = [rounds.planned for rounds in self._group_of[row["cell_id"]]]
        ended = {planned.cell_id: planned for planned in group if self.ended_by(planned.cell_id)}
        new = [planned for cell_id, planned in ended.items() if cell_id in self._open]
        for planned in group:
            if planned.cell_id in ended:
                self._open.pop(planned.cell_id, None)
            else:  # it was narrow at a look, and those that it is compared with went on
                self._open[planned.cell_id] = planned
        return new

    def ended_by(self, cell_id: str) -> str:
        """Return what ended the rounds of a cell; empty if it needs further ones.

        A cell that gave up no longer holds up those that it is compared with. Within a pass, in which some of
        them have a run more than others, what all had at its start decides.
        """
        own, group = self._cells[cell_id], self._group_of[cell_id]
        tries = min(one.tries for one in group if one is own or not one.gave_up_by())
        compared = [own, *(one for one in group if not one.gave_up_by(tries))]
        if all(one.is_narrow(tries) for one in compared):
            return PRECISION
        return own.gave_up_by()

    def tries(self, cell_id: str) -> int:
        """Return how many runs of a cell ended."""
        return self._cells[cell_id].tries

    def so_far(self, cell_id: str) -> str:
        """Return what is known of a cell: its estimate and half the width of its interval, as text."""
        own = self._cells.get(cell_id)
        return "" if own is None else own.text

    def undecided(self) -> list[PlannedCell]:
        """Return the cells that need further rounds."""
        return list(self._open.values())


def in_words(row: Mapping[str, Any]) -> str:
    """Return the value by which a run's cell is decided, as text; empty if it has none."""
    value = row.get(_measured(row)) if row["status"] == "ok" else None
    return "" if value is None else _written(value, str(row["pattern"]))


def _measured(row: Mapping[str, Any]) -> str:
    return "latency_p50_ns" if row["pattern"] == "pingpong" else "speedup"


def _written(value: float, pattern: str) -> str:
    return format_time(int(float(f"{value:.3g}"))) if pattern == "pingpong" else f"{value:.3g}x"


def own_measure(row: Mapping[str, Any]) -> float | None:
    """Return the value of a run by which its cell is decided: its median round trip, otherwise its speedup."""
    value = row[_measured(row)]
    return None if value is None else float(value)


def alike(cell: Cell, compare_by: Sequence[str]) -> str:
    """Return a text that is equal for cells that differ in nothing but the knobs ``compare_by``."""
    given = asdict(cell)
    for knob in compare_by:
        for name in _FIELDS.get(knob, (knob,)):
            del given[name]
    return digest(given)
