"""Which run of a race comes next, and the file that says so before the first one."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from math import isfinite
from typing import Any

from breakeven.base.json_text import json_text, keeping_floats
from breakeven.base.text import plural
from breakeven.base.units import format_clock
from breakeven.runner.config.naming import brief
from breakeven.runner.config.search import RaceSearch
from breakeven.runner.environment import cpu_count
from breakeven.runner.planning.candidates import candidates, in_race, why_refused
from breakeven.runner.planning.cells import PlannedCell
from breakeven.runner.planning.decisions import Decisions
from breakeven.runner.planning.pending import Pending, Stored
from breakeven.runner.planning.plan import Plan
from breakeven.runner.planning.run import Run
from breakeven.runner.planning.searched import SERIAL
from breakeven.runner.sweep.budget import Budget
from breakeven.runner.sweep.searching import SearchSchedule, state
from breakeven.runner.sweep.turns import Forecast
from breakeven.search.candidate import Candidate
from breakeven.search.race import MARGIN, OPEN, Race, Rule


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


class RaceSchedule(SearchSchedule[int]):
    """The runs of one launch of a race, whose candidates have numbers.

    ``written`` is its text as an earlier launch of the same race wrote it, empty if there is none: what it says of the
    structure holds, so that the rule is older than all of its runs.
    """

    def __init__(
        self, plan: Plan, pending: Pending, stored: Stored, budget: Budget, *, written: str = ""
    ) -> None:
        super().__init__(plan, pending, stored, budget)
        search = plan.search
        if not isinstance(search, RaceSearch):
            raise TypeError("the plan is of no race")
        self._cells = in_race(plan.planned)
        self._number = {planned.cell_id: place for place, planned in enumerate(self._cells, 1)}
        self._cpus = cpu_count()
        rule = Rule(search.regret, self._structure(search, written))
        self.race = Race(candidates(self._cells), self._cpus, rule, plan.seed)
        self._refused = ["", *map(why_refused, self._cells)]
        for number, why in enumerate(self._refused):
            if why:
                self.race.fail(number)
        self._estimates = Decisions(plan.planned, plan.policy.compare_by)
        self._count_stored(pending, stored)
        self._before = self._made

    @property
    def text(self) -> str:
        """Return the rule and the candidates as JSON text."""
        rule, cells = self.race.rule, [None, *(planned.cell_id for planned in self._cells)]
        names = [SERIAL, *(_name(planned) for planned in self._cells)]
        backends = ["", *(str(planned.cell.model_options.get("backend", "")) for planned in self._cells)]
        found = {
            "search": "race",
            **asdict(rule),
            "cpus": self._cpus,
            "seed": self._plan.seed,
            "call": _call(self._cells),
            "candidates": [
                {"cell_id": cell_id, "name": name, "refused": refused, "backend": backend, **_plain(one)}
                for cell_id, name, refused, backend, one in zip(
                    cells, names, self._refused, backends, self.race.candidates, strict=True
                )
            ],
        }
        return json_text(found, indent=1)

    def describe(self) -> str:
        """Return how many candidates there are, how sure the best is to be, and how long that takes at most."""
        count = len(self._cells)
        return (
            f"a race of {plural(count, 'candidate')} until the best is known within {self.race.rule.regret:.0%}, "
            f"at most {format_clock(self.forecast.most)}"
        )

    @property
    def decisions(self) -> _Progress:
        """Return how far the candidates are."""
        return _Progress(self.race, self._estimates)

    @property
    def forecast(self) -> Forecast:
        """Return how long the rest takes, at most: until the budget is over."""
        left = self._left()
        return Forecast(0.0, self._seconds(self._most_left()) if left is None else max(left, 0.0))

    def subjects(self) -> Iterator[tuple[str, str]]:
        """Yield the candidates but the serial program."""
        for planned in self._cells:
            known = self._estimates.so_far(planned.cell_id)
            yield _name(planned), state(self.race.runs(self._number[planned.cell_id]), known)

    def following(self) -> Run | None:
        """Return the run that comes next if the current one changes nothing."""
        chosen = self._choose()
        return None if chosen is None else self._run(chosen[1])

    def _choose(self) -> tuple[int, PlannedCell] | None:
        number = self.race.next(self._began.values())
        return None if number is None else (number, self._cells[number - 1])

    def _learn(self, row: Mapping[str, Any], speedup: float | None) -> None:
        number = self._number.get(row["cell_id"])
        if number is None:  # of a cell that another launch had
            return
        self._estimates.add(row)
        if speedup is None:
            self.race.fail(number)
        else:
            self.race.add(number, speedup)

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

    @property
    def _made(self) -> int:
        return len(self._stored)

    def _most_left(self) -> int:
        return max(len(self._cells) + MARGIN - (self._made - self._before), 0)

    def _ends_budget(self, run: Run) -> bool:
        """Without a budget a race has so many runs in a launch as the rule needs."""
        if self._budget.asked_ns is None:
            return not self._most_left()
        return super()._ends_budget(run)


def _plain(one: Candidate) -> dict[str, Any]:
    """Return a candidate as JSON can have it: there is no most for the serial program, and JSON has no infinity."""
    return asdict(one) | {"most": one.most if isfinite(one.most) else None}


def _name(planned: PlannedCell) -> str:
    return brief(planned.cell, planned.distinct)


def _call(cells: list[PlannedCell]) -> dict[str, Any] | None:
    """Return how the user's function is called, for the code that does the same; None for a workload of ours."""
    first = next((planned for planned in cells if planned.source is not None), None)
    if first is None or first.source is None:
        return None
    options = first.cell.workload_options
    return {
        **{
            name: keeping_floats(options.get(name))
            for name in ("target", "args", "kwargs", "make_input", "inputs", "before", "after")
        },
        "payload_bytes": first.cell.payload_bytes,
        **first.source.manner._asdict(),
    }


def _read(written: str) -> dict[str, Any]:
    """Return what an earlier launch wrote; nothing if it was damaged since: then it is written anew."""
    try:
        found = json.loads(written) if written else {}
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _ids(written: Mapping[str, Any]) -> list[str]:
    return [str(one.get("cell_id")) for one in written.get("candidates", [])[1:] if isinstance(one, dict)]
