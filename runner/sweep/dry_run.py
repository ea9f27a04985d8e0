"""What ``dry_run=true`` shows: the plan, what of it is done already, in which order it goes on, and for how long."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

from rich.console import Console

from breakeven.base.units import format_clock
from breakeven.runner.engines import Run
from breakeven.runner.planning.eta import Forecast
from breakeven.runner.planning.pending import Agenda, Stored, run_key
from breakeven.runner.planning.plan import Plan
from breakeven.runner.sweep.loop import learn
from breakeven.runner.sweep.progress import describe

_IN_NAME = ("workload", "model", "model.start_method", "workers", "ipc", "pattern", "payload", "task")


def preview(plan: Plan, agenda: Agenda, stored: Stored, notes: Sequence[str], console: Console) -> None:
    """Print the plan of a sweep, ``notes`` on it last."""
    for line in (*lines(plan, agenda, stored), *notes):
        console.print(line, markup=False, highlight=False, soft_wrap=True)


def lines(plan: Plan, agenda: Agenda, stored: Stored) -> Iterator[str]:
    """Give the plan as text, line by line."""
    cells = _cells(plan)
    numbers = {cell_id: number for number, cell_id in enumerate(cells, 1)}
    marks = {run_key(run): "done" for run in agenda.done} | {run_key(run): "failed" for run in agenda.failed}
    names = _names({cell_id: runs[0] for cell_id, runs in cells.items()})
    yield "cells:"
    for cell_id, runs in cells.items():
        yield f"  {numbers[cell_id]:>4}  {names[cell_id]}  {_state(runs, marks)}"
    if plan.incompatible:
        yield "incompatible:"
    for run, reason in plan.incompatible:
        yield f"        {describe(run.cell)}: {reason}"
    for changed in agenda.changed:
        yield f"changed: {changed}"
    if agenda.waiting:
        yield "order, by round:"
    for round_, runs_ in groupby(agenda.waiting, key=lambda run: run.round):
        yield f"  {round_:>4}: {' '.join(str(numbers[run.cell_id]) for run in runs_)}"
    yield f"{len(agenda.waiting)} of {len(plan.runs)} runs are to be made: {_time(plan, agenda, stored)}"


def _cells(plan: Plan) -> dict[str, list[Run]]:
    """Give the runs of each cell, cells in the order of the grid and runs in that of their rounds."""
    cells: dict[str, list[Run]] = {cell_id: [] for cell_id in plan.cells}
    for run in plan.runs:
        cells[run.cell_id].append(run)
    return cells


def _names(runs: Mapping[str, Run]) -> dict[str, str]:
    """Name cells, with those of their overrides that differ and that a name does not tell."""
    common = set.intersection(*(set(run.overrides) for run in runs.values())) if runs else set()
    return {
        cell_id: " ".join([describe(run.cell), *_differing(run, common)]) for cell_id, run in runs.items()
    }


def _differing(run: Run, common: set[str]) -> Iterator[str]:
    for text in run.overrides:
        if text not in common and text.partition("=")[0].strip("+~") not in _IN_NAME:
            yield text


def _state(runs: list[Run], marks: Mapping[Any, str]) -> str:
    rounds = f"{len(runs)} round{'s' * (len(runs) != 1)}"
    counts = Counter(marks.get(run_key(run)) for run in runs)
    return ", ".join([rounds, *(f"{counts[word]} {word}" for word in ("done", "failed") if counts[word])])


def _time(plan: Plan, agenda: Agenda, stored: Stored) -> str:
    forecast = Forecast()
    learn(forecast, plan, stored)
    forecast.add(run.cell for run in agenda.waiting)
    known = "from their knobs"
    if any(row["status"] == "ok" for row in stored.values()):
        known = "from those that are stored"
    elif any(run.cell.workload == "function" for run in agenda.waiting):
        known = "from their knobs; the length of a function is not known before it ran"
    return f"about {format_clock(forecast.seconds_left)} ({known})"
