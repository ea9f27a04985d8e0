"""Which cells need further rounds: those that are not decided yet.

With ``rounds=auto`` a cell gets rounds until the interval of its own measure is as narrow as its precision asks
(`breakeven.base.rounds`), `max_rounds` is reached, or too many of its runs failed. Cells that are to be compared
end together, at a look at which all of them are narrow: sides that stop apart, each where its own spread happens
to be small, look different too often.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from math import exp, expm1, log
from typing import Any

from breakeven.base.rounds import LEVEL, MOST_FAILURES, half_width, is_narrow, next_look
from breakeven.base.units import format_time
from breakeven.runner.config.cell import Cell
from breakeven.runner.planning.cells import PlannedCell
from breakeven.runner.planning.conditions import digest
from breakeven.runner.planning.spread import Spread

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
    """What is known of the runs of one cell: the logarithms of their values, and how many of its first runs have one.

    All but the test of a look takes the same time however many there are.
    """

    planned: PlannedCell
    values: list[float] = field(default_factory=list)
    good: list[int] = field(default_factory=lambda: [0])
    failures: int = 0
    gave_up_at: int | None = None
    spread: Spread = field(default_factory=Spread)
    _narrow: dict[int, bool] = field(default_factory=dict)

    def add(self, row: Mapping[str, Any]) -> None:
        value = own_measure(row) if row["status"] == "ok" else None
        if value is not None and value > 0:
            self.values.append(log(value))
            self.spread.add(self.values[-1])
        self.good.append(len(self.values))
        self.failures += row["status"] != "ok"
        if self.failures == MOST_FAILURES and self.gave_up_at is None:
            self.gave_up_at = self.tries

    @property
    def tries(self) -> int:
        return len(self.good) - 1

    def is_narrow(self, tries: int) -> bool:
        if self.planned.precision is None:
            return False
        count = self.good[min(tries, self.tries)]
        look = next_look(count)  # those between two looks are judged by the earlier one
        if look not in self._narrow:
            self._narrow[look] = is_narrow(self.values[:count], self.planned.precision)
        return self._narrow[look]

    @property
    def text(self) -> str:
        """Return the estimate with its interval, such as ``1.82 ±4%``; empty for none."""
        if self.spread.count < 2:  # noqa: PLR2004  # one has no spread
            return ""
        value = exp(self.spread.mean)
        half = expm1(half_width(self.spread.deviation, self.spread.count, LEVEL))
        return f"{_written(value, self.planned.cell.pattern)} ±{half:.0%}"

    @property
    def next_end(self) -> int:
        """Return the least number of runs with which it may be decided, if no further one fails."""
        further = 1 if self.is_narrow(self.tries) else next_look(self.good[-1]) - self.good[-1]
        return min(max(self.planned.rounds, self.tries + further), self.planned.max_rounds)

    def gave_up_by(self, tries: int | None = None) -> str:
        """Return what ends the rounds of a cell that is not narrow after its first ``tries`` runs.

        It is empty for nothing.
        """
        made = self.tries if tries is None else min(tries, self.tries)
        if self.gave_up_at is not None and self.gave_up_at <= made:
            return FAILURES
        return MAX_ROUNDS if made >= self.planned.max_rounds else ""


class _Group:
    """Cells that are compared, and end together."""

    def __init__(self) -> None:
        self.cells: list[_Rounds] = []
        self._going_on: Counter[int] = Counter()
        self.least: int | None = None
        self._narrow: dict[int, bool] = {}

    def join(self, cell: _Rounds) -> None:
        """Add a cell that has no run yet."""
        self.cells.append(cell)
        if not cell.gave_up_by():
            self._going_on[0] += 1
            self.least = 0

    def add(self, cell: _Rounds, row: Mapping[str, Any]) -> Sequence[_Rounds]:
        """Add a run of a cell; return the cells for which that may decide something.

        What the others have at least changes once in a round; all else concerns the cell alone.
        """
        before = self.least
        if not cell.gave_up_by():
            self._going_on[cell.tries] -= 1
        cell.add(row)
        if not cell.gave_up_by():
            self._going_on[cell.tries] += 1
        self.least = self._least()
        return (cell,) if self.least == before else self.cells

    def _least(self) -> int | None:
        """Return the fewest runs that a cell has which did not give up; None if all did."""
        self._going_on += Counter()  # without those that have none
        return min(self._going_on, default=None)

    def is_narrow(self, tries: int) -> bool:
        """Return whether all cells that did not give up by then were narrow when they had ``tries`` runs.

        All of them have as many.
        """
        if tries not in self._narrow:
            self._narrow = {
                tries: all(one.is_narrow(tries) for one in self.cells if not one.gave_up_by(tries))
            }
        return self._narrow[tries]


class Decisions:
    """The state of all cells of a plan whose rounds end by a rule."""

    def __init__(self, cells: Iterable[PlannedCell], compare_by: Sequence[str]) -> None:
        self._cells = {
            planned.cell_id: _Rounds(planned)
            for planned in cells
            if planned.reason is None and planned.precision is not None
        }
        groups: dict[str, _Group] = defaultdict(_Group)
        self._group_of = {
            cell_id: groups[alike(rounds.planned.cell, compare_by)] for cell_id, rounds in self._cells.items()
        }
        for cell_id, rounds in self._cells.items():
            self._group_of[cell_id].join(rounds)
        self._open = {cell_id: rounds.planned for cell_id, rounds in self._cells.items()}

    def __len__(self) -> int:
        """Return how many cells there are."""
        return len(self._cells)

    @property
    def decided(self) -> int:
        """Return how many cells need no further rounds."""
        return len(self._cells) - len(self._open)

    def add(self, row: Mapping[str, Any]) -> list[PlannedCell]:
        """Add a run that ended; those of a cell must come in the order of their rounds.

        Return the cells that it decides.
        """
        if row["cell_id"] not in self._cells:
            return []
        touched = self._group_of[row["cell_id"]].add(self._cells[row["cell_id"]], row)
        new = []
        for planned in (rounds.planned for rounds in touched):
            if not self.ended_by(
                planned.cell_id
            ):  # if it was narrow at a look, those that it is compared with went on
                self._open[planned.cell_id] = planned
            elif self._open.pop(planned.cell_id, None) is not None:
                new.append(planned)
        return new

    def ended_by(self, cell_id: str) -> str:
        """Return what ended the rounds of a cell; empty if it needs further ones.

        A cell that gave up no longer holds up those that it is compared with. Within a pass, in which some of
        them have a run more than others, what all had at its start decides.
        """
        own, group = self._cells[cell_id], self._group_of[cell_id]
        tries = own.tries if group.least is None else min(own.tries, group.least)
        if own.is_narrow(tries) and group.is_narrow(tries):
            return PRECISION
        return own.gave_up_by()

    def tries(self, cell_id: str) -> int:
        """Return how many runs of a cell ended."""
        return self._cells[cell_id].tries

    def next_end(self, cell_id: str) -> int:
        """Return how many runs a cell that needs further ones has at the least when it needs none, if none fails."""
        return self._cells[cell_id].next_end

    def so_far(self, cell_id: str) -> str:
        """Return what is known of a cell: its estimate and half the width of its interval, as text."""
        own = self._cells.get(cell_id)
        return "" if own is None else own.text

    def known(self) -> list[PlannedCell]:
        """Return all cells whose rounds end by a rule."""
        return [rounds.planned for rounds in self._cells.values()]

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
