"""How much work a task does: calibrated once a sweep, so that all cells that are compared do the same."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from breakeven.base.notes import write
from breakeven.runner.cell import patterns
from breakeven.runner.cell.records import from_json, to_plain
from breakeven.runner.config.cell import Cell

MOST_PROCESSES = 8
"""Calibrations of one task, in fresh processes, until two of them agree."""

AGREEMENT = 0.02
_ALIKE = 0.05  # amounts for other payloads that differ by less are made equal
_OFF = 0.1


class Work(NamedTuple):
    """What decides how much work a task does; ``options`` are JSON, ``source`` the hash of the user's function."""

    workload: str
    options: str
    payload_bytes: int
    payload_out_bytes: int
    task_ns: int
    source: str | None

    @property
    def apart_from_payload(self) -> tuple[Any, ...]:
        """Return what is left if the payloads make no difference."""
        return self.workload, self.options, self.task_ns, self.source


class Calibration(NamedTuple):
    """How much work a task does.

    ``amount`` is the number of its inner loops, or the ns that it sleeps or keeps a CPU busy; None for a function, which sets its
    own. With it a task took ``measured_ns`` on the reference ``interpreter``. ``note`` says what was wrong with
    the calibration; empty for nothing.
    """

    work: Work
    amount: int | None
    measured_ns: int
    interpreter: str
    note: str = ""


@dataclass(frozen=True)
class Attempt:
    """What one fresh process found."""

    amount: int | None
    task_ns: int


def work_of(cell: Cell, source: str | None) -> Work | None:
    """Return what is to be calibrated for a cell; None if its pattern runs no workload."""
    if patterns.load(cell.pattern).ECHOES:
        return None
    options = json.dumps(cell.workload_options, sort_keys=True)
    return Work(cell.workload, options, cell.payload_bytes, cell.payload_out_bytes, cell.task_ns, source)


def is_enough(attempts: Sequence[Attempt]) -> bool:
    """Return whether no further process is needed; a function's length need not be known exactly."""
    if attempts and attempts[-1].amount is None:
        return True
    return agreeing(attempts) is not None or len(attempts) >= MOST_PROCESSES


def agreeing(attempts: Sequence[Attempt]) -> int | None:
    """Return the amount on which two processes agree; None if none do yet.

    A disturbed process takes longer for each loop and finds too few: so those with the most loops count.
    """
    most = sorted((attempt.amount for attempt in attempts if attempt.amount is not None), reverse=True)[:2]
    if len(most) < 2 or most[0] > (1 + AGREEMENT) * most[1]:  # noqa: PLR2004  # a pair
        return None
    return round(sum(most) / 2)


def conclude(
    work: Work, attempts: Sequence[Attempt], interpreter: str, known: Iterable[Calibration] = ()
) -> Calibration:
    """Return the calibration that follows from ``attempts``.

    If another of the ``known`` ones differs in the payload alone, and hardly in the amount, its amount is taken, so
    that cells that differ in the payload alone do the same work.
    """
    last = attempts[-1]
    if last.amount is None:
        return Calibration(work, None, last.task_ns, interpreter)
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
    return json.dumps(to_plain(File(tuple(calibrations))), indent=1) + "\n"


def from_text(text: str) -> dict[Work, Calibration]:
    """Read the text of a file; raise ValueError if it is none."""
    return {calibration.work: calibration for calibration in from_json(File, text).calibrations}
