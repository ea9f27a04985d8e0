"""A run from its start to its result."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa

from breakeven.base.conditions import SOURCES
from breakeven.runner.cell.calibration import CalibrationResult
from breakeven.runner.cell.result import Facts
from breakeven.runner.cell.specification import Specification
from breakeven.runner.environment import own_code
from breakeven.runner.errors import PlanOutdated
from breakeven.runner.host.child import NotStarted, in_child
from breakeven.runner.host.cleanup import private_folder
from breakeven.runner.host.ending import Abandoned, Ending
from breakeven.runner.host.preparation import Next, specification, variation
from breakeven.runner.host.present import announced
from breakeven.runner.planning.modules import changed_packages, changed_source, imported_modules
from breakeven.runner.planning.run import Run
from breakeven.runner.results import RunResult, rows
from breakeven.runner.results.files import Unreadable, read_calibration, read_result

Conduct = Callable[[Specification, int], Ending]
Tables = Mapping[str, pa.Table]
Outcome = tuple[Ending, Tables, dict[str, Any]]


def execute(run: Run, conduct: Conduct | None = None, next_: Next | None = None) -> RunResult:
    """Carry out ``run`` on this machine and return its result, without storing it.

    ``conduct`` measures: by default a fresh process, the one that ``next_`` holds for this run, if any. Nothing
    that the measured code does raises here: it becomes the row's status and reason. Raise Abandoned,
    PlanOutdated, or NotStored if there is no space for the run.
    """
    started, began = datetime.now(UTC), time.monotonic_ns()
    with announced() as present:
        row = rows.about(run, started)  # the machine as it is before the run loads it
        _refuse_outdated(run)
        ending, tables, measured = (
            _measure(run, next_ or Next()) if conduct is None else _conducted(run, conduct)
        )
        if present.given_up:
            raise Abandoned(f"run of cell {run.cell_id} was given up")
        _refuse_outdated(run)  # it may have imported files before and after a change
    ended = time.monotonic_ns()
    times = {"began_ns": began, "ended_ns": ended, "wall_ns": ended - began}
    row |= measured | asdict(ending) | times
    return RunResult(row=row, tables=tables)


def _measure(run: Run, next_: Next) -> Outcome:
    try:
        prepared = next_.take(run)
    except NotStarted as error:
        return error.ending, {}, {}
    with closing(prepared):
        ending = prepared.carry_out()
        next_.start()
        return _digest(run, prepared.folder, ending, fresh=True)


def _conducted(run: Run, conduct: Conduct) -> Outcome:
    with private_folder() as folder:
        ending = conduct(specification(run, folder), run.cell.time_limit_ns)
        return _digest(run, folder, ending, fresh=False)


def calibrate(run: Run) -> CalibrationResult | Ending:
    """Let a fresh process find how much work the task of ``run`` does; return how it ended if it failed.

    It runs under the run's limits.

    Raise like `execute`.
    """
    _refuse_outdated(run)
    with private_folder() as folder:
        alone = specification(run, folder)._replace(
            calibrates=True, model="serial", start_method=None, workers=1
        )
        ending = in_child(alone, run.cell.time_limit_ns, run.cell.memory_limit_bytes)
        if ending.status != "ok":
            return ending
        try:
            return read_calibration(folder)
        except Unreadable as error:
            return Ending("crashed", str(error))


def _refuse_outdated(run: Run) -> None:
    """Raise PlanOutdated if the measuring code or the function changed since the run was planned."""
    changed = changed_source(run.source) if run.source else None
    code = own_code()
    if changed is None and run.conditions.get("code", code) != code:
        changed = "breakeven's own code changed since this sweep was planned; rerun the command"
    if changed is not None:
        raise PlanOutdated(changed)


def _digest(run: Run, folder: Path, ending: Ending, *, fresh: bool) -> Outcome:
    """Turn a run's result files into tables and columns; only a ``fresh`` process has its own surroundings."""
    if ending.status != "ok":
        return ending, {}, {}
    try:
        result, raw = read_result(folder)
        judged = rows.judged(run, result)
        tables, measured = (
            rows.tables(run, judged, raw),
            rows.measured(run, judged) | rows.task_cpu(judged, raw),
        )
    except Unreadable as error:
        return Ending("crashed", str(error)), {}, {}
    except (ArithmeticError, LookupError, TypeError, ValueError) as error:
        # Files are whole here, but the board that they were made from is memory which the measured code can overwrite.
        why = f"its result is invalid: {type(error).__name__}: {error}"
        return Ending("crashed", why), {}, {}
    imported = _imported(run, result.facts, folder)
    return ending, tables, measured | imported | (rows.surroundings(variation(run)) if fresh else {})


def _imported(run: Run, facts: Facts, folder: Path) -> dict[str, str]:
    """Return the column of ``runs`` for the user's modules.

    Raise PlanOutdated if packages are not those of the plan.
    """
    if run.source is None:
        return {}
    changed = changed_packages(run.source, facts.packages)
    if changed is not None:
        raise PlanOutdated(changed)
    return {SOURCES: imported_modules(run.source, facts.modules, str(folder))}
