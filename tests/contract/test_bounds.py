"""What ``max_time`` cannot hold is said before the first run: which cells, how long, and a remedy that holds."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from breakeven.base.units import read_time
from breakeven.runner.cell.feasibility import least_ns
from breakeven.runner.engines import KINDS
from breakeven.runner.planning.bounds import over_their_time
from breakeven.runner.planning.plan import Plan, make_plan
from breakeven.runner.planning.request import Origin
from breakeven.runner.planning.settling import settle
from tests.examples import at_most
from tests.fakes import request

NOW = datetime(2026, 1, 31, 14, 5, 9, tzinfo=UTC)


def _plan(*changes: dict[str, Any], pattern: str = "map", **knobs: Any) -> Plan:
    requests = [
        request("limits.time=60min", f"pattern={pattern}", sweep="mine", **knobs | change)
        for change in changes
    ]
    return settle(make_plan(requests, Origin(Path(), NOW), KINDS), {}, {})


def test_the_arithmetic_and_the_remedy_are_said() -> None:
    """With the longest of the cells that cannot keep the time."""
    said = over_their_time(_plan({"workers": 1}, {"workers": 2}, {"task": "1ms"}, tasks=100, task="80ms"))
    assert said == (
        "measure.max_time=1s cannot be kept by 2 of 3 cells: 1 + 3 pairs of trials (measure.warmup, measure.min_trials), "
        "each of 100 tasks of 80ms, take up to 72s (spin process(fork) x1 queue map 1KiB 80ms); try measure.max_time=72s"
    )


def test_nothing_is_said_of_what_fits() -> None:
    """Nor of messages, of which nobody knows how long they take."""
    assert over_their_time(_plan({}, {"workers": 4})) is None
    assert over_their_time(_plan({}, pattern="pingpong", tasks=10**6)) is None


@given(
    st.lists(st.integers(1, 5), min_size=1, max_size=3, unique=True),
    st.integers(1, 300),
    st.integers(1, 200),
    st.sampled_from([1, 3, "auto"]),
)
@at_most(40)
def test_the_remedies_hold(workers: list[int], tasks: int, length: int, rounds: Any) -> None:
    """With the time or the tasks that are named every cell keeps within its time, and it is named only if none would."""
    axes = [{"workers": number} for number in workers]
    plan = _plan(*axes, tasks=tasks, task=f"{length}ms", rounds=rounds)
    said = over_their_time(plan)
    cells = [planned.cell for planned in plan.planned]
    over = [cell for cell in cells if least_ns(cell, cell.task_ns) > cell.measure.max_time_ns]
    assert (said is None) == (not over)
    if said is None:
        return
    time = re.search(r"or measure.max_time=(\w+)$|try measure.max_time=(\w+)$", said)
    assert time is not None
    most = read_time(time[1] or time[2], "measure.max_time")
    assert all(least_ns(cell, cell.task_ns) <= most for cell in cells)
    fewer = re.search(r"try tasks=(\d+) or fewer", said)
    if fewer is not None:
        assert int(fewer[1]) >= max(cell.workers for cell in over)
        assert all(least_ns(cell, cell.task_ns, int(fewer[1])) <= cell.measure.max_time_ns for cell in cells)
