"""What ``max_time`` cannot hold is said before the first run: which cells, how long, and a remedy that holds."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from breakeven.base.units import read_time
from breakeven.runner.cell.calibration import Calls
from breakeven.runner.cell.feasibility import least_ns
from breakeven.runner.config.parsing import read_length
from breakeven.runner.engines import KINDS
from breakeven.runner.planning.bounds import over_their_time
from breakeven.runner.planning.calibration import Calibration
from breakeven.runner.planning.plan import Plan, make_plan
from breakeven.runner.planning.request import Origin
from breakeven.runner.planning.run import Source
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


def _of_a_list(workers: list[int], inputs: int, length_ns: int, cpus: float, **changes: Any) -> Plan:
    """Return the plan of a function that is called with a list of inputs, whose calls are known to take so long."""
    made = _plan(*({"workers": number} for number in workers))
    source = Source(
        folder="",
        digest="abc",
        files=(),
        hashes=(),
        packages=(),
        commit=None,
        dirty=None,
        inputs=inputs,
    )
    options = {"target": "mine:work", "inputs": "mine:NUMBERS"}
    function: dict[str, Any] = {"workload": "function", "workload_options": options, "task_ns": 0}
    auto: dict[str, Any] = {"tasks": 0, "trial_ns": 32_000_000}
    planned = tuple(
        replace(one, source=source, cell=replace(one.cell, **function | auto | changes))
        for one in made.planned
    )
    calls = Calls(0, 0, inputs, length_ns, 0, cpus)
    works = {one.work for one in planned}
    known = {work: Calibration(work, None, length_ns, "python3", calls=calls) for work in works if work}
    return settle(replace(made, planned=planned, runs=()), known, {})


def _with(plan: Plan, knob: str, value: str) -> Plan:
    """Return the plan with another value of a knob."""
    changed: dict[str, Any] = {f"{knob}_ns": read_length(value, knob), "tasks": 0, "take": 0}
    planned = tuple(replace(one, cell=replace(one.cell, **changed)) for one in plan.planned)
    known = {one.work: one.calibration for one in planned if one.work and one.calibration}
    return settle(replace(plan, planned=planned), known, {})


@given(
    st.lists(st.integers(1, 8), min_size=1, max_size=3, unique=True),
    st.one_of(st.integers(1, 12), st.integers(13, 2000)),
    st.integers(3, 9).flatmap(lambda digits: st.integers(10**digits, 10 ** (digits + 1))),
    st.sampled_from([0.0, 1.0]),
    st.sampled_from([100, 300, 1000]),
)
@at_most(150)
def test_what_is_said_of_a_list_of_inputs_has_an_effect(
    workers: list[int], inputs: int, length_ns: int, cpus: float, most_ms: int
) -> None:
    """Whatever makes a trial long: a list that is repeated, or one that takes long as it is."""
    rules = replace(_plan({}).planned[0].cell.measure, max_time_ns=most_ms * 10**6)
    plan = _of_a_list(workers, inputs, length_ns, cpus, measure=rules)
    said = over_their_time(plan)
    if said is None:
        return
    found = re.search(r"try (trial|longest_trial)=([\w.]+)", said)
    if found is None:
        assert re.search(r"try measure.max_time=\w+$", said)
        return
    changed = _with(plan, found[1], found[2])
    assert over_their_time(changed) is None
    assert all(
        new.cell.tasks <= old.cell.tasks for new, old in zip(changed.planned, plan.planned, strict=True)
    )
    assert (found[1] == "longest_trial") == any(one.cell.take for one in changed.planned)


@pytest.mark.parametrize(
    ("inputs", "length_ns", "remedy"),
    [
        (5, 6_460, "trial=15.3ms"),  # a short list, repeated: 476 times in place of 798
        (500, 10_000_000, "longest_trial=150ms, with which each round does a part of the inputs"),
        (1, 400_000_000, "measure.max_time=4s"),  # of one input there is no part
    ],
)
def test_a_part_is_named_only_of_a_list_that_has_one(inputs: int, length_ns: int, remedy: str) -> None:
    """Of one that is repeated, fewer repetitions help."""
    most_ns = 100_000_000 if length_ns < 10**6 else 10**9
    rules = replace(_plan({}).planned[0].cell.measure, max_time_ns=most_ns)
    said = over_their_time(_of_a_list([2], inputs, length_ns, 1.0, measure=rules))
    assert said is not None
    assert f"; try {remedy}" in said


@pytest.mark.parametrize(("inputs", "remedy"), [(5, "tasks=2380, or"), (2500, "measure.max_time=1s")])
def test_tasks_that_are_typed_are_answered_with_such(inputs: int, remedy: str) -> None:
    """They are a multiple of the inputs, and the length of a trial has no effect on them."""
    rules = replace(_plan({}).planned[0].cell.measure, max_time_ns=100_000_000)
    typed: dict[str, Any] = {"measure": rules, "trial_ns": 0}
    said = over_their_time(_of_a_list([2], inputs, 6_460, 1.0, tasks=5000, **typed))
    assert said is not None
    assert f"; try {remedy}" in said
    assert over_their_time(_of_a_list([2], inputs, 6_460, 1.0, tasks=2380, **typed)) is None
