"""Which run of a race comes next, and the file that says so before the first one."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from breakeven.base.keys import Key
from breakeven.base.statuses import FINAL
from breakeven.base.units import format_clock
from breakeven.runner.config.naming import brief
from breakeven.runner.config.search import RaceSearch
from breakeven.runner.environment import cpu_count
from breakeven.runner.planning.candidates import SERIAL, candidates, chunk_of, in_race
from breakeven.runner.planning.cells import PlannedCell
from breakeven.runner.planning.decisions import Decisions
from breakeven.runner.planning.eta import estimate
from breakeven.runner.planning.pending import Pending, Stored
from breakeven.runner.planning.plan import Plan
from breakeven.runner.planning.run import Run
from breakeven.runner.sweep.budget import Budget
from breakeven.runner.sweep.turns import Forecast, Turns
from breakeven.search.race import MARGIN, OPEN, Race, Rule

_MOST_OF = 0.999  # of a run that the budget must hold: sums of times are not exact


@dataclass(frozen=True)
class _Progress:
    """How far the candidates of a race are."""

    race: Race
    estimates: Decisions

    def __len__(self) -> int:
        return len(self.race.candidates) - 1  # the serial program is not measured by itself

    @property
    def decided(self) -> int:
        return sum(standing.word != OPEN for standing in self.race.standings()[1:])

    def so_far(self, cell_id: str) -> str:
        return self.estimates.so_far(cell_id)


class RaceSchedule:
    """The runs of one launch of a race; ``text`` says by which rule it is decided among which candidates.

    ``written`` is that text as an earlier launch of the same race wrote it, empty if there is none: what it says of the structure
    holds, so that the rule is older than all of its runs.
    """

    def __init__(
        self, plan: Plan, pending: Pending, stored: Stored, budget: Budget, *, written: str = ""
    ) -> None:
        search = plan.search
        if not isinstance(search, RaceSearch):
            raise TypeError("the plan is of no race")
        self._plan, self._budget = plan, budget
        self._cells = in_race(plan.planned)
        self._number = {planned.cell_id: place for place, planned in enumerate(self._cells, 1)}
        self._eta = estimate(plan, pending, stored)
        self._seed = plan.seed
        self._cpus = cpu_count()
        rule = Rule(search.regret, self._structure(search, written))
        self.race = Race(candidates(self._cells), self._cpus, rule, plan.seed)
        self._estimates = Decisions(plan.planned, plan.policy.compare_by)
        self._stored: set[Key] = set()
        self._traced: set[str] = set()
        self._began: dict[Key, int] = {}
        self._made = 0
        self.over_budget = False
        kept = {run.key for run in (*pending.done, *pending.failed)}
        for key, row in sorted(stored.items(), key=lambda entry: int(entry[1]["order"])):
            if key in kept:
                self._count(row)
        self._order = max((int(row["order"]) + 1 for row in stored.values()), default=0)

    @property
    def text(self) -> str:
        """Return the rule and the candidates as JSON text."""
        rule, cells = self.race.rule, [None, *(planned.cell_id for planned in self._cells)]
        names = [SERIAL, *(_name(planned) for planned in self._cells)]
        found = {
            "search": "race",
            **asdict(rule),
            "cpus": self._cpus,
            "seed": self._seed,
            "candidates": [
                {"cell_id": cell_id, "name": name, **asdict(one)}
                for cell_id, name, one in zip(cells, names, self.race.candidates, strict=True)
            ],
        }
        return json.dumps(found, indent=1)

    @property
    def certain(self) -> int:
        """Return how many runs are made in any case: nobody knows."""
        return 0

    @property
    def decisions(self) -> _Progress:
        """Return how far the candidates are."""
        return _Progress(self.race, self._estimates)

    @property
    def forecast(self) -> Forecast:
        """Return how long the rest takes, at most: until the budget is over."""
        left = self._left()
        return Forecast(0.0, self._seconds(self._most_left()) if left is None else max(left, 0.0))

    def next(self, may_begin: Callable[[Run], bool]) -> Run | None:
        """Return the run that tells most now; None if the race is decided, the budget over, or no node is free for it."""
        number = None if self.over_budget else self.race.next(self._began.values())
        if number is None:
            return None
        run = self._run(number)
        if not may_begin(run):
            return None
        if self._ends_budget(run):
            self.over_budget = True
            return None
        self._began[run.key] = number
        self._order += 1
        return run

    def following(self) -> Run | None:
        """Return the run that comes next if the current one changes nothing."""
        number = self.race.next(self._began.values())
        return None if number is None else self._run(number)

    def ended(self, run: Run, row: Mapping[str, Any]) -> None:
        """Record that ``run`` ended with ``row``."""
        del self._began[run.key]
        self._eta.learn(run, row["wall_ns"])
        self._made += 1
        self._count(row)

    def _count(self, row: Mapping[str, Any]) -> None:
        number = self._number.get(row["cell_id"])
        if number is None:
            return
        self._stored.add((row["cell_id"], row["round"]))
        self._estimates.add(row)
        if row["status"] in FINAL:
            self._traced.add(row["cell_id"])
        if row["status"] == "ok" and row["speedup"]:
            self.race.add(number, row["speedup"])
        else:
            self.race.fail(number)

    def _run(self, number: int) -> Run:
        planned = self._cells[number - 1]
        round_ = self.race.runs(number) + (number in self._began.values())
        while (planned.cell_id, round_) in self._stored:
            round_ += 1
        run = self._plan.run_of(planned, round_)
        return replace(run, order=self._order, must_trace=planned.cell_id not in self._traced)

    # --- time --------------------------------------------------------------------------------------------

    def _structure(self, search: RaceSearch, written: str) -> bool:
        """Return whether candidates tell about each other: not where the budget allows to measure each."""
        if search.structure is not None:
            return search.structure
        before = _read(written)
        if before.get("regret") == search.regret and _ids(before) == [cell.cell_id for cell in self._cells]:
            return bool(before["structure"])
        asked = self._budget.asked_ns
        return bool(asked) and self._seconds(len(self._cells) + MARGIN) > (asked or 0) / 1e9

    def _seconds(self, runs: int) -> float:
        """Return how long so many runs of the average cell take."""
        each = [dict([self._eta.expected(planned)]) for planned in self._cells]
        return sum(map(self._eta.seconds, each)) / max(len(each), 1) * runs

    def _most_left(self) -> int:
        return max(len(self._cells) + MARGIN - self._made, 0)

    def _left(self) -> float | None:
        """Return the seconds left; None without a limit, or if the number of runs is the limit."""
        return self._budget.left(0.0) if self._budget.asked_ns else None

    def _ends_budget(self, run: Run) -> bool:
        if self._budget.asked_ns is None:
            return not self._most_left()
        left = self._left()
        return left is not None and left < _MOST_OF * self._eta.seconds(dict([self._eta.expected(run)]))


def describe_race(search: RaceSearch, turns: Turns) -> str:
    """Return what a race is about to do."""
    count = len(turns.decisions)
    return (
        f"a race of {count} candidate{'s' * (count != 1)} until the best is known within {search.regret:.0%}, "
        f"at most {format_clock(turns.forecast.most)}"
    )


def _name(planned: PlannedCell) -> str:
    chunk = chunk_of(planned.cell.model_options)
    return f"{brief(planned.cell, planned.distinct)}{f' chunk {chunk}' if chunk else ''}"


def _read(written: str) -> dict[str, Any]:
    """Return what an earlier launch wrote; nothing if it was damaged since: then it is written anew."""
    try:
        found = json.loads(written) if written else {}
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _ids(written: Mapping[str, Any]) -> list[str]:
    return [str(one.get("cell_id")) for one in written.get("candidates", [])[1:] if isinstance(one, dict)]
