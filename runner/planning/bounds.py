"""Which cells cannot keep within ``measure.max_time`` though they give up all that they may, and what would help."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from breakeven.base.text import plural
from breakeven.base.units import format_time
from breakeven.runner.cell.feasibility import in_units, least_ns
from breakeven.runner.config.cell import Cell
from breakeven.runner.config.naming import describe
from breakeven.runner.config.search import RaceSearch
from breakeven.runner.planning.calibration import Calibration
from breakeven.runner.planning.cells import PlannedCell
from breakeven.runner.planning.plan import Plan
from breakeven.runner.planning.tasks import TaskCounts


def over_their_time(plan: Plan) -> str | None:
    """Return the caution on cells whose trials take longer than they may; None without any.

    Nothing is known of a function that has not been called yet, and of messages. A race has its budget instead: a run
    takes what it takes there.
    """
    if isinstance(plan.search, RaceSearch):
        return None
    possible = [planned for planned in plan.planned if planned.reason is None]
    least = {planned.cell_id: _least_ns(planned) for planned in possible}
    over = [planned for planned in possible if least[planned.cell_id] > planned.cell.measure.max_time_ns]
    if not over:
        return None
    longest = max(over, key=lambda planned: least[planned.cell_id])
    rules, takes = longest.cell.measure, least[longest.cell_id]
    return (
        f"measure.max_time={format_time(rules.max_time_ns)} cannot be kept by {_of(len(over), len(possible))}: "
        f"{rules.warmup} + {rules.fewest} pairs of trials (measure.warmup, measure.min_trials), {_content(longest)}, "
        f"take up to {in_units(takes)} ({describe(longest.cell, longest.distinct)}); try {_remedy(plan, over, takes)}"
    )


def _least_ns(planned: PlannedCell, tasks: int | None = None) -> int:
    return least_ns(planned.cell, _length_ns(planned.cell, planned.calibration), tasks)


def _length_ns(cell: Cell, calibration: Calibration | None) -> int:
    return cell.task_ns or (0 if calibration is None else calibration.measured_ns)


def _of(some: int, all_: int) -> str:
    if all_ == 1:
        return "the cell"
    return f"all {plural(all_, 'cell')}" if some == all_ else f"{some} of {plural(all_, 'cell')}"


def _content(planned: PlannedCell) -> str:
    cell = planned.cell
    if cell.window_ns:
        return f"each of window={in_units(cell.window_ns)}"
    length = in_units(_length_ns(cell, planned.calibration))
    return f"each of {plural(cell.tasks, 'task')} of {length}"


def _remedy(plan: Plan, over: Sequence[PlannedCell], takes: int) -> str:
    """Return the knobs that would keep every cell within its time.

    Fewer tasks, if they occupy the workers, or more time.
    """
    time = f"measure.max_time={-(-takes // 10**9)}s"
    windows = [planned for planned in over if planned.cell.window_ns]
    if windows:
        return f"window={in_units(min(map(_window_ns, windows)))}, or {time}"
    tasks = min(map(_most_tasks, over))
    occupied = tasks >= max(planned.cell.workers for planned in over)
    if not occupied:
        return time
    if not any(planned.inputs for planned in over):
        return f"tasks={tasks} or fewer, or {time}"
    fewer = _with_lists(plan, over)
    return f"{fewer}, or {time}" if fewer else time


def _with_lists(plan: Plan, over: Sequence[PlannedCell]) -> str:
    """Return the knob that gives cells with lists of inputs so few tasks that all keep within their time.

    Each trial does a list less often, or a part of it in a round; empty if neither would do.
    """
    if not all(planned.cell.trial_ns for planned in over):
        return _passes(over)
    trial = _short(min(map(_whole_ns, over)))
    if trial and _holds(plan, over, lambda cell: replace(cell, trial_ns=trial)):
        return f"trial={in_units(trial)}"
    part = _short(min(_most_tasks(planned) * _known_ns(planned) for planned in over))
    if part and _holds(plan, over, lambda cell: replace(cell, longest_trial_ns=part)):
        return f"longest_trial={in_units(part)}, with which each round does a part of the inputs"
    return ""


def _passes(over: Sequence[PlannedCell]) -> str:
    """Return a number of tasks that may be typed, a multiple of the inputs; empty if none will do."""
    if any(planned.cell.trial_ns for planned in over) or len({planned.inputs for planned in over}) > 1:
        return ""
    inputs = over[0].inputs
    tasks = min(map(_most_tasks, over)) // inputs * inputs
    return f"tasks={tasks}" if tasks >= max(planned.cell.workers for planned in over) else ""


def _known_ns(planned: PlannedCell) -> int:
    return _length_ns(planned.cell, planned.calibration)


def _whole_ns(planned: PlannedCell) -> int:
    """Return how long a serial trial may be that does all inputs, as often as the cell's time allows; 0 if not once."""
    inputs = planned.inputs or 1
    return _most_tasks(planned) // inputs * inputs * _known_ns(planned)


def _holds(plan: Plan, over: Sequence[PlannedCell], change: Callable[[Cell], Cell]) -> bool:
    """Return whether cells keep within their time if a knob has another value in all cells of the plan."""
    possible = (planned for planned in plan.planned if planned.reason is None)
    changed = {planned.cell_id: change(planned.cell) for planned in possible}
    calibrations = {planned.cell_id: planned.calibration for planned in plan.planned}
    counts = TaskCounts((cell, calibrations[cell_id]) for cell_id, cell in changed.items())
    return all(
        _least_ns(planned, counts.of(changed[planned.cell_id], planned.inputs))
        <= planned.cell.measure.max_time_ns
        for planned in over
    )


def _short(time_ns: int) -> int:
    """Round down to three digits, as many as are shown: a trial that is longer may do a list once more."""
    step = int(10 ** max(len(str(time_ns)) - 3, 0))
    return time_ns // step * step


def _window_ns(planned: PlannedCell) -> int:
    cell = planned.cell
    return cell.window_ns * cell.measure.max_time_ns // _least_ns(planned)


def _most_tasks(planned: PlannedCell) -> int:
    """Return with how many tasks the cell would keep within its time."""
    tasks, most_ns = planned.cell.tasks, planned.cell.measure.max_time_ns
    tasks = tasks * most_ns // _least_ns(planned) + 1
    while tasks > 0 and _least_ns(planned, tasks) > most_ns:
        tasks -= 1  # of fewer tasks than workers, fewer run at once
    return tasks
