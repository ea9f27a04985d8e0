"""What ``dry_run=true`` shows: the plan, what is done, the order of the rest and the time it takes."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby

from breakeven.base.layout import SweepPaths
from breakeven.base.loading import load
from breakeven.base.output import write
from breakeven.base.terminal import columns
from breakeven.base.text import plural, printable
from breakeven.base.wrapping import fold
from breakeven.runner.config.naming import brief
from breakeven.runner.planning.decisions import MAX_ROUNDS, Decisions
from breakeven.runner.planning.pending import Pending, Stored
from breakeven.runner.planning.plan import Plan
from breakeven.runner.planning.run import Run
from breakeven.runner.sweep.schedule import count_rounds, decide, describe_forecast

_SEARCH = "breakeven.runner.sweep.searches:search_lines"
"""Loaded on demand: the plan of a grid needs no NumPy."""
_IN_NAME = (
    "workload",
    "model",
    "model.start_method",
    "workers",
    "ipc",
    "pattern",
    "payload",
    "task",
    "workload.target",
)


def show_plan(plan: Plan, pending: Pending, stored: Stored, notes: Sequence[str]) -> None:
    """Print the plan of a sweep, followed by ``notes``."""
    width = columns(sys.stdout)
    texts = map(printable, (*lines(plan, pending, stored), *notes))
    write("".join(f"{line}\n" for text in texts for line in fold(text, width)))


def lines(plan: Plan, pending: Pending, stored: Stored) -> Iterator[str]:
    """Yield the plan as text, line by line."""
    if plan.search is not None:
        path = SweepPaths(plan.sweep).search
        written = path.read_text(encoding="utf-8") if path.exists() else ""
        yield from load(_SEARCH)(plan, pending, stored, written)
        return
    cells = _cells(plan)
    numbers = {cell_id: number for number, cell_id in enumerate(cells, 1)}
    decisions = decide(plan, pending, stored)
    states = _states(plan, pending, decisions)
    names = _names({cell_id: runs[0] for cell_id, runs in cells.items()})
    yield "cells:"
    for cell_id in cells:
        yield f"  {numbers[cell_id]:>4}  {names[cell_id]}  {states[cell_id]}"
    if plan.incompatible:
        yield "incompatible:"
    for run, reason in plan.incompatible:
        yield f"        {brief(run.cell, run.distinct)}: {reason}"
    for changed in pending.changed:
        yield f"changed: {changed}"
    if pending.waiting:
        yield "order, by round:"
    for round_, runs_ in groupby(pending.waiting, key=lambda run: run.round):
        yield f"  {round_:>4}: {' '.join(str(numbers[run.cell_id]) for run in runs_)}"
    yield from _given_up(plan, decisions)
    yield _to_make(pending, decisions, _time(plan, pending, stored))


def _cells(plan: Plan) -> dict[str, list[Run]]:
    """Return the runs of each cell, with cells in grid order and runs in round order."""
    cells: dict[str, list[Run]] = {cell_id: [] for cell_id in plan.cells}
    for run in plan.runs:
        cells[run.cell_id].append(run)
    return cells


def _names(runs: Mapping[str, Run]) -> dict[str, str]:
    """Return a name for each cell, with the differing overrides that the description of a cell leaves out."""
    common = set.intersection(*(set(run.overrides) for run in runs.values())) if runs else set()
    return {
        cell_id: " ".join([brief(run.cell, run.distinct), *_differing(run, common)])
        for cell_id, run in runs.items()
    }


def _differing(run: Run, common: set[str]) -> Iterator[str]:
    named = {*_IN_NAME, *(word.partition("=")[0] for word in run.distinct)}
    for text in run.overrides:
        key = text.partition("=")[0].strip("+~")
        if text not in common and key not in named and key.removeprefix("environment.") not in named:
            yield text


def _states(plan: Plan, pending: Pending, decisions: Decisions) -> dict[str, str]:
    """Return by cell how many rounds it has in all, as far as the stored ones decide, and how many are made."""
    groups = {"": pending.waiting, "done": pending.done, "failed": pending.failed}
    counts = {word: Counter(run.cell_id for run in runs) for word, runs in groups.items()}
    ends = {planned.cell_id: planned.max_rounds for planned in decisions.undecided()}
    states = {}
    for cell_id in plan.cells:
        known = sum(count[cell_id] for count in counts.values())
        rounds = (
            count_rounds(decisions.next_end(cell_id), ends[cell_id])
            if cell_id in ends
            else count_rounds(known, known)
        )
        made = (f"{counts[word][cell_id]} {word}" for word in ("done", "failed") if counts[word][cell_id])
        states[cell_id] = ", ".join([rounds, *made])
    return states


def _given_up(plan: Plan, decisions: Decisions) -> Iterator[str]:
    """Yield that a launch would not go on with some cells though nothing decided them, and what would."""
    ended = Counter(decisions.ended_by(planned.cell_id) for planned in decisions.known())
    if ended[MAX_ROUNDS]:
        yield (
            f"{ended[MAX_ROUNDS]} of {plural(len(plan.cells), 'cell')} reached max_rounds undecided; "
            "a larger max_rounds gives them further rounds"
        )


def _to_make(pending: Pending, decisions: Decisions, time: str) -> str:
    """Return how many runs a launch makes in any case, which cells may get further ones, and how long it takes."""
    made = len(pending.done) + len(pending.failed)
    if not pending.waiting and decisions.undecided():
        return f"{plural(made, 'run')} made: {time}"
    return f"{len(pending.waiting)} of {plural(len(pending.waiting) + made, 'run')} to make: {time}"


def _time(plan: Plan, pending: Pending, stored: Stored) -> str:
    """Return how long it takes, and what that is estimated from."""
    time = describe_forecast(plan, pending, stored)
    if not time:
        return "nothing to do"
    basis = "estimated from the configuration"
    if any(row["status"] == "ok" for row in stored.values()):
        basis = "estimated from the stored runs"
    elif any(run.cell.workload == "function" for run in pending.waiting):
        known = all(run.calibration is not None for run in pending.waiting if run.source is not None)
        basis = (
            "estimated from calls of your function"
            if known
            else "estimated from the configuration; your function's duration is unknown until it has run once"
        )
    return f"{time} ({basis})"
