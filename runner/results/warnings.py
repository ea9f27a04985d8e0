"""Notes that a reader of a run's numbers should see before trusting them."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from statistics import median

from breakeven.base.notes import write
from breakeven.runner.cell import affinity
from breakeven.runner.cell.first_calls import ARGUMENTS, INPUT, UNKNOWN
from breakeven.runner.cell.result import Result, TrialRecord
from breakeven.runner.cell.sampling import CAP, SERIAL
from breakeven.runner.config.cell import Cell
from breakeven.runner.planning.run import Run

FLOOR_STEPS = 100  # a duration of this many clock steps is known to 1 %
_CACHED, _NOTICEABLE_NS = 10, 200_000  # a first call that is this many times as long, and this long
_ENOUGH_CALLS = 20  # in a window: one more or less is 5 %
_CHANGES = {INPUT: "input", ARGUMENTS: "arguments", UNKNOWN: "shared input"}
"""The kind of note by what a function changes."""


def notes(run: Run, result: Result) -> str | None:
    """Return the notes on one run, one per line; None if there are none."""
    calibration = run.calibration.note if run.calibration is not None else ""
    back = [write("gil")] if _gil_is_back(run, result) else []
    found = (*([calibration] if calibration else []), *back, *_notes(run.cell, result))
    return "\n".join(found) or None


def _gil_is_back(run: Run, result: Result) -> bool:
    """Return whether the GIL is on in a worker, in a build without one, and nobody asked for it."""
    variable = run.cell.environment.get("PYTHON_GIL", os.environ.get("PYTHON_GIL"))
    asked = variable == "1" or "gil=1" in " ".join(run.cell.interpreter_flags)
    free = "free-threaded" in str(result.facts.python_build or run.conditions.get("python_build"))
    return free and not asked and any(worker.gil for worker in result.workers)


def _short(time_ns: int) -> int:
    """Round to three digits."""
    return int(float(f"{time_ns:.3g}"))


def _notes(cell: Cell, result: Result) -> Iterator[str]:
    step = result.facts.clock_step_ns
    floor = FLOOR_STEPS * step
    if cell.task_ns and cell.task_ns < floor:
        yield write("task", asked=cell.task_ns, steps=FLOOR_STEPS, step=step, enough=floor)
    if cell.affinity != "none" and not affinity.CAN_PIN:
        yield write("affinity", affinity=cell.affinity)
    yield from _about_calls(cell, result)
    if result.warmup_ended_by == CAP:
        yield write("warm-up", pairs=result.n_warmup)
    merged = sum(lane.dropped for lane in result.lanes)
    if merged:
        yield write("trace", merged=merged)


def _about_calls(cell: Cell, result: Result) -> Iterator[str]:
    """Note what calls do to the next ones, and windows that hold too few."""
    target = cell.workload_options.get("target")
    if result.changes in _CHANGES:
        yield write(_CHANGES[result.changes], target=target)
    later, first = _serial_pace_ns(result.trials), result.first_call_ns
    if target is not None and later is not None and (result.cached or _is_slow(first, later)):
        kind = "cached" if result.cached else "cache"
        yield write(kind, target=target, first=_short(first), later=_short(round(later)))
    calls = _fewest_calls(result.trials, cell.workers) if cell.window_ns else _ENOUGH_CALLS
    if calls < _ENOUGH_CALLS:
        enough = _enough_ns(cell.window_ns, calls)
        yield write("window", asked=cell.window_ns, calls=calls, least=_ENOUGH_CALLS, enough=enough)


def _is_slow(first_ns: int, later_ns: float) -> bool:
    """Return whether a first call is so long that a cache or a set-up explains it, which nothing else shows."""
    return first_ns > max(_CACHED * later_ns, _NOTICEABLE_NS)


def _serial_pace_ns(trials: Sequence[TrialRecord]) -> float | None:
    """Return the median time of a task in the serial trials after warm-up; None without such."""
    paces = [
        trial.wall_ns / trial.tasks
        for trial in trials
        if trial.kind == SERIAL and not trial.warmup and trial.tasks
    ]
    return median(paces) if paces else None


def _fewest_calls(trials: Sequence[TrialRecord], workers: int) -> int:
    """Return how many calls a worker made in the trial with the fewest of them."""
    calls = (trial.tasks // (1 if trial.kind == SERIAL else workers) for trial in trials)
    return min(calls, default=_ENOUGH_CALLS)


def _enough_ns(window_ns: int, calls: int) -> int:
    """Return a round window that holds enough calls, with a quarter to spare."""
    return _short(window_ns * _ENOUGH_CALLS * 5 // (4 * max(calls, 1)))
