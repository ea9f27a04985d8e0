"""Which search a plan is of, and what ``dry_run=true`` shows of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from breakeven.runner.config.naming import brief
from breakeven.runner.config.search import BisectSearch
from breakeven.runner.planning.pending import Pending, Stored
from breakeven.runner.planning.plan import Plan
from breakeven.runner.sweep.bisecting import BisectSchedule, Settle
from breakeven.runner.sweep.budget import Budget
from breakeven.runner.sweep.racing import RaceSchedule
from breakeven.runner.sweep.searching import SearchSchedule


def open_search(
    plan: Plan, pending: Pending, stored: Stored, budget: Budget, settle_one: Settle, *, written: str
) -> SearchSchedule[Any]:
    """Return the schedule of a search; ``written`` is its text as an earlier launch wrote it."""
    if isinstance(plan.search, BisectSearch):
        return BisectSchedule(plan, pending, stored, budget, settle_one)
    return RaceSchedule(plan, pending, stored, budget, written=written)


def search_lines(plan: Plan, pending: Pending, stored: Stored, written: str) -> Iterator[str]:
    """Yield the plan of a search as text, line by line: what is searched, and how far it is.

    The runs are not known yet.

    Nothing is calibrated for it.
    """
    search = open_search(
        plan, pending, stored, Budget(plan.policy.budget_ns), lambda _: plan, written=written
    )
    yield search.describe()
    for number, (name, state) in enumerate(search.subjects(), 1):
        yield f"  {number:>4}  {name}  {state}"
    if plan.incompatible:
        yield "incompatible:"
    for run, reason in plan.incompatible:
        yield f"        {brief(run.cell, run.distinct)}: {reason}"
    for changed in pending.changed:
        yield f"changed: {changed}"
    progress = search.decisions
    yield f"{progress.decided} of {len(progress)} decided; which run comes next follows from the runs before it"
