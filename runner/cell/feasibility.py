"""The least time that a run can take, and the arithmetic if that is more than its limit."""

from __future__ import annotations

from typing import Any, Optional

from .errors import TimeTooShort, plural

_STEPS = (("min", 60 * 10**9, 600 * 10**9), ("s", 10**9, 10**9), ("ms", 10**6, 10**6), ("us", 10**3, 10**3))
_ROOM = 1.5  # of the suggested limit


def why_too_long(asked: Any, task_ns: int) -> Optional[str]:
    """Return why ``asked``, a cell or a specification, cannot end within its limit if a task takes ``task_ns``.

    None if it may, or if nobody knows: ``task_ns`` is 0 where the pattern runs no workload or the function has
    not run yet, the limit where there is none. Workers share the tasks evenly at best.
    """
    workers, rules, limit_ns = asked.workers, asked.measure, asked.time_limit_ns
    serial, parallel = _trials(asked, task_ns)
    blocks = rules.warmup + rules.fewest
    least = least_ns(asked, task_ns)
    if not limit_ns or least <= limit_ns:
        return None
    if asked.window_ns:
        what = f"a serial and a parallel trial last window={in_units(asked.window_ns)} each"
        remedy = f"window={in_units(limit_ns / _ROOM / (2 * blocks + 1))} or fewer"
    else:
        what = (
            f"{plural(asked.tasks, 'task')} of {in_units(task_ns)} {'is' if asked.tasks == 1 else 'are'} {in_units(serial)} in a serial trial "
            f"and at least {in_units(parallel)} in a parallel one ({plural(workers, 'worker')})"
        )
        remedy = f"tasks={max(int(asked.tasks * limit_ns / _ROOM / least), 1)} or fewer"
        if asked.workload_options.get("inputs") is not None:  # of which a trial does all
            remedy = "fewer inputs (workload.inputs)"
    return (
        f"limits.time={in_units(limit_ns)} is too short: {what}, and {rules.warmup} + {rules.fewest} pairs of them "
        f"(measure.warmup, measure.min_trials) take at least {in_units(least)}; "
        f"try {remedy}, or limits.time={-(-int(_ROOM * least) // 10**9)}s"
    )


def least_ns(asked: Any, task_ns: int, tasks: Optional[int] = None) -> int:
    """Return the least time that the trials of a run take, or that they would take with so many ``tasks``."""
    rules = asked.measure
    serial, parallel = _trials(asked, task_ns, tasks)
    return int((rules.warmup + rules.fewest) * (serial + parallel) + min(rules.traced, 1) * parallel)


def check(asked: Any, task_ns: int) -> None:
    """Raise TimeTooShort if `why_too_long` finds a reason."""
    reason = why_too_long(asked, task_ns)
    if reason is not None:
        raise TimeTooShort(reason)


def _trials(asked: Any, task_ns: int, tasks: Optional[int] = None) -> tuple[float, float]:
    """Return the least length of a serial trial, and of a parallel one, with as many ``tasks`` as asked by default."""
    if asked.window_ns:
        return asked.window_ns, asked.window_ns
    number = asked.tasks if tasks is None else tasks
    if asked.pattern not in ("map", "scatter") or not number:  # which is not known yet
        return 0, 0
    return number * task_ns, number * task_ns / min(asked.workers, number)


def in_units(nanoseconds: float) -> str:
    """Return a time as one types it."""
    return next(
        (f"{nanoseconds / step:.3g}{name}" for name, step, least in _STEPS if nanoseconds >= least),
        f"{nanoseconds:.0f}ns",
    )
