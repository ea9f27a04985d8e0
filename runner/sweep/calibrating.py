"""Before the first run: find how much work the tasks of a sweep do, and how long a user's function takes."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from breakeven.runner.cell.calibration import CalibrationResult
from breakeven.runner.engines.loading import Engine
from breakeven.runner.planning.calibration import Calibration, Work, conclude, is_enough
from breakeven.runner.planning.cells import PlannedCell
from breakeven.runner.planning.plan import Plan
from breakeven.runner.planning.settling import Calibrations, calibrating_run, uncalibrated
from breakeven.runner.sweep.observer import CalibrationBegan, Noted
from breakeven.runner.sweep.waiting import Waiting


def calibrate(
    plan: Plan,
    known: dict[Work, Calibration],
    cells: Iterable[str],
    engine: Engine,
    notify: Callable[[CalibrationBegan | Noted], None] = lambda _: None,
) -> Calibrations:
    """Calibrate the tasks of ``cells`` that are not ``known``, and return all; the notes are on what went wrong.

    Notify of each before it begins, and of why an engine keeps it waiting.
    """
    ids, found, notes = set(cells), dict(known), []
    waiting = Waiting(notify)
    wanted = {planned.work for planned in plan.planned if planned.cell_id in ids}
    missing = [planned for planned in uncalibrated(plan) if planned.work in wanted]
    for number, planned in enumerate(missing, 1):
        notify(CalibrationBegan(cell=planned.cell, number=number, of=len(missing)))
        made = _calibrate_one(plan, planned, found, engine, waiting)
        if isinstance(made, str):
            notes.append(made)
        else:
            found[made.work] = made
            notes += [made.note] * bool(made.note)
    return Calibrations(found, tuple(notes))


def _calibrate_one(
    plan: Plan, planned: PlannedCell, known: dict[Work, Calibration], engine: Engine, waiting: Waiting
) -> Calibration | str:
    """Return the calibration of a cell's task, or a note if no process could find one."""
    work = planned.work
    if work is None:
        raise ValueError(f"cell {planned.cell_id} runs no workload")
    run = calibrating_run(plan, planned)
    attempts: list[CalibrationResult] = []
    while not is_enough(attempts):
        made = waiting.result(engine.calibrate(run), engine)
        if not isinstance(made, CalibrationResult):
            name = work.workload if planned.source is None else planned.cell.workload_options["target"]
            return f"calibration of {name} {made.status}: {made.reason}; its runs say more"
        attempts.append(made)
    return conclude(work, attempts, run.executable, known.values())
