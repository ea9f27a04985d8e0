"""Notes that a reader of a run's numbers should see before trusting them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from statistics import median

from breakeven.base.units import format_time
from breakeven.runner.cell import affinity
from breakeven.runner.cell.first_calls import ARGUMENTS, INPUT, UNKNOWN
from breakeven.runner.cell.result import Result, TrialRecord
from breakeven.runner.cell.sampling import CAP, SERIAL
from breakeven.runner.config.cell import Cell
from breakeven.runner.planning.run import Run

FLOOR_STEPS = 100  # a duration of this many clock steps is known to 1 %
_CACHED, _NOTICEABLE_NS = 10, 200_000  # a first call that is this many times as long, and this long
_ENOUGH_CALLS = 20  # in a window: one more or less is 5 %
_CHANGES = {
    INPUT: "changes its input in place, so every task gets a fresh copy, made before the clock starts",
    ARGUMENTS: "changes its arguments in place, so every task gets fresh copies, made before the clock starts",
    UNKNOWN: "gets an input that can be neither pickled nor copied, so all calls share it: what one changes the next one sees",
}


def notes(run: Run, result: Result) -> str | None:
    """Return the notes on one run, one per line; None if there are none."""
    calibration = run.calibration.note if run.calibration is not None else ""
    found = (*([calibration] if calibration else []), *_notes(run.cell, result))
    return "\n".join(found) or None


def _short(time_ns: int) -> int:
    """Round to three digits."""
    return int(float(f"{time_ns:.3g}"))


def _notes(cell: Cell, result: Result) -> Iterator[str]:
    step = result.facts.clock_step_ns
    if cell.task_ns and cell.task_ns < FLOOR_STEPS * step:
        yield (
            f"task={format_time(cell.task_ns)}: shorter than {FLOOR_STEPS} steps of this machine's clock "
            f"({step} ns each), so one task cannot be timed to 1 %; ask for {format_time(FLOOR_STEPS * step)} or more"
        )
    if cell.affinity != "none" and not affinity.CAN_PIN:
        yield f"affinity={cell.affinity}: without effect, since this system cannot pin threads to CPUs"
    yield from _about_calls(cell, result)
    if result.warmup_ended_by == CAP:
        yield (
            f"warm-up: still not steady after {result.n_warmup} pairs of trials (measure.max_warmup); "
            "the machine drifts, or the work gets faster or slower with every call"
        )
    merged = sum(lane.dropped for lane in result.lanes)
    if merged:
        yield (
            f"trace: {merged} spans did not fit the buffer and were merged into the one after them; the phases of this "
            "run are shown coarser than they were (use a shorter window or fewer tasks)"
        )


def _about_calls(cell: Cell, result: Result) -> Iterator[str]:
    """Note what calls do to the next ones, and windows that hold too few."""
    target = cell.workload_options.get("target")
    if result.changes in _CHANGES:
        yield f"inputs: {target} {_CHANGES[result.changes]}"
    later = _serial_pace_ns(result.trials)
    if (
        target is not None
        and later is not None
        and result.first_call_ns > max(_CACHED * later, _NOTICEABLE_NS)
    ):
        yield (
            f"cache: the first call of {target} took {format_time(_short(result.first_call_ns))}, a repeated one with an "
            f"equal input {format_time(_short(round(later)))}: results are cached (functools.lru_cache), or the first call "
            "sets something up; speeds are those of repeated calls"
        )
    calls = _fewest_calls(result.trials, cell.workers) if cell.pattern == "window" else _ENOUGH_CALLS
    if calls < _ENOUGH_CALLS:
        yield (
            f"window={format_time(cell.window_ns)}: holds only {calls} call{'s' * (calls != 1)} of a worker, each timed to its end; for "
            f"{_ENOUGH_CALLS} or more ask for window={format_time(_enough_ns(cell.window_ns, calls))}"
        )


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
