"""How much work a task does: calibrated once a sweep, so that all cells that are compared do the same."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from breakeven.base.json_text import json_text
from breakeven.base.notes import write
from breakeven.base.variables import write as write_variables
from breakeven.runner.cell import patterns, workloads
from breakeven.runner.cell.calibration import CalibrationResult, Calls
from breakeven.runner.cell.records import from_plain, to_plain
from breakeven.runner.config.cell import Cell

MOST_PROCESSES = 8
"""Calibrations of one task, in fresh processes, until two of them agree."""

AGREEMENT = 0.02
_ALIKE = 0.05  # amounts for other payloads that differ by less are made equal
_OFF = 0.1


class Work(NamedTuple):
    """What decides how much work a task does, or how long one takes that sets its own.

    ``options`` are JSON. Of a user's function ``source`` is the hash, and ``interpreter`` what calls it and how that is
    started, empty for ours, whose amount is that of one reference interpreter.
    """

    workload: str
    options: str
    payload_bytes: int
    payload_out_bytes: int
    task_ns: int
    source: str | None
    interpreter: str = ""

    @property
    def apart_from_payload(self) -> tuple[Any, ...]:
        """Return what is left if the payloads make no difference."""
        return self.workload, self.options, self.task_ns, self.source


class Calibration(NamedTuple):
    """How much work a task does.

    ``amount`` is the number of its inner loops, or the ns that it sleeps or keeps a CPU busy; None for a function,
    which sets its own. With it a task took ``measured_ns`` on the reference ``interpreter``. ``note`` says what was
    wrong with the calibration; empty for nothing. ``calls`` is what else is known of a function, None for others.
    """

    work: Work
    amount: int | None
    measured_ns: int
    interpreter: str
    note: str = ""
    calls: Calls | None = None


def work_of(cell: Cell, source: str | None, executable: str) -> Work | None:
    """Return what is to be calibrated for a cell; None if its pattern runs no workload."""
    if patterns.load(cell.pattern).ECHOES:
        return None
    options = json.dumps(cell.workload_options, sort_keys=True)
    started = shlex.join(
        (executable, *cell.interpreter_flags, *write_variables(cell.environment).splitlines())
    )
    interpreter = started if workloads.load(cell.workload).FOREIGN else ""
    sizes = cell.payload_bytes, cell.payload_out_bytes
    return Work(cell.workload, options, *sizes, cell.task_ns, source, interpreter)


def is_enough(attempts: Sequence[CalibrationResult]) -> bool:
    """Return whether no further process is needed; a function's length need not be known exactly."""
    if attempts and attempts[-1].amount is None:
        return True
    return agreeing(attempts) is not None or len(attempts) >= MOST_PROCESSES


def agreeing(attempts: Sequence[CalibrationResult]) -> int | None:
    """Return the amount on which two processes agree; None if none do yet.

    A disturbed process takes longer for each loop and finds too few: so those with the most loops count.
    """
    most = sorted((attempt.amount for attempt in attempts if attempt.amount is not None), reverse=True)[:2]
    if len(most) < 2 or most[0] > (1 + AGREEMENT) * most[1]:  # noqa: PLR2004  # a pair
        return None
    return round(sum(most) / 2)


def conclude(
    work: Work, attempts: Sequence[CalibrationResult], interpreter: str, known: Iterable[Calibration] = ()
) -> Calibration:
    """Return the calibration that follows from ``attempts``.

    If another of the ``known`` ones differs in the payload alone, and hardly in the amount, its amount is taken, so
    that cells that differ in the payload alone do the same work.
    """
    last = attempts[-1]
    if last.amount is None:
        return Calibration(work, None, last.task_ns, interpreter, calls=last.calls)
    found, note = agreeing(attempts), ""
    if found is None:
        amounts = sorted(attempt.amount or 0 for attempt in attempts)
        found = amounts[len(amounts) // 2]
        note = write(
            "calibrations",
            asked=work.task_ns,
            tries=len(attempts),
            workload=work.workload,
            low=amounts[0],
            high=amounts[-1],
            agreement=f"{AGREEMENT:.0%}",
        )
    nearest = min(attempts, key=lambda attempt: abs((attempt.amount or 0) - found))
    length = nearest.task_ns
    if not note and abs(length / work.task_ns - 1) > _OFF:
        reached = int(float(f"{length:.3g}"))
        note = write("calibrated", asked=work.task_ns, reached=reached, workload=work.workload)
    return Calibration(work, _shared(work, found, known), length, interpreter, note)


def _shared(work: Work, amount: int, known: Iterable[Calibration]) -> int:
    for other in known:
        near = other.amount is not None and abs(amount / max(other.amount, 1) - 1) <= _ALIKE
        if near and other.work.apart_from_payload == work.apart_from_payload:
            return other.amount or amount
    return amount


class File(NamedTuple):
    """What is kept with a sweep."""

    calibrations: tuple[Calibration, ...]


def to_text(calibrations: Iterable[Calibration]) -> str:
    """Return calibrations as the text of a file."""
    return json_text(to_plain(File(tuple(calibrations))), indent=1) + "\n"


def from_text(text: str) -> dict[Work, Calibration]:
    """Read the text of a file, also of an earlier version; raise ValueError if it is not such a text."""
    plain = json.loads(text)
    match plain:
        case {"calibrations": [*all_]}:
            for one in all_:
                _complete(one)
    return {calibration.work: calibration for calibration in from_plain(File, plain).calibrations}


def _complete(one: Any) -> None:
    """Fill in the fields that a calibration of an earlier version has not."""
    match one:
        case {"work": {**work}}:
            one["work"] = {"interpreter": "", **work}
            one.setdefault("calls", None)
    match one:
        case {"calls": {**calls}}:
            one["calls"] = {"unpicklable": "", **calls}
