"""Which run of a bisection comes next, and the file that says so before the first one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from breakeven.base.json_text import json_text
from breakeven.base.text import plural
from breakeven.base.units import format_clock
from breakeven.runner.config.search import BisectSearch
from breakeven.runner.planning.cells import PlannedCell
from breakeven.runner.planning.lines import PlannedLine, lines_of
from breakeven.runner.planning.pending import Pending, Stored
from breakeven.runner.planning.plan import Plan
from breakeven.runner.planning.run import Run
from breakeven.runner.sweep.budget import Budget
from breakeven.runner.sweep.searching import SearchSchedule, state
from breakeven.runner.sweep.turns import Forecast
from breakeven.search.bisect import UNDECIDED, Bisection, Rule

Settle = Callable[[PlannedCell], Plan]
"""Calibrates the task of a cell, if that was not done, and returns the plan with what is known then."""


@dataclass
class _Line:
    """A line as planned, and how far its bisection is."""

    planned: PlannedLine
    bisection: Bisection


@dataclass(frozen=True)
class _Progress:
    """How far the lines are."""

    lines: Mapping[str, _Line]
    about: Callable[[float], str]

    def __len__(self) -> int:
        return len(self._all)

    @property
    def _all(self) -> list[_Line]:
        return list({id(line): line for line in self.lines.values()}.values())

    @property
    def decided(self) -> int:
        return sum(line.bisection.found.word != UNDECIDED for line in self._all)

    def so_far(self, cell_id: str) -> str:
        """Return the bracket of a cell's line."""
        line = self.lines.get(cell_id)
        if line is None:
            return ""
        found = line.bisection.found
        low, high = map(self.about, (found.low, found.high))
        return f"between {low} and {high}" if found.word == UNDECIDED else f"{found.word}, {low} to {high}"


class BisectSchedule(SearchSchedule[_Line]):
    """The runs of one launch of a bisection, line by line.

    ``settle`` is called for a cell before its first run: of a hundred cells of a line a dozen are measured, and no
    others are calibrated.
    """

    def __init__(self, plan: Plan, pending: Pending, stored: Stored, budget: Budget, settle: Settle) -> None:
        super().__init__(plan, pending, stored, budget)
        search = plan.search
        if not isinstance(search, BisectSearch):
            raise TypeError("the plan is of no bisection")
        self._settle, self._search = settle, search
        self._lines = [_Line(line, self._bisection(line)) for line in lines_of(plan.planned, search)]
        self._line_of = {one.cell_id: line for line in self._lines for one in line.planned.cells}
        self._settled: set[str] = set()
        self._count_stored(pending, stored)
        for line in self._lines:
            longest = line.planned.cells[-1]
            if line.bisection.next() is not None and longest.source is not None:
                self._ready(longest)  # calls that take too long are refused before the first run

    def _bisection(self, line: PlannedLine) -> Bisection:
        search = self._search
        return Bisection(line.positions, Rule(search.factor, search.most, line.larger_pays), self._plan.seed)

    @property
    def text(self) -> str:
        """Return the rule and the lines as JSON text."""
        search = self._search
        found = {
            "search": "bisect",
            "along": search.along,
            "low": search.low,
            "high": search.high,
            "seed": self._plan.seed,
            "lines": [
                {
                    "name": line.planned.name,
                    **asdict(line.bisection.rule),
                    "positions": list(line.planned.positions),
                    "cell_ids": [planned.cell_id for planned in line.planned.cells],
                }
                for line in self._lines
            ],
        }
        return json_text(found, indent=1)

    def describe(self) -> str:
        """Return how many lines there are, where and how closely they are searched, and for how long at most."""
        search, count = self._search, len(self._lines)
        low, high = search.write(search.low), search.write(search.high)
        return (
            f"a bisection of {plural(count, 'line')} along {search.along} from {low} to {high}, to a factor of {search.factor:g}, "
            f"at most {plural(search.most, 'run')} each and {format_clock(self.forecast.most)}"
        )

    @property
    def decisions(self) -> _Progress:
        """Return how far the lines are."""
        return _Progress(self._line_of, self._search.about)

    @property
    def forecast(self) -> Forecast:
        """Return how long the rest takes, at most: until each line has its most runs, or the budget is over."""
        most = sum(self._seconds(line) for line in self._lines)
        left = self._left()
        return Forecast(0.0, most if left is None else min(max(left, 0.0), most))

    def subjects(self) -> Iterator[tuple[str, str]]:
        """Yield the lines."""
        for line in self._lines:
            known = self.decisions.so_far(line.planned.cells[0].cell_id)
            yield line.planned.name, state(line.bisection.runs, known)

    def following(self) -> Run | None:
        """Return None: which run comes next depends on the current one, and may have to be calibrated first."""
        return None

    def _learn(self, row: Mapping[str, Any], speedup: float | None) -> None:
        line = self._line_of.get(row["cell_id"])
        if line is None:  # of a line that another launch had
            return
        if speedup is None:
            line.bisection.fail()
        else:
            ids = [planned.cell_id for planned in line.planned.cells]
            line.bisection.add(ids.index(row["cell_id"]), speedup)

    def _choose(self) -> tuple[_Line, PlannedCell] | None:
        """Return the open line with the fewest runs, none of which is under way, and the cell to measure."""
        busy = {id(line) for line in self._began.values()}
        free = (line for line in self._lines if id(line) not in busy)
        for line in sorted(free, key=lambda line: line.bisection.runs):
            number = line.bisection.next()
            if number is not None:
                return line, self._ready(line.planned.cells[number])
        return None

    def _ready(self, planned: PlannedCell) -> PlannedCell:
        """Return a cell with its task calibrated and its number of tasks."""
        if planned.cell_id not in self._settled:
            self._plan = self._settle(planned)
            self._settled.add(planned.cell_id)
        return next(one for one in self._plan.planned if one.cell_id == planned.cell_id)

    # --- time --------------------------------------------------------------------------------------------

    def _seconds(self, line: _Line) -> float:
        """Return how long the runs take that a line may still get, each as long as that in the middle of it."""
        if line.bisection.next() is None:
            return 0.0
        cells = line.planned.cells
        middle = dict([self._eta.expected(cells[len(cells) // 2])])
        return self._eta.seconds(middle) * (line.bisection.rule.most - line.bisection.runs)
