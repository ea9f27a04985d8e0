"""How much work a task does: agreed on by fresh processes, the same in all cells that are compared, kept with the sweep."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from breakeven.base.errors import BadValue
from breakeven.base.layout import SweepPaths
from breakeven.runner.cell.calibration import CalibrationResult, Calls
from breakeven.runner.cell.workloads._looped import loops_for
from breakeven.runner.engines import KINDS
from breakeven.runner.planning.calibration import (
    AGREEMENT,
    MOST_PROCESSES,
    Calibration,
    Work,
    agreeing,
    conclude,
    from_text,
    is_enough,
    to_text,
)
from breakeven.runner.planning.plan import Plan, make_plan
from breakeven.runner.planning.request import Origin
from breakeven.runner.planning.settling import known_calibrations, recovered, settle, uncalibrated
from breakeven.runner.sweep.calibrating import calibrate
from tests.fakes import FakeEngine, request

NOW = datetime(2026, 1, 31, 14, 5, 9, tzinfo=UTC)
WORK = Work("spin", "{}", 1024, 1024, 10**6, None)
AMOUNTS = st.lists(st.integers(1, 10**9), min_size=1, max_size=MOST_PROCESSES)


def _plan(folder: Path, *changes: dict[str, Any], **knobs: Any) -> Plan:
    requests = [request(rounds=2, sweep="mine", **knobs | change) for change in changes]
    return make_plan(requests, Origin(folder, NOW), KINDS)


def _attempts(*amounts: int) -> list[CalibrationResult]:
    return [CalibrationResult(amount, 10**6) for amount in amounts]


# --- agreement ---------------------------------------------------------------------------------------------------


@given(AMOUNTS)
def test_processes_agree_if_the_two_least_disturbed_are_near(amounts: list[int]) -> None:
    """What others slow down finds too few loops, so the two with the most count; their mean lies between them."""
    found = agreeing(_attempts(*amounts))
    most = sorted(amounts, reverse=True)[:2]
    assert (found is not None) == (len(most) == 2 and most[0] <= (1 + AGREEMENT) * most[1])
    assert found is None or most[1] <= found <= most[0]


@given(AMOUNTS)
def test_calibration_ends(amounts: list[int]) -> None:
    """By agreement, or after eight processes."""
    attempts = _attempts(*amounts)
    assert is_enough(attempts) == (agreeing(attempts) is not None or len(amounts) == MOST_PROCESSES)


def test_a_length_need_not_be_agreed_on() -> None:
    """A function sets its own amount of work: one process tells how many calls a trial holds."""
    assert not is_enough([])
    assert is_enough([CalibrationResult(None, 5000)])
    assert conclude(WORK, [CalibrationResult(None, 5000)], "python") == Calibration(
        WORK, None, 5000, "python"
    )


def test_disagreement_is_noted() -> None:
    """The amount is then the median, and the note gives the range and what it means."""
    made = conclude(WORK, _attempts(100, 200, 300), "python")
    assert made.amount == 200
    assert made.note == (
        "task=1ms: 3 calibrations of spin found 100 to 300 loops, and no two agreed within 2%; the machine was disturbed: "
        "all cells do the same work, but it may not take the time asked for"
    )


def test_a_length_that_was_missed_is_noted() -> None:
    """By more than a tenth, on the reference interpreter."""
    near = conclude(WORK, [CalibrationResult(100, 1_099_000)] * 2, "python")
    far = conclude(WORK, [CalibrationResult(100, 1_200_345)] * 2, "python")
    assert near.note == ""
    assert far.note == (
        "task=1ms: calibration reached 1.2ms; the machine was disturbed, or spin cannot be that short with this payload"
    )


def test_payloads_that_make_no_difference_leave_the_work_the_same() -> None:
    """Amounts within 5 % are made equal; a payload that costs a task more keeps its own; so does another length."""
    known = [Calibration(WORK, 1000, 10**6, "python")]
    large = WORK._replace(payload_bytes=2**20)
    assert conclude(large, _attempts(970, 972), "python", known).amount == 1000
    assert conclude(large, _attempts(500, 501), "python", known).amount == 500
    longer = WORK._replace(task_ns=2 * 10**6)
    assert conclude(longer, _attempts(980, 981), "python", known).amount == 980


@given(st.integers(2_000, 500_000_000), st.floats(1, 5_000), st.floats(0, 0.9))
def test_loops_are_found_for_any_length(task_ns: int, loop_ns: float, fixed: float) -> None:
    """Of a task whose length is known, to a loop; a task that is long is not run so often as it would be timed."""
    fixed_ns = fixed * task_ns
    clock = Clock(loop_ns, fixed_ns)
    loops = loops_for(task_ns, clock.make, clock)
    assert loops == 1 or abs(loops * loop_ns + fixed_ns - task_ns) <= 0.01 * task_ns + 2 * loop_ns
    assert clock.now < 60 * fixed_ns + 700_000_000


@given(st.integers(20_000, 20_000_000), st.floats(1, 100), st.integers(4, 9), st.integers(0, 3))
def test_calls_that_met_another_program_do_not_make_a_task_shorter(
    task_ns: int, loop_ns: float, every: int, first: int
) -> None:
    """One call of several takes as long as others had the CPU, however short it is itself."""
    clock = Clock(loop_ns, 0, delay_ns=10_000_000, every=every, first=first)
    loops = loops_for(task_ns, clock.make, clock)
    assert abs(loops * loop_ns - task_ns) <= 0.01 * task_ns + 2 * loop_ns


class Clock:
    """A clock that only tasks move on; one call in ``every`` also takes ``delay_ns``."""

    def __init__(
        self, loop_ns: float, fixed_ns: float, delay_ns: float = 0, every: int = 1, first: int = 0
    ) -> None:
        self.loop_ns = loop_ns
        self.fixed_ns = fixed_ns
        self.delay_ns, self.every, self.calls = delay_ns, every, first
        self.now = 0.0

    def __call__(self) -> int:
        """Return the time."""
        return round(self.now)

    def make(self, loops: int) -> Any:
        """Return a task of so many loops."""

        def task() -> None:
            self.calls += 1
            self.now += self.fixed_ns + loops * self.loop_ns + self.delay_ns * (self.calls % self.every == 0)

        return task


# --- of a sweep --------------------------------------------------------------------------------------------------


def test_one_calibration_serves_all_cells_with_the_same_task(tmp_path: Path) -> None:
    """Whatever their model, workers, interpreter or label; another length, payload or workload has its own."""
    same: list[dict[str, Any]] = [{"workers": 1}, {"workers": 4}, {"label": "a"}]
    others: list[dict[str, Any]] = [{"task": "2ms"}, {"payload": "1MiB"}, {"workload": {"name": "sleep"}}]
    plan = _plan(tmp_path, *same, *others)
    assert len(list(uncalibrated(plan))) == 4


def test_round_trips_need_none(tmp_path: Path) -> None:
    """Their pattern runs no workload."""
    plan = make_plan([request("pattern=pingpong", workers=1)], Origin(tmp_path, NOW), KINDS)
    assert not list(uncalibrated(plan))


def test_cells_do_the_same_work_once_it_is_known(tmp_path: Path) -> None:
    """All runs of a task get its amount, and it is one of their conditions."""
    plan = _plan(tmp_path, {"workers": 1}, {"workers": 2})
    made = calibrate(plan, {}, plan.cells, FakeEngine())
    runs = settle(plan, made.known, {}).runs
    assert {run.amount for run in runs} == {10_000}
    assert {run.known_conditions["task_amount"] for run in runs} == {10_000}


def test_only_what_is_to_be_measured_is_calibrated(tmp_path: Path) -> None:
    """A cell that is done needs no calibration."""
    plan = _plan(tmp_path, {"task": "1ms"}, {"task": "2ms"})
    made = calibrate(plan, {}, plan.cells[:1], FakeEngine())
    assert [work.task_ns for work in made.known] == [10**6]


@given(
    st.lists(st.tuples(st.integers(1, 10**6), st.integers(1, 10**9)), max_size=5, unique_by=lambda p: p[0])
)
def test_what_is_kept_is_read_again(found: list[tuple[int, int]]) -> None:
    """The file holds each calibration as it was."""
    made = [
        Calibration(WORK._replace(task_ns=task), amount, task, "/bin/python", "note")
        for task, amount in found
    ]
    assert from_text(to_text(made)) == {one.work: one for one in made}


def test_what_was_not_known_of_calls_before_is_empty() -> None:
    """The file of a sweep from before it was asked whether results can be pickled is read on."""
    made = Calibration(WORK, None, 10, "python3", calls=Calls(1, 2, 3, 4, 5, 0.5))
    older = json.loads(to_text([made]))
    del older["calibrations"][0]["calls"]["unpicklable"]
    assert from_text(json.dumps(older)) == {WORK: made}


@pytest.mark.parametrize("text", ["", "[]", '{"calibrations": [1]}', '{"calibrations": 3}', "{"])
def test_what_is_no_file_of_calibrations(text: str, tmp_path: Path) -> None:
    """It is noted, and what it held is taken from the stored runs."""
    plan = _plan(tmp_path, {})
    plan.sweep.mkdir(parents=True)
    SweepPaths(plan.sweep).calibration.write_text(text)
    row = {
        "cell_id": plan.cells[0],
        "tasks": 32,
        "task_amount": 77,
        "task_calibrated_ns": 10**6,
        "executable": "p",
    }
    found = known_calibrations(plan, {(plan.cells[0], 0): row})
    assert [one.amount for one in found.known.values()] == [77]
    assert found.known == recovered(plan, {(plan.cells[0], 0): row})
    assert "cannot be read" in found.notes[0]


def test_another_sweeps_calibration_is_taken(tmp_path: Path) -> None:
    """It comes before the sweep's own."""
    other = SweepPaths(tmp_path / "outputs" / "other")
    other.path.mkdir(parents=True)
    other.calibration.write_text(to_text([Calibration(WORK, 123, 10**6, "python")]))
    plan = _plan(tmp_path, {}, calibration="outputs/other")
    SweepPaths(plan.sweep).path.mkdir()
    SweepPaths(plan.sweep).calibration.write_text(to_text([Calibration(WORK, 7, 10**6, "python")]))
    assert known_calibrations(plan, {}).known[WORK].amount == 123


def test_a_folder_without_calibration_is_refused(tmp_path: Path) -> None:
    """In one line, with what to name instead."""
    with pytest.raises(BadValue) as refusal:
        known_calibrations(_plan(tmp_path, {}, calibration="outputs/none"), {})
    assert str(refusal.value) == (
        "calibration=outputs/none: there is no calibration.json; name the results folder of a sweep, such as outputs/NAME"
    )
