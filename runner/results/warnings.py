"""Notes that a reader of a run's numbers should see before trusting them."""

from __future__ import annotations

from collections.abc import Iterator

from breakeven.base.units import format_time
from breakeven.runner.cell.result import Result
from breakeven.runner.cell.sampling import CAP
from breakeven.runner.config.cell import Cell

FLOOR_STEPS = 100  # a duration of this many clock steps is known to 1 %
_OFF = 0.1


def notes(cell: Cell, result: Result) -> str | None:
    """Return the notes on one run, one per line; None if there are none."""
    return "\n".join(_notes(cell, result)) or None


def _short(time_ns: int) -> int:
    """Round to three digits."""
    return int(float(f"{time_ns:.3g}"))


def _notes(cell: Cell, result: Result) -> Iterator[str]:
    step, achieved = result.facts.clock_step_ns, result.task_ns
    if cell.task_ns and cell.task_ns < FLOOR_STEPS * step:
        yield (
            f"task={format_time(cell.task_ns)}: shorter than {FLOOR_STEPS} steps of this machine's clock "
            f"({step} ns each), so one task cannot be timed to 1 %; ask for {format_time(FLOOR_STEPS * step)} or more"
        )
    elif cell.task_ns and abs(achieved / cell.task_ns - 1) > _OFF:
        yield (
            f"task={format_time(cell.task_ns)}: calibration reached {format_time(_short(achieved))}; "
            f"the machine was disturbed, or {cell.workload} cannot be that short with this payload"
        )
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
