"""What the schedules of a race and of a bisection share.

Which runs are stored, under way and traced, and when the time is over.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any, Generic, TypeVar

from breakeven.base.keys import Key
from breakeven.base.statuses import FINAL
from breakeven.base.text import plural
from breakeven.runner.planning.cells import PlannedCell
from breakeven.runner.planning.eta import estimate
from breakeven.runner.planning.pending import Pending, Stored
from breakeven.runner.planning.plan import Plan
from breakeven.runner.planning.run import Run
from breakeven.runner.sweep.budget import Budget
from breakeven.runner.sweep.turns import Forecast, Progress

_MOST_OF = 0.999  # of a run that the budget must hold: sums of times are not exact

Subject = TypeVar("Subject")


def state(runs: int, known: str) -> str:
    """Return how far something is, such as ``3 runs, 1.83x``."""
    return f"{plural(runs, 'run')}{f', {known}' if runs and known else ''}"


class SearchSchedule(ABC, Generic[Subject]):
    """Chooses one run after the other from what is known; ``text`` says by which rule.

    What is measured is a ``Subject``'s.
    """

    def __init__(self, plan: Plan, pending: Pending, stored: Stored, budget: Budget) -> None:
        self._plan, self._budget = plan, budget
        self._eta = estimate(plan, pending, stored)
        self._began: dict[Key, Subject] = {}
        self._stored: set[Key] = set()
        self._traced: set[str] = set()
        self._order = max((int(row["order"]) + 1 for row in stored.values()), default=0)
        self.over_budget = False
        self.next_seconds = 0.0

    def _count_stored(self, pending: Pending, stored: Stored) -> None:
        """Count the runs that are kept, in the order in which they were made."""
        kept = {run.key for run in (*pending.done, *pending.failed)}
        for key, row in sorted(stored.items(), key=lambda entry: int(entry[1]["order"])):
            if key in kept:
                self._count(row)

    @property
    @abstractmethod
    def text(self) -> str:
        """Return the rule and what it is about as JSON text."""

    @property
    @abstractmethod
    def decisions(self) -> Progress:
        """Return how far it is."""

    @property
    @abstractmethod
    def forecast(self) -> Forecast:
        """Return how long the rest takes, at most."""

    @abstractmethod
    def describe(self) -> str:
        """Return in words what the search is about to do."""

    @abstractmethod
    def subjects(self) -> Iterator[tuple[str, str]]:
        """Yield the name of each thing that is decided, and how far it is."""

    @abstractmethod
    def following(self) -> Run | None:
        """Return the run that comes next if the current one changes nothing; None if that is unknown."""

    @abstractmethod
    def _choose(self) -> tuple[Subject, PlannedCell] | None:
        """Return what to measure next; None if all is decided, or what is left is under way."""

    @abstractmethod
    def _learn(self, row: Mapping[str, Any], speedup: float | None) -> None:
        """Record a run; it has no speedup if it failed."""

    @property
    def certain(self) -> int:
        """Return 0: how many runs are made in any case is unknown."""
        return 0

    def next(self, may_begin: Callable[[Run], bool]) -> Run | None:
        """Return the most informative run now; None if all is decided, the budget over, or no node free."""
        chosen = None if self.over_budget else self._choose()
        if chosen is None:
            return None
        run = self._run(chosen[1])
        if not may_begin(run):
            return None
        if self._ends_budget(run):
            self.over_budget, self.next_seconds = True, self._cost(run)
            return None
        self._began[run.key] = chosen[0]
        self._order += 1
        return run

    def ended(self, run: Run, row: Mapping[str, Any]) -> None:
        """Record that ``run`` ended with ``row``."""
        del self._began[run.key]
        self._eta.learn(run, row["wall_ns"])
        self._count(row)

    def _count(self, row: Mapping[str, Any]) -> None:
        self._stored.add((row["cell_id"], row["round"]))
        if row["status"] in FINAL:
            self._traced.add(row["cell_id"])
        good = row["status"] == "ok" and row["speedup"]
        self._learn(row, float(row["speedup"]) if good else None)

    def _run(self, planned: PlannedCell) -> Run:
        """Return the next run of a cell."""
        round_ = 0
        while (planned.cell_id, round_) in self._stored or (planned.cell_id, round_) in self._began:
            round_ += 1
        run = self._plan.run_of(planned, round_)
        return replace(run, order=self._order, must_trace=planned.cell_id not in self._traced)

    # --- time --------------------------------------------------------------------------------------------

    def _left(self) -> float | None:
        """Return the seconds left; None without a limit, or if the number of runs is the limit."""
        return self._budget.left(0.0) if self._budget.asked_ns else None

    def _ends_budget(self, run: Run) -> bool:
        left = self._left()
        return left is not None and left < _MOST_OF * self._cost(run)

    def _cost(self, run: Run) -> float:
        return self._eta.seconds(dict([self._eta.expected(run)]))
