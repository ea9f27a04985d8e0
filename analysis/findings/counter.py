"""Does an unlocked update of a shared number lose any, and what does a lock cost? The rule is in `docs/verdicts.md`."""

from __future__ import annotations

from typing import Any, NamedTuple

import pandas as pd

from breakeven.analysis.findings.cells import (
    NONE_SEEN,
    SAFE,
    UNDECIDED,
    decide,
    find_in_groups,
    group_cells,
    has_turns,
)
from breakeven.analysis.findings.finding import Finding
from breakeven.analysis.frames.load import Lab
from breakeven.analysis.frames.rare import count_events, count_tasks, write_none, write_share
from breakeven.analysis.units import format_count, format_time

PATTERN, LOCK, STEP = "counter", "pattern.lock", "pattern.step"
LOST, UPDATE = "lost_per_million", "update_ns"

LOSES = "loses"

ENOUGH = 1_000_000
"""Updates without a lock of which none was lost, before that is said to be more than a lack of updates."""

_CROWDED = 0.5
"""Share of looks at which workers were on one CPU, beyond which they hardly met: a CPU seldom changes hands within an
update."""


def find(lab: Lab) -> list[Finding]:
    """Return a finding for each mechanism, number of workers and setting, with and without a lock."""
    counts = pd.DataFrame({"tasks": count_tasks(lab), "lost": count_events(lab, LOST)})
    times = lab.observed[lab.observed["quantity"].eq(UPDATE) & lab.observed["kind"].eq("parallel")]
    shared = lab.runs.groupby("cell_id")["workers_same_cpu"].mean()
    facts = counts.join([times.set_index("cell_id")["value"].rename("update"), shared.rename("same_cpu")])
    return find_in_groups(group_cells(lab, PATTERN, LOCK), facts, _find)


class Case(NamedTuple):
    """The cells of one mechanism: what they lost without a lock, and how long an update takes without and with one.

    What was not measured is 0 (``tasks``) or NaN.
    """

    name: str
    workers: int
    tasks: int
    lost: int
    unlocked_ns: float
    locked_ns: float
    locked: int
    turns: bool
    crowded: bool

    @classmethod
    def of(cls, name: str, cells: pd.DataFrame) -> Case:
        """Sum the ``cells`` of one mechanism up."""
        held = cells[LOCK].eq("lock")
        free, locked = cells[~held], cells[held]
        turns = has_turns(free) and free[STEP].ne("call").all()
        return cls(
            name,
            int(cells["workers"].iloc[0]),
            int(free["tasks"].sum()),
            int(free["lost"].sum()),
            float(free["update"].mean()),
            float(locked["update"].mean()),
            int(locked["tasks"].sum()),
            bool(turns),
            bool(free["same_cpu"].mean() > _CROWDED) and not _have_gil(free),
        )

    @property
    def decision(self) -> str:
        """Return what follows: any update that was lost shows that updates are lost; none shows it only of many."""
        return decide(LOSES, seen=self.lost > 0, tried=self.tasks > 0, enough=not self.why_open)

    @property
    def why_open(self) -> str:
        """Return why no lost update says nothing; empty if it does."""
        if self.workers == 1:
            return "one worker has nobody to race with"
        if self.tasks < ENOUGH:
            return f"that is fewer than {ENOUGH:,}"
        return "the workers took turns on one CPU (affinity=scatter)" if self.crowded else ""


def _have_gil(cells: pd.DataFrame) -> bool:
    """Return whether the cells are of threads that take turns in any case."""
    threads = cells["model"].isin(["thread", "thread_pool"])
    return bool((threads & cells["gil_enabled"].fillna(value=False).astype("bool")).all())


def _find(name: str, known: pd.DataFrame) -> Finding:
    case = Case.of(name, known)
    decision, cells = case.decision, tuple(known.index)
    details = (_TURNS,) if decision == NONE_SEEN and case.turns else ()
    sentence = f"{case.name}: {_SENTENCES[decision](case)}{_cost(case)}."
    clause = str(_CLAUSES[decision](case))
    return Finding(f"shared counter, {case.name}", decision, sentence, cells, details, clause)


_TURNS = (
    "This interpreter hands over the GIL at calls and at the ends of loops alone, and number += 1 has neither between reading and storing; "
    "that is how it is built, not a promise of the language. pattern.step=call adds what a function returns, where a thread may hand over."
)


def _loses(case: Case) -> str:
    share, counts = (
        write_share(case.lost, case.tasks),
        f"{format_count(case.lost)} of {format_count(case.tasks)}",
    )
    return f"without a lock {share} of the updates are lost ({counts})"


def _none_seen(case: Case) -> str:
    return f"without a lock none of {format_count(case.tasks)} updates was lost, {write_none(case.tasks)}"


def _undecided(case: Case) -> str:
    return f"not decided whether updates are lost without a lock: none of {format_count(case.tasks)} was, and {case.why_open}"


def _safe(case: Case) -> str:
    return f"with a lock none of {format_count(case.locked)} updates was lost, as each trial checks"


_SENTENCES: dict[str, Any] = {LOSES: _loses, NONE_SEEN: _none_seen, UNDECIDED: _undecided, SAFE: _safe}
_CLAUSES: dict[str, Any] = {
    LOSES: lambda case: f"{case.name} loses {write_share(case.lost, case.tasks)}",
    NONE_SEEN: lambda case: f"{case.name} lost none of {format_count(case.tasks)}",
    UNDECIDED: lambda case: f"{case.name}: not decided whether updates are lost",
    SAFE: lambda case: f"{case.name} with a lock loses none",
}


def _cost(case: Case) -> str:
    """Return what a lock costs, if both were measured."""
    if not case.tasks or not case.locked:
        return ""
    return (
        f"; with a lock none of {format_count(case.locked)}, and an update takes {format_time(case.locked_ns)} instead of "
        f"{format_time(case.unlocked_ns)}"
    )
