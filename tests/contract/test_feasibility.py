"""A limit that cannot hold the trials that a run must have is told with the arithmetic, before it is waited for."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from breakeven.runner.cell.feasibility import why_too_long
from tests.samples import cell

_S = 10**9
RULES = replace(cell().measure, warmup=1, min_trials=6, fewest=6, traced=1)


def test_the_arithmetic_is_told() -> None:
    """With the knobs of every number, and two remedies."""
    asked = cell(tasks=64, workers=2, time_limit_ns=20 * _S, measure=RULES)
    assert why_too_long(asked, 500_000_000) == (
        "limits.time=20s is too short: 64 tasks of 500ms are 32s in a serial trial and at least 16s in a parallel one "
        "(2 workers), and 1 + 6 pairs of them (measure.warmup, measure.min_trials) take at least 352s; "
        "try tasks=2 or fewer, or limits.time=528s"
    )


def test_a_list_of_inputs_is_done_whole() -> None:
    """A number of tasks that would do a part of it is no remedy."""
    asked = cell(tasks=64, workload_options={"inputs": "a:b"}, time_limit_ns=20 * _S, measure=RULES)
    assert "; try fewer inputs (workload.inputs), or limits.time=528s" in (
        why_too_long(asked, 500_000_000) or ""
    )


def test_a_window_has_its_own_arithmetic() -> None:
    """Its trials last as long as it is open, whatever a task takes."""
    asked = cell(pattern="window", window_ns=10 * _S, tasks=0, time_limit_ns=60 * _S, measure=RULES)
    told = why_too_long(asked, 0)
    assert told is not None
    assert "a serial and a parallel trial last window=10s each" in told
    assert "take at least 150s; try window=2.67s or fewer, or limits.time=225s" in told


@pytest.mark.parametrize(
    "changes",
    [{"time_limit_ns": 0}, {"task_ns": 0}, {"pattern": "pingpong"}, {"tasks": 1}],
)
def test_what_is_not_known_is_not_refused(changes: dict[str, object]) -> None:
    """No limit, a function that has not run yet, a pattern without work, a run that fits."""
    asked = cell(**{"tasks": 1000, "task_ns": _S, "time_limit_ns": 60 * _S, "measure": RULES} | changes)
    assert why_too_long(asked, asked.task_ns) is None


@given(
    tasks=st.integers(1, 10**5),
    workers=st.integers(1, 64),
    task_ns=st.integers(1, 10**10),
    limit_ns=st.integers(1, 10**12),
    warmup=st.integers(0, 5),
)
def test_only_what_cannot_end_is_refused(
    tasks: int, workers: int, task_ns: int, limit_ns: int, warmup: int
) -> None:
    """A run whose serial trials alone exceed the limit is refused; one that fits even without workers is not."""
    rules = replace(RULES, warmup=warmup)
    asked = cell(tasks=tasks, workers=workers, time_limit_ns=limit_ns, measure=rules)
    told = why_too_long(asked, task_ns)
    serial = (warmup + 6) * tasks * task_ns
    if serial > limit_ns:
        assert told is not None
    if 2 * serial + tasks * task_ns <= limit_ns:
        assert told is None
