"""Do workers that take two locks in opposite order block each other? The rule is in `docs/verdicts.md`."""

from __future__ import annotations

from typing import NamedTuple

import pandas as pd

from breakeven.analysis.findings.cells import NONE_SEEN, SAFE, decide, find_in_groups, group_cells
from breakeven.analysis.findings.finding import Finding
from breakeven.analysis.frames.load import Lab
from breakeven.analysis.frames.rare import count_events, count_tasks, write_none, write_share, write_share_of
from breakeven.analysis.units import format_count, format_time

PATTERN, ORDER = "deadlock", "pattern.order"
DEADLOCKS, DETECTED, PAIR = "deadlocks_per_million", "detected_ns", "pair_ns"

DEADLOCK = "deadlocks"

ENOUGH = 10_000
"""Pairs of locks in opposite order without a deadlock, before that is said to be more than a lack of pairs."""


def find(lab: Lab) -> list[Finding]:
    """Return a finding for each mechanism and setting, with opposite and with the same order."""
    counts = pd.DataFrame({"tasks": count_tasks(lab), "deadlocks": count_events(lab, DEADLOCKS)})
    times = lab.observed[lab.observed["kind"].eq("parallel")].pivot_table(
        index="cell_id", columns="quantity", values="value"
    )
    facts = counts.join(times.reindex(columns=[PAIR, DETECTED]))
    return find_in_groups(group_cells(lab, PATTERN, ORDER), facts, _find)


class Case(NamedTuple):
    """The cells of one mechanism and setting: deadlocks in opposite order, and the time of a pair in either order.

    What was not measured is 0 (``pairs``, ``same``) or NaN.
    """

    name: str
    pairs: int
    deadlocks: int
    detected_ns: float
    opposite_ns: float
    same: int
    same_ns: float

    @classmethod
    def of(cls, name: str, cells: pd.DataFrame) -> Case:
        """Sum the ``cells`` up."""
        alike = cells[ORDER].eq("same")
        opposite, same = cells[~alike], cells[alike]
        return cls(
            name,
            int(opposite["tasks"].sum()),
            int(opposite["deadlocks"].sum()),
            float(opposite[DETECTED].mean()),
            float(opposite[PAIR].mean()),
            int(same["tasks"].sum()),
            float(same[PAIR].mean()),
        )

    @property
    def decision(self) -> str:
        """Return what follows: one deadlock shows that there are some."""
        tried, enough = self.pairs > 0, self.pairs >= ENOUGH
        return decide(DEADLOCK, seen=self.deadlocks > 0, tried=tried, enough=enough)


def _find(name: str, known: pd.DataFrame) -> Finding:
    case = Case.of(name, known)
    decision, cells = case.decision, tuple(known.index)
    sentence = f"{case.name}: {_say(case, decision)}{_cost(case)}."
    clause = _say_briefly(case, decision)
    return Finding(f"two locks, {case.name}", decision, sentence, cells, clause=clause)


def _say(case: Case, decision: str) -> str:
    pairs = format_count(case.pairs)
    if decision == DEADLOCK:
        often = (
            f"{format_count(case.deadlocks)} of {pairs} pairs of locks in opposite order end in a deadlock"
        )
        return f"{often} ({write_share(case.deadlocks, case.pairs)}), noticed after {format_time(case.detected_ns)}"
    if decision == NONE_SEEN:
        return f"no deadlock in {pairs} pairs of locks in opposite order, {write_none(case.pairs)}: that is luck, not safety"
    if decision == SAFE:
        return (
            f"no deadlock in {format_count(case.same)} pairs of locks in the same order, in which none can be"
        )
    return f"not decided whether locks in opposite order block: no deadlock in {pairs} pairs, fewer than {ENOUGH:,}"


def _say_briefly(case: Case, decision: str) -> str:
    if decision == DEADLOCK:
        return f"{case.name} deadlocks in {write_share_of(case.deadlocks, case.pairs, 'pairs')}"
    if decision == NONE_SEEN:
        return f"{case.name} had no deadlock in {format_count(case.pairs)}"
    if decision == SAFE:
        return f"{case.name} in the same order has none"
    return f"{case.name}: not decided whether there are deadlocks"


def _cost(case: Case) -> str:
    """Return how long a pair takes in either order, if both were measured."""
    if not case.pairs or not case.same:
        return ""
    return (
        f"; in the same order none in {format_count(case.same)}, and a pair takes {format_time(case.same_ns)} instead of "
        f"{format_time(case.opposite_ns)}"
    )
