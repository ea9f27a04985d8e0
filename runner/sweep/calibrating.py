"""Before the first run: find how much work the tasks of a sweep do, each in fresh processes until two agree."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from breakeven.base.errors import BadValue
from breakeven.base.layout import SweepPaths
from breakeven.base.text import shown
from breakeven.runner.cell.calibration import CalibrationResult
from breakeven.runner.engines.loading import Engine
from breakeven.runner.planning.calibration import (
    Attempt,
    Calibration,
    Work,
    conclude,
    from_text,
    is_enough,
)
from breakeven.runner.planning.cells import PlannedCell
from breakeven.runner.planning.pending import Stored
from breakeven.runner.planning.plan import Plan
from breakeven.runner.planning.settling import calibrating_run, recovered, uncalibrated


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
            f"calibration={typed}: there is no {file.name}; name the results folder of a sweep, such as outputs/NAME"
        ) from error
    except (OSError, ValueError) as error:
        raise BadValue(
            f"calibration={typed}: {file.name} cannot be read ({error}); name another results folder, or null to calibrate"
        ) from error


def _read(file: Path) -> dict[Work, Calibration]:
    return from_text(file.read_text(encoding="utf-8"))


def calibrate(
    plan: Plan, known: dict[Work, Calibration], cells: Iterable[str], engine: Engine
) -> Calibrations:
    """Calibrate the tasks of ``cells`` that are not ``known``, and return all; the notes are on what went wrong."""
    wanted, found, notes = set(cells), dict(known), []
    with closing(engine):
        for planned in uncalibrated(plan):
            if not wanted & _cells_with(plan, planned.work):
                continue
            made = _calibrate_one(plan, planned, found, engine)
            if isinstance(made, str):
                notes.append(made)
            else:
                found[made.work] = made
                notes += [made.note] * bool(made.note)
    return Calibrations(found, tuple(notes))


def _cells_with(plan: Plan, work: Work | None) -> set[str]:
    return {planned.cell_id for planned in plan.planned if planned.work == work}


def _calibrate_one(
    plan: Plan, planned: PlannedCell, known: dict[Work, Calibration], engine: Engine
) -> Calibration | str:
    """Return the calibration of a cell's task, or a note if no process could find one."""
    work = planned.work
    if work is None:
        raise ValueError(f"cell {planned.cell_id} runs no workload")
    run = calibrating_run(plan, planned)
    attempts: list[Attempt] = []
    while not is_enough(attempts):
        made = engine.calibrate(run).result()
        if not isinstance(made, CalibrationResult):
            return f"calibration of {work.workload} {made.status}: {made.reason}; its runs say more"
        attempts.append(Attempt(made.amount, made.task_ns))
    return conclude(work, attempts, run.executable, known.values())
