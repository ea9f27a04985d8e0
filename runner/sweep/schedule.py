"""Which run comes next: first those that are made in any case, then further rounds of undecided cells."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from breakeven.base.keys import Key
from breakeven.base.rounds import FIRST_LOOK, next_look
from breakeven.base.statuses import FINAL
from breakeven.base.text import plural
from breakeven.base.units import format_clock, format_time
from breakeven.runner.planning.cells import PlannedCell
from breakeven.runner.planning.decisions import FAILURES, Decisions
from breakeven.runner.planning.eta import Kind, Timed, estimate
from breakeven.runner.planning.pending import Pending, Stored
from breakeven.runner.planning.plan import Plan
from breakeven.runner.planning.run import Run
from breakeven.runner.sweep.began import Began, Ended
from breakeven.runner.sweep.budget import Budget
from breakeven.runner.sweep.queue import Queue
from breakeven.runner.sweep.turns import Forecast

_MOST_OF = 0.999  # of a run that the budget must hold: sums of times are not exact


def _any(_: Run) -> bool:
    return True


class Schedule:
    """The runs of one launch, in order; ``over_budget`` says that the time ended them.

    ``together``: several may be under way at a time.
    """

    def __init__(
        self, plan: Plan, pending: Pending, stored: Stored, budget: Budget, *, together: bool = False
    ) -> None:
        self._plan = plan
        self._together = together
        self._began = Began()
        self._certain = len(pending.waiting)
        self._queue = Queue()
        self._add(pending.waiting)
        self._blocks = plan.later_blocks()
        self._block: list[Run] | None = None  # the next one, if it was looked at already
        self._budget = budget
        self._eta = estimate(plan, pending, stored)
        self.decisions = decide(plan, pending, stored)
        self._stored: set[Key] = {run.key for run in (*pending.done, *pending.failed)}
        self._traced = {run.cell_id for run in pending.done}
        self._a_round: dict[Kind, float] = defaultdict(float)
        self._later: dict[Kind, float] = defaultdict(float)
        for planned in self.decisions.undecided():
            self._plan_rounds(self._a_round, planned, 1)
            self._plan_rounds(self._later, planned, self._rounds_left(planned))
        self.over_budget = False
        self.next_seconds = 0.0

    @property
    def certain(self) -> int:
        """Return how many runs are made in any case."""
        return self._certain

    def next(self, may_begin: Callable[[Run], bool] = _any) -> Run | None:
        """Return the run to begin now; None if none may begin before another has ended, or none is left.

        ``may_begin`` says of a run whether there is a free node for it. Whatever begins must be reported to `ended`.
        Further rounds begin only when all that began have ended, since their results decide which cells get any; so a
        look waits for all of them.
        """
        while not self.over_budget and (self._queue or (not self._began and self._refill())):
            run = self._queue.take(may_begin)
            if run is None:
                return None
            if self._is_hopeless(run):
                self._decide(self._began.drop(run))
                continue
            if self._ends_budget(run):
                self.over_budget, self.next_seconds = True, self._cost(run)
                return None
            self._began.add()
            last = bool(run.block) and not self._queue.holds(run.block)
            return replace(self._tracing(run), ends_block=last)
        return None

    def _add(self, runs: Iterable[Run]) -> None:
        for run in runs:
            self._began.expect(run)
            self._queue.extend((run,))

    def _ends_budget(self, run: Run) -> bool:
        left = self._left()
        return left is not None and left < _MOST_OF * self._cost(run) and self._may_end(run)

    def _cost(self, run: Run) -> float:
        return self._eta.seconds(dict([self._eta.expected(run)]))

    def _tracing(self, run: Run) -> Run:
        """Return a run with what it must trace: one of each cell does whose runs all may be short of time."""
        return replace(run, must_trace=run.cell_id not in self._traced)

    def _refill(self) -> bool:
        """Queue the next block that has runs of undecided cells; return whether there is one.

        With several nodes, queue all blocks until the next look of some cell: no run waits for the end of a block.
        """
        looks = self._next_looks() if self._together else {}
        while self.decisions.undecided():
            block = self._next_block()
            if block is None:
                break
            found = list(self._open(block))
            if self._queue and not any(run.round < looks.get(run.cell_id, 0) for run in found):
                break
            self._block = None
            self._add(found)
        return bool(self._queue)

    def _next_looks(self) -> dict[str, int]:
        """Return by cell the number of rounds at which it is looked at next."""
        return {
            planned.cell_id: next_look(self.decisions.tries(planned.cell_id))
            for planned in self.decisions.undecided()
        }

    def _next_block(self) -> list[Run] | None:
        if self._block is None:
            _, self._block = next(self._blocks, (0, None))
        return self._block

    def _open(self, block: Iterable[Run]) -> Iterator[Run]:
        """Yield the runs of a block that are to be made as far as is known now."""
        undecided = {planned.cell_id for planned in self.decisions.undecided()}
        return (run for run in block if run.cell_id in undecided and run.key not in self._stored)

    def following(self) -> Run | None:
        """Return the run that comes after the current one unless its result decides otherwise; None for none."""
        queued = next((run for run in self._queue if not self._is_hopeless(run)), None)
        found = queued or next(self._open(self._next_block() or ()), None)
        return None if found is None else self._tracing(found)

    def _is_hopeless(self, run: Run) -> bool:
        return run.precision is not None and self.decisions.ended_by(run.cell_id) == FAILURES

    def _may_end(self, run: Run) -> bool:
        """Return whether the budget holds for ``run``: the default one does not for a fixed number of rounds."""
        return self._budget.asked_ns is not None or run.precision is not None

    def _left(self) -> float | None:
        return self._budget.left(self._eta.seconds(self._a_round))

    def _rounds_left(self, planned: PlannedCell) -> int:
        """Return how many rounds of a cell there may be beyond those that are made in any case."""
        return planned.max_rounds - max(planned.rounds, self.decisions.tries(planned.cell_id))

    def _plan_rounds(self, times: dict[Kind, float], about: Timed, rounds: int) -> None:
        kind, time = self._eta.expected(about, rounds)
        times[kind] += time

    def ended(self, run: Run, row: Mapping[str, Any]) -> None:
        """Record that ``run`` ended with ``row``.

        Its time counts at once, its value in the order of its cell's rounds.
        """
        self._count(run, row)
        self._decide(self._began.ended(run, row))

    def _count(self, run: Run, row: Mapping[str, Any]) -> None:
        if row["status"] in FINAL:
            self._traced.add(run.cell_id)
        self._eta.ended(run, row["wall_ns"])
        if run.precision is not None:
            self._budget.spent += row["wall_ns"] / 1e9
            if run.round >= FIRST_LOOK:
                self._plan_rounds(self._later, run, -1)

    def _decide(self, ended: Iterable[Ended]) -> None:
        for _, row in ended:
            for planned in self.decisions.add(row):
                self._plan_rounds(self._later, planned, -self._rounds_left(planned))

    @property
    def forecast(self) -> Forecast:
        """Return how long the rest takes.

        They are at least the runs that are made in any case, at most the budget or all rounds.
        """
        least = self._eta.seconds_left
        later = self._eta.seconds(self._later)
        left, most = self._left(), least + later
        if left is not None and self._budget.asked_ns is not None:
            most = min(most, max(left, 0.0))
        elif left is not None and later:
            most = min(most, max(left, least))
        return Forecast(min(least, most), most)

    @property
    def outlook(self) -> Forecast:
        """Return the same before the first run: an undecided cell has at least the rounds up to its next look."""
        until: dict[Kind, float] = defaultdict(float)
        for planned in self.decisions.undecided():
            known = max(planned.rounds, self.decisions.tries(planned.cell_id))
            self._plan_rounds(until, planned, self.decisions.next_end(planned.cell_id) - known)
        found = self.forecast
        return Forecast(min(found.least + self._eta.seconds(until), found.most), found.most)

    def misfit(self) -> str | None:
        """Return that the budget ends before the runs that are made in any case; None if it does not."""
        left, least = self._left(), self._eta.seconds_left
        if left is None or not self._budget.asked_ns or left >= least:
            return None
        held = int(self._certain * max(left, 0.0) / least)
        holds, takes = f"about {held}" if held else "none", "takes" if self._certain == 1 else "take"
        return (
            f"budget={format_time(self._budget.asked_ns)} holds {holds} of the {plural(self._certain, 'run')} to make, which {takes} "
            f"about {format_clock(least)}; choose a longer budget, fewer cells or fewer rounds"
        )


def decide(plan: Plan, pending: Pending, stored: Stored) -> Decisions:
    """Return what the stored runs decide."""
    decisions = Decisions(plan.planned, plan.policy.compare_by)
    for key in sorted(run.key for run in (*pending.done, *pending.failed)):
        decisions.add(stored[key])
    return decisions


def describe_forecast(plan: Plan, pending: Pending, stored: Stored) -> str:
    """Return how long a launch takes, as text; empty if there is nothing to make."""
    schedule = Schedule(plan, pending, stored, Budget(plan.policy.budget_ns))
    open_cells = len(schedule.decisions.undecided())
    if not open_cells:
        return f"about {format_clock(schedule.forecast.least)}" if schedule.certain else ""
    most = max(planned.max_rounds for planned in schedule.decisions.undecided())
    least = min(schedule.decisions.next_end(planned.cell_id) for planned in schedule.decisions.undecided())
    cells = f"{plural(open_cells, 'cell')} to decide"
    return f"{cells}, {count_rounds(least, most)} each, {_between(schedule.outlook)}"


def over_budget(plan: Plan, pending: Pending, stored: Stored) -> str | None:
    """Return that the budget does not hold the plan; None if it does, or for a search, which has no such plan."""
    if plan.search is not None:
        return None
    return Schedule(plan, pending, stored, Budget(plan.policy.budget_ns)).misfit()


def announce(plan: Plan, pending: Pending, stored: Stored) -> str:
    """Return what a new sweep will do: its cells, their rounds, and how long that takes."""
    schedule = Schedule(plan, pending, stored, Budget(plan.policy.budget_ns))
    cells = [planned for planned in plan.planned if planned.reason is None]
    least = min((planned.rounds for planned in cells), default=0)
    most = max(
        (planned.rounds if planned.precision is None else planned.max_rounds for planned in cells), default=0
    )
    return f"{plural(len(cells), 'cell')}, {count_rounds(least, most)}, {_between(schedule.forecast)}"


def count_rounds(least: int, most: int) -> str:
    """Return a number of rounds as text, or the least and the most."""
    return f"{least} to {most} rounds" if most > least else plural(least, "round")


def _between(found: Forecast) -> str:
    least, most = format_clock(found.least), format_clock(found.most)
    if found.most < 1.1 * found.least or least == most:
        return f"about {least}"
    return f"between {least} and {most}"
