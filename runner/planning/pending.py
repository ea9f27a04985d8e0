"""Which runs of a plan are still to be executed, given the stored ones."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from breakeven.base.conditions import CONDITIONS
from breakeven.base.keys import Key
from breakeven.base.statuses import FINAL
from breakeven.base.text import plural
from breakeven.runner.config.policy import STOP, Policy
from breakeven.runner.errors import ConditionsChanged
from breakeven.runner.planning.conditions import Change, Present
from breakeven.runner.planning.node_facts import NodeFacts
from breakeven.runner.planning.plan import Plan
from breakeven.runner.planning.run import Run

Stored = Mapping[Key, Mapping[str, Any]]


@dataclass(frozen=True)
class Changed:
    """A changed condition and the number of stored runs that were measured before the change."""

    change: Change
    runs: int

    def __str__(self) -> str:
        return f"{CONDITIONS[self.change.column]}: {self.change} ({plural(self.runs, 'run')})"


@dataclass(frozen=True)
class Pending:
    """The runs of a plan by their state, each group in the plan's order.

    ``waiting`` runs are to be executed in any case: of a cell whose rounds end by a rule, those up to the first look.
    Those in ``again`` are stored and must be set aside first. ``done`` runs are stored; ``failed`` ones are stored,
    went wrong and are left as they are. ``changed`` lists the conditions that changed since runs were stored.
    """

    waiting: tuple[Run, ...]
    done: tuple[Run, ...]
    failed: tuple[Run, ...]
    again: tuple[Key, ...] = ()
    changed: tuple[Changed, ...] = field(default=())

    def of(self, plan: Plan) -> Pending:
        """Return the same with the runs as ``plan`` has them by now."""
        now = {run.key: run for run in plan.runs}
        return replace(self, waiting=tuple(now[run.key] for run in self.waiting))


def find_pending(plan: Plan, stored: Stored, nodes: Sequence[NodeFacts] = ()) -> Pending:
    """Compare a plan with the stored rows; raise ConditionsChanged if the policy is to stop on changes.

    ``nodes`` is what those of the engine say, if it has any and they were asked.
    """
    runs, present = [*plan.runs, *plan.later_among(stored)], Present(nodes=nodes)
    by_now = {key: tuple(present.changes(row, run)) for key, run, row in _known(runs, stored)}
    kept = {
        key: found
        for key, found in by_now.items()
        if stored[key]["status"] in FINAL or not plan.policy.retry_failed
    }
    changed = tuple(_count(change for found in kept.values() for change in found))
    if changed and plan.policy.on_change == STOP:
        statuses = [stored[key]["status"] for key, found in kept.items() if found]
        raise ConditionsChanged(_refusal(plan, changed, statuses))
    again = {key: None for key in by_now if _is_rerun(stored[key], by_now[key], plan.policy)}
    rest = {run.key: run for run in runs if run.key in by_now and run.key not in again}
    return Pending(
        waiting=tuple(run for run in plan.runs if run.key not in rest),
        done=tuple(run for key, run in rest.items() if stored[key]["status"] in FINAL),
        failed=tuple(run for key, run in rest.items() if stored[key]["status"] not in FINAL),
        again=tuple(again),
        changed=changed,
    )


def _known(runs: Iterable[Run], stored: Stored) -> Iterator[tuple[Key, Run, Mapping[str, Any]]]:
    for run in runs:
        row = stored.get(run.key)
        if row is not None:
            yield run.key, run, row


def _is_rerun(row: Mapping[str, Any], found: tuple[Change, ...], policy: Policy) -> bool:
    if row["status"] not in FINAL and policy.retry_failed:
        return True
    return bool(found) and policy.on_change == "remeasure"


def _count(found: Iterable[Change]) -> list[Changed]:
    counts: dict[Change, int] = {}
    for change in found:
        counts[change] = counts.get(change, 0) + 1
    return [Changed(change, runs) for change, runs in counts.items()]


def _refusal(plan: Plan, changed: tuple[Changed, ...], statuses: Sequence[str]) -> str:
    runs, failed = len(statuses), sum(status not in FINAL for status in statuses)
    among = f" ({failed} failed)" if failed else ""
    return (
        f"{plan.sweep.name} holds {plural(runs, 'run')}{among} measured under other conditions "
        f"({'; '.join(map(str, changed))}); measure them again with on_change=remeasure, "
        f"keep them beside new ones with on_change=keep{' retry_failed=true' if failed else ''}, or start another sweep with sweep=NAME"
    )
