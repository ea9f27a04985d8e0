"""Which cells get further rounds, how many tasks a trial has, and when a launch's time is over."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from functools import cache
from math import exp
from pathlib import Path
from random import Random
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from breakeven.base.keys import Key
from breakeven.base.rounds import FIRST_LOOK, LOOKS
from breakeven.runner.config.cell import Cell
from breakeven.runner.engines import KINDS
from breakeven.runner.planning.calibration import Calibration
from breakeven.runner.planning.decisions import FAILURES, MAX_ROUNDS, PRECISION, Decisions
from breakeven.runner.planning.pending import find_pending
from breakeven.runner.planning.plan import Plan, make_plan
from breakeven.runner.planning.request import Origin
from breakeven.runner.planning.run import Run
from breakeven.runner.planning.settling import settle
from breakeven.runner.sweep.budget import Budget
from breakeven.runner.sweep.dry_run import lines
from breakeven.runner.sweep.schedule import Schedule, describe_forecast
from tests.examples import at_most
from tests.fakes import request

NOW = datetime(2026, 1, 31, 14, 5, 9, tzinfo=UTC)


def _plan(*changes: dict[str, Any], **knobs: Any) -> Plan:
    requests = [request("model=thread", sweep="mine", **knobs | change) for change in changes or ({},)]
    return settle(make_plan(requests, Origin(Path("/work"), NOW), KINDS), {}, {})


@cache
def _four(max_rounds: int | None = None, rounds: int | None = None) -> Plan:
    """Return a plan of four cells, two pairs of which are compared; it is the same for any seed."""
    knobs = {"max_rounds": max_rounds, "rounds": rounds}
    chosen = {name: value for name, value in knobs.items() if value}
    return _plan({"workers": 1}, {"workers": 2}, {"label": "a"}, {"label": "b"}, **chosen)


def _row(run: Run, speedup: float | None = 1.5, status: str = "ok", wall_ns: int = 10**8) -> dict[str, Any]:
    return {
        "cell_id": run.cell_id,
        "round": run.round,
        "pattern": run.cell.pattern,
        "status": status,
        "speedup": speedup,
        "latency_p50_ns": None,
        "tasks": run.cell.tasks,
        "wall_ns": wall_ns,
        **run.known_conditions,
    }


class Sweep:
    """Makes the runs of a plan with made-up speedups, launch after launch."""

    def __init__(self, plan: Plan, spreads: Mapping[str, float], seed: int = 1) -> None:
        self.plan = plan
        self.spreads = spreads
        self.seed = seed
        self.stored: dict[Key, dict[str, Any]] = {}
        self.predicted: list[tuple[Run, Run | None]] = []
        self.most_under_way = 0

    def launch(self, budget_ns: int | None = 0, most: int = 10_000) -> Schedule:
        """Make runs until the schedule, or ``most``, ends them."""
        pending = find_pending(self.plan, self.stored)
        schedule = Schedule(self.plan, pending, self.stored, Budget(budget_ns))
        for _ in range(most):
            run = schedule.next()
            if run is None:
                break
            row = _row(run, self.speedup(run))
            self.stored[run.key] = row
            self.predicted.append((run, schedule.following()))
            schedule.ended(run, row)
        return schedule

    def launch_on(self, nodes: int, random: Random) -> Schedule:
        """Make runs on several nodes at a time, which end in any order."""
        pending = find_pending(self.plan, self.stored)
        schedule = Schedule(self.plan, pending, self.stored, Budget(0), together=True)
        under_way: list[Run] = []
        while True:
            while len(under_way) < nodes and (run := schedule.next()) is not None:
                under_way.append(run)
            self.most_under_way = max(self.most_under_way, len(under_way))
            if not under_way:
                return schedule
            run = under_way.pop(random.randrange(len(under_way)))
            self.stored[run.key] = _row(run, self.speedup(run))
            schedule.ended(run, self.stored[run.key])

    def speedup(self, run: Run) -> float:
        """Return the same value for the same run."""
        return exp(Random(f"{self.seed}/{run.cell_id}/{run.round}").gauss(0, self.spreads[run.cell_id]))

    def rounds(self) -> dict[str, int]:
        """Count the rounds of each cell."""
        return {cell_id: sum(key[0] == cell_id for key in self.stored) for cell_id in self.plan.cells}


# --- decisions ---------------------------------------------------------------------------------------------------


def test_steady_cells_end_at_the_first_look() -> None:
    """Five rounds; one that varies goes on to a later look, and never beyond the most."""
    plan = _plan({"workers": 1}, {"workers": 2}, {"workers": 3}, max_rounds=20)
    steady, some, wild = plan.cells
    sweep = Sweep(plan, {steady: 0.001, some: 0.12, wild: 5.0})
    ended = sweep.launch().decisions
    rounds = sweep.rounds()
    assert rounds[steady] == FIRST_LOOK
    assert rounds[some] in LOOKS[1:]
    assert rounds[some] < 20
    assert rounds[wild] == 20
    assert [ended.ended_by(cell_id) for cell_id in plan.cells] == [PRECISION, PRECISION, MAX_ROUNDS]


@given(st.integers(0, 1000), st.integers(1, 9))
def test_several_nodes_make_the_same_runs_as_one(seed: int, nodes: int) -> None:
    """Whatever ends first, every cell gets as many rounds, ends for the same reason, and the nodes are kept busy."""
    plan = _four(max_rounds=22)
    spreads = dict(zip(plan.cells, (0.02, 0.1, 0.15, 0.4), strict=True))
    one, several = Sweep(plan, spreads, seed), Sweep(plan, spreads, seed)
    alone, together = one.launch().decisions, several.launch_on(nodes, Random(seed)).decisions
    assert one.stored == several.stored
    assert [alone.ended_by(cell) for cell in plan.cells] == [together.ended_by(cell) for cell in plan.cells]
    assert several.most_under_way == nodes


@given(st.integers(0, 1000), st.lists(st.integers(1, 40), max_size=6))
def test_a_sweep_that_is_carried_on_makes_the_same_runs(seed: int, stops: list[int]) -> None:
    """However often it is interrupted, every cell ends with the rounds that it has without interruption."""
    plan = _four(max_rounds=13)
    spreads = dict(zip(plan.cells, (0.02, 0.1, 0.15, 0.05), strict=True))
    whole, parts = Sweep(plan, spreads, seed), Sweep(plan, spreads, seed)
    whole.launch()
    for most in stops:
        parts.launch(most=most)
    parts.launch()
    assert parts.stored == whole.stored


@given(st.integers(0, 1000), st.booleans())
def test_the_next_run_is_known_unless_the_current_one_decides_a_cell(seed: int, some_rounds: bool) -> None:
    """Within a pass it is certain; after a pass, the run is wrong only if its cell or one compared with it is decided."""
    plan = _four(rounds=3) if some_rounds else _four(max_rounds=13)
    spreads = dict(zip(plan.cells, (0.02, 0.1, 0.15, 0.05), strict=True))
    sweep = Sweep(plan, spreads, seed)
    ended = sweep.launch().decisions
    made = [run for run, _ in sweep.predicted]
    for (run, predicted), came in zip(sweep.predicted, [*made[1:], None], strict=True):
        if came is not None and came.round == run.round:
            assert predicted == came
        elif predicted != came:
            assert predicted is not None
            assert predicted.round == run.round + 1
            assert ended.tries(predicted.cell_id) == predicted.round


def test_cells_that_are_compared_end_together() -> None:
    """Labels by default: the steady one waits for the other; cells that differ in more do not."""
    plan = _plan(*({"label": label, "workers": workers} for label in "ab" for workers in (1, 2)))
    steady = [run.cell_id for run in plan.runs if run.round == 0 and run.cell.label == "a"]
    spreads = {cell_id: 0.001 if cell_id in steady else 0.12 for cell_id in plan.cells}
    sweep = Sweep(plan, spreads)
    sweep.launch()
    of = {(planned.cell.label, planned.cell.workers): planned.cell_id for planned in plan.planned}
    rounds = sweep.rounds()
    assert rounds[of["a", 1]] == rounds[of["b", 1]] > FIRST_LOOK
    assert rounds[of["a", 2]] == rounds[of["b", 2]]


def _decide(plan: Plan, logs: Mapping[str, list[float | None]]) -> Iterator[tuple[str, list[str]]]:
    """Add the runs of all cells, round by round; yield each one's cell, and what has ended the cells by then.

    None is a failed run.
    """
    decisions = Decisions(plan.planned, ["label"])
    for values in zip(*logs.values(), strict=True):
        for cell_id, value in zip(logs, values, strict=True):
            status, speedup = ("crashed", None) if value is None else ("ok", exp(value))
            decisions.add({"cell_id": cell_id, "pattern": "map", "status": status, "speedup": speedup})
            yield cell_id, [decisions.ended_by(each) for each in logs]


def test_a_failed_run_does_not_keep_a_group_from_ending() -> None:
    """One has eight values, a look, when the other has nine, which is none: its latest one counts."""
    plan = _plan({"label": "a"}, {"label": "b"})
    one, other = plan.cells
    values = [0.075, -0.075] * 5
    states = [
        ended for _, ended in _decide(plan, {one: [values[0], None, *values[1:8]], other: [*values[:9]]})
    ]
    assert states[-1] == [PRECISION, PRECISION]
    assert states[:-1] == [["", ""]] * 17


def test_a_group_is_not_decided_within_a_pass() -> None:
    """One is narrow with six values only, the other with five already: it gets its sixth all the same."""
    plan = _plan({"label": "a"}, {"label": "b"})
    one, other = plan.cells
    wide, steady = [0.06, -0.06] * 3, [0.01, -0.01] * 3
    states = [ended for _, ended in _decide(plan, {one: [*wide], other: [*steady]})]
    assert states[-1] == [PRECISION, PRECISION]
    assert states[:-1] == [["", ""]] * 11


@pytest.mark.parametrize(("compare_by", "together"), [(["label", "workers"], 1), ("workers", 2), (None, 4)])
def test_what_is_compared_can_be_chosen(compare_by: Any, together: int) -> None:
    """The knobs that are named; none at all."""
    changes = [{"label": label, "workers": workers} for label in "ab" for workers in (1, 2)]
    plan = _plan(*changes, compare_by=compare_by)
    sweep = Sweep(plan, dict(zip(plan.cells, (0.001, 0.08, 0.15, 0.25), strict=True)))
    sweep.launch()
    assert len(set(sweep.rounds().values())) == together


def test_a_cell_that_keeps_failing_gets_no_further_rounds() -> None:
    """Three failures end it, and the cell that it is compared with goes on alone."""
    plan = _plan({"label": "a"}, {"label": "b"})
    decisions = Decisions(plan.planned, plan.policy.compare_by)
    a, b = plan.cells
    for run in plan.runs:
        fails = run.cell_id == a and run.round < 3
        decisions.add(_row(run, None if fails else 1.5, "failed" if fails else "ok"))
    assert decisions.ended_by(a) == FAILURES
    assert decisions.ended_by(b) == PRECISION


def test_a_fixed_number_of_rounds_decides_nothing() -> None:
    """Such cells are no part of the decisions, whatever they measure."""
    plan = _plan(rounds=3)
    sweep = Sweep(plan, dict.fromkeys(plan.cells, 5.0))
    assert len(sweep.launch().decisions) == 0
    assert set(sweep.rounds().values()) == {3}


def test_round_trips_are_decided_by_their_median() -> None:
    """They have no speedup."""
    requests = [request("pattern=pingpong", workers=1, sweep="mine")]
    plan = settle(make_plan(requests, Origin(Path("/work"), NOW), KINDS), {}, {})
    decisions = Decisions(plan.planned, ())
    for run in plan.runs:
        decisions.add(_row(run, None) | {"latency_p50_ns": 50_000 + run.round})
    assert decisions.ended_by(plan.cells[0]) == PRECISION
    assert decisions.so_far(plan.cells[0]).startswith("50us ±0%")


# --- the time ----------------------------------------------------------------------------------------------------


def test_the_default_budget_is_nine_rounds() -> None:
    """Three times what three rounds take: cells that stay undecided get what the others leave."""
    plan = _plan({"workers": 1}, {"workers": 2}, max_rounds=1000)
    sweep = Sweep(plan, dict.fromkeys(plan.cells, 5.0))
    assert sweep.launch(budget_ns=None).over_budget
    assert sum(sweep.rounds().values()) == 18
    alone = Sweep(plan, dict(zip(plan.cells, (0.001, 5.0), strict=True)))
    alone.launch(budget_ns=None)
    assert list(alone.rounds().values()) == [5, 13]


def test_a_budget_that_is_over_ends_the_runs() -> None:
    """Of cells with a fixed number of rounds as well; resuming makes the rest."""
    plan = _plan(rounds=3)
    sweep = Sweep(plan, dict.fromkeys(plan.cells, 0.1))
    assert sweep.launch(budget_ns=1).over_budget
    assert not sweep.stored
    assert not sweep.launch(budget_ns=0).over_budget
    assert len(sweep.stored) == 3


@pytest.mark.parametrize(
    ("knobs", "expected"),
    [
        ({"rounds": 3}, "about 0:0"),
        ({}, "1 cell to decide, 5 to 30 rounds each, between 0:0"),
        ({"max_rounds": 5}, "1 cell to decide, 5 rounds each, about 0:0"),
        ({"max_rounds": 1}, "1 cell to decide, 1 round each, about 0:0"),
        ({"budget": "1ns"}, "1 cell to decide, 5 to 30 rounds each, about 0:00"),  # over before it begins
    ],
)
def test_the_forecast_names_both_ends(knobs: dict[str, Any], expected: str) -> None:
    """From what is made in any case to what precision or budget may take."""
    plan = _plan(**knobs)
    assert describe_forecast(plan, find_pending(plan, {}), {}).startswith(expected)


@at_most(30)
@given(
    st.integers(1, 12),
    st.sampled_from([{"rounds": 3}, {"rounds": 1}, {}, {"max_rounds": 1}]),
    st.floats(0.01, 3).filter(lambda share: not 0.95 < share < 1.05),
)
def test_a_plan_that_its_budget_does_not_hold_says_so(
    cells: int, knobs: dict[str, Any], share: float
) -> None:
    """With a fixed number of rounds as well; and no forecast is longer than the time that was asked for."""
    plan = _plan(*({"label": f"c{number}"} for number in range(cells)), **knobs)
    runs = len(find_pending(plan, {}).waiting)
    needed = _on_time(plan, 0).forecast.least
    asked = round(share * needed * 1e9)
    with patch("breakeven.runner.sweep.budget.perf_counter", return_value=0.0):
        said, forecast = _on_time(plan, asked).misfit(), _on_time(plan, asked).forecast
    assert _on_time(plan, 0).misfit() is _on_time(plan, None).misfit() is None
    assert forecast.most <= asked / 1e9
    if share > 1:
        assert said is None
        return
    found = re.fullmatch(
        r"budget=\S+ holds (about (\d+)|none) of the (\d+) runs? to make, which takes? about \S+; "
        "choose a longer budget, fewer cells or fewer rounds",
        str(said),
    )
    assert found is not None
    assert int(found[3]) == runs
    assert 0 <= share * runs - int(found[2] or 0) < 1.01


def _on_time(plan: Plan, budget_ns: int | None) -> Schedule:
    """Return the schedule of a launch that begins at 0 s."""
    return Schedule(plan, find_pending(plan, {}), {}, Budget(budget_ns, began=0.0))


def test_a_dry_run_tells_what_a_launch_would_do() -> None:
    """Of cells with more rounds than the first look: further ones within max_rounds, and none beyond it."""
    plan = _plan({"workers": 1}, {"workers": 2}, max_rounds=30)
    sweep = Sweep(plan, dict(zip(plan.cells, (0.001, 5.0), strict=True)))
    sweep.launch(most=5 + 9)
    assert _shown(sweep, plan) == [
        "5 rounds, 5 done",
        "10 to 30 rounds, 9 done",
        "14 runs made: 1 cell to decide, 10 to 30 rounds each, between 0:00 and 0:01 (estimated from the stored runs)",
    ]
    assert not sweep.launch().decisions.undecided()
    assert len(sweep.stored) == 35
    ended = "1 of 2 cells reached max_rounds undecided; a larger max_rounds gives them further rounds"
    assert _shown(sweep, plan) == [
        "5 rounds, 5 done",
        "30 rounds, 30 done",
        ended,
        "0 of 35 runs to make: nothing to do",
    ]
    more = _plan({"workers": 1}, {"workers": 2}, max_rounds=90, budget=None)
    assert _shown(sweep, more)[1:2] == ["40 to 90 rounds, 30 done"]
    assert _shown(sweep, more)[-1].startswith(
        "35 runs made: 1 cell to decide, 40 to 90 rounds each, between 0:01 and 0:06 ("
    )


def _shown(sweep: Sweep, plan: Plan) -> list[str]:
    """Return the lines of a dry run: of cells what follows their names, then the last ones."""
    found = list(lines(plan, find_pending(plan, sweep.stored), sweep.stored))
    return [line.rpartition("  ")[2] for line in found[1:]]


@given(st.integers(1, 40), st.integers(0, 99))
def test_a_cell_is_decided_no_sooner_than_is_said(made: int, seed: int) -> None:
    """Whatever was measured: a launch makes at least so many rounds, and may end there."""
    plan = _plan(max_rounds=40)
    sweep = Sweep(plan, dict.fromkeys(plan.cells, 0.3), seed)
    schedule = sweep.launch(most=made)
    if schedule.decisions.undecided():
        least = schedule.decisions.next_end(plan.cells[0])
        sweep.launch()
        assert made < least <= len(sweep.stored)


# --- tasks -------------------------------------------------------------------------------------------------------


def _cells(plan: Plan) -> Iterator[Cell]:
    return (planned.cell for planned in plan.planned)


def test_a_trial_holds_as_many_tasks_as_it_lasts() -> None:
    """32 of 1 ms in 32 ms; two a worker of longer ones; the same in all cells that are compared."""
    assert {cell.tasks for cell in _cells(_plan({"workers": 1}, {"workers": 4}))} == {32}
    assert {cell.tasks for cell in _cells(_plan({"workers": 1}, {"workers": 4}, task="100ms"))} == {8}
    assert {cell.tasks for cell in _cells(_plan({"workers": 1}, {"workers": 64}))} == {128}
    assert {cell.tasks for cell in _cells(_plan(trial="5ms"))} == {5}


def test_a_function_gets_its_number_once_its_length_is_known() -> None:
    """None before; then that of the call, the same for all workers; cells that have runs keep theirs."""
    requests = [
        request(
            "workload=function", "workload.target=math:sqrt", "workload.args=[2]", workers=n, sweep="mine"
        )
        for n in (1, 2)
    ]
    plan = make_plan(requests, Origin(Path("/work"), NOW), KINDS)
    assert {run.cell.tasks for run in settle(plan, {}, {}).runs} == {0}
    (work,) = {planned.work for planned in plan.planned if planned.work}
    known = {work: Calibration(work, None, 10**6, "python")}
    assert {run.cell.tasks for run in settle(plan, known, {}).runs} == {32}
    kept = {(plan.cells[0], 0): {"cell_id": plan.cells[0], "tasks": 20, "source": work.source}}
    assert [planned.cell.tasks for planned in settle(plan, known, kept).planned] == [20, 32]
    assert [planned.cell.tasks for planned in settle(plan, {}, {}, finally_=True).planned] == [2, 4]


@given(st.integers(1, 10**9), st.integers(1, 64), st.integers(10**6, 10**9))
def test_every_worker_has_at_least_two_tasks(task_ns: int, workers: int, trial_ns: int) -> None:
    """Whatever the lengths, and never a trial of no tasks."""
    plan = _plan(
        workers=workers,
        task=f"{task_ns}ns",
        trial=f"{trial_ns}ns",
        limits={"time": "1000min", "memory": None},
    )
    (cell,) = _cells(plan)
    assert cell.tasks >= 2 * workers
    assert cell.tasks == 2 * workers or cell.tasks * task_ns < trial_ns + task_ns
