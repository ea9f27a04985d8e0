"""What is known of a plan's tasks before its runs: how much work each does, and how many a trial has."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from breakeven.base.conditions import AMOUNT
from breakeven.base.errors import BadValue
from breakeven.base.layout import SweepPaths
from breakeven.base.results import meant_folder
from breakeven.base.text import shown
from breakeven.runner.cell import workloads
from breakeven.runner.config.cell import DEBUG, LEAST_EACH, Cell, refuse_too_long, refuse_too_much
from breakeven.runner.planning.calibration import Calibration, Work, from_text
from breakeven.runner.planning.cells import PlannedCell
from breakeven.runner.planning.pending import Pending, Stored
from breakeven.runner.planning.plan import Plan
from breakeven.runner.planning.run import Run
from breakeven.runner.planning.tasks import TaskCounts

Known = Mapping[Work, Calibration]


def settle(plan: Plan, known: Known, stored: Stored, *, finally_: bool = False) -> Plan:
    """Return the plan with the amounts of work and the numbers of tasks that are ``known``; raise BadInput.

    A cell that has runs of the same function keeps their number of tasks. A function that was not called yet has none,
    unless ``finally_``: then it has the least.
    """
    lengths = {planned.cell_id: _of(planned, known) for planned in plan.planned}
    counts = TaskCounts((_counted(planned), lengths[planned.cell_id]) for planned in plan.planned)
    kept = {(row["cell_id"], row["source"]): row["tasks"] for row in stored.values() if row["tasks"]}
    cells = {}
    for planned in plan.planned:
        calibration = lengths[planned.cell_id]
        cell = planned.cell
        if cell.trial_ns:
            source = None if planned.source is None else planned.source.digest
            tasks = kept.get((planned.cell_id, source), 0)
            if not _fits(tasks, cell, planned.inputs):
                tasks = counts.of(cell, planned.inputs)
            least = planned.inputs or LEAST_EACH * cell.workers
            take = tasks if tasks < planned.inputs else 0
            cell = _checked(replace(cell, tasks=tasks or least * finally_, take=take), planned.engine)
        cells[planned.cell_id] = replace(planned, cell=cell, calibration=calibration)
    runs = tuple(
        replace(run, cell=cells[run.cell_id].cell, calibration=cells[run.cell_id].calibration)
        for run in plan.runs
    )
    return replace(plan, planned=tuple(cells.values()), runs=runs)


def _of(planned: PlannedCell, known: Known) -> Calibration | None:
    return None if planned.work is None else known.get(planned.work)


def _counted(planned: PlannedCell) -> Cell:
    """Return the cell by which tasks are counted: the workers of one that cannot exist need none."""
    return planned.cell if planned.reason is None else replace(planned.cell, workers=1)


def _fits(tasks: int, cell: Cell, inputs: int) -> bool:
    """Return whether a trial can have so many tasks.

    Each of the inputs equally often, or a part of them if that is allowed.
    """
    return tasks > 0 and (tasks % (inputs or 1) == 0 or (cell.longest_trial_ns > 0 and tasks < inputs))


def _checked(cell: Cell, engine: str) -> Cell:
    refuse_too_much(cell)
    if engine != DEBUG:
        refuse_too_long(cell)
    return cell


def recovered(plan: Plan, stored: Stored) -> dict[Work, Calibration]:
    """Return the calibrations with which stored runs were made, for a sweep whose file of them is gone."""
    found: dict[Work, Calibration] = {}
    rows = [row for row in stored.values() if row[AMOUNT]]
    by_cell = {row["cell_id"]: row for row in rows}
    by_work = {_columns(row): row for row in rows}
    for planned in plan.planned:
        work, cell = planned.work, planned.cell
        if work is None:
            continue
        row = by_cell.get(planned.cell_id)
        if row is None and not cell.workload_options:  # which the row does not tell
            row = by_work.get((work.workload, work.payload_bytes, work.payload_out_bytes, work.task_ns))
        if row is not None:
            length = row["task_calibrated_ns"] or cell.task_ns
            found[work] = Calibration(work, row[AMOUNT], length, row["executable"] or "")
    return found


@dataclass(frozen=True)
class Calibrations:
    """The calibrations of a sweep by what they are of, and ``notes`` on them, one line each."""

    known: dict[Work, Calibration]
    notes: tuple[str, ...] = ()


def known_calibrations(plan: Plan, stored: Stored) -> Calibrations:
    """Return the calibrations that the plan's sweep has so far, or takes from another one; raise BadValue."""
    own, notes = SweepPaths(plan.sweep).calibration, []
    found = recovered(plan, stored)
    if own.exists():
        try:
            found |= _read(own)
        except (OSError, ValueError) as error:
            notes.append(f"{shown(own)} cannot be read ({error}): what it held is taken from the stored runs")
    if plan.policy.calibration is not None:
        found |= _other(plan.folder / Path(plan.policy.calibration).expanduser(), plan.policy.calibration)
    return Calibrations(found, tuple(notes))


def _other(folder: Path, typed: str) -> dict[Work, Calibration]:
    file = SweepPaths(folder).calibration
    try:
        return _read(file)
    except FileNotFoundError as error:
        raise BadValue(
            f"calibration={typed}: there is no {file.name}{meant_folder(Path(typed))}; name the results folder of a sweep, such as outputs/NAME"
        ) from error
    except (OSError, ValueError) as error:
        raise BadValue(
            f"calibration={typed}: {file.name} cannot be read ({error}); name another results folder, or null to calibrate"
        ) from error


def _read(file: Path) -> dict[Work, Calibration]:
    return from_text(file.read_text(encoding="utf-8"))


def _columns(row: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(row.get(name) for name in ("workload", "payload_bytes", "payload_out_bytes", "task_ns"))


def calibrating_run(plan: Plan, planned: PlannedCell) -> Run:
    """Return the run that calibrates the task of a cell.

    A function is called as the cell does; any other task gets its length on the reference interpreter.
    """
    run = plan.run_of(planned, 0)
    if workloads.load(planned.cell.workload).FOREIGN:
        return run
    if plan.reference is not None:
        plain = replace(run.cell, interpreter_flags=(), environment={})
        version = {"python_version": plan.reference.version}
        return replace(run, cell=plain, executable=plan.reference.executable, conditions=version)
    first = next(one for one in plan.planned if one.reason is None)
    alike = replace(
        run.cell, interpreter_flags=first.cell.interpreter_flags, environment=first.cell.environment
    )
    return replace(run, cell=alike, executable=first.executable, conditions=first.conditions)


def unknown_lengths(plan: Plan, pending: Pending) -> list[PlannedCell]:
    """Return a cell for each function of the waiting runs whose length is not known."""
    waiting = {run.cell_id for run in pending.waiting}
    wanted = {
        planned.work for planned in plan.planned if planned.cell_id in waiting and planned.source is not None
    }
    return [planned for planned in uncalibrated(plan) if planned.work in wanted]


def uncalibrated(plan: Plan) -> Iterator[PlannedCell]:
    """Yield a cell for each task whose amount of work is still to be found."""
    seen = set()
    for planned in plan.planned:
        work = planned.work
        if planned.reason is None and planned.calibration is None and work is not None and work not in seen:
            seen.add(work)
            yield planned
