"""Parts of the inputs that a user gives: which ones, how many, when, and that races on them are right."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from math import inf
from typing import Any
from weakref import ref

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks import parts as simulation
from breakeven.base.errors import BadValue
from breakeven.runner.cell import first_calls
from breakeven.runner.cell.calibration import Calls
from breakeven.runner.cell.first_calls import observe
from breakeven.runner.cell.given import drawn
from breakeven.runner.cell.workloads._abc import Sizes, Task, Workload
from breakeven.runner.config.cell import Cell, parse
from breakeven.runner.environment import cpu_count
from breakeven.runner.planning.calibration import Calibration, work_of
from breakeven.runner.planning.tasks import TaskCounts, least_part
from tests import samples
from tests.fakes import plain

MS = 10**6


@given(st.lists(st.integers(), max_size=30), st.integers(0, 40), st.text(max_size=3))
def test_a_part_is_drawn_in_order(inputs: list[int], take: int, seed: str) -> None:
    """Always the same with one seed; all of them if there are no more."""
    places = list(enumerate(inputs))
    found = drawn(places, take, seed)
    assert found == sorted(set(found))
    assert set(found) <= set(places)
    assert len(found) == (min(take, len(inputs)) or len(inputs))
    assert drawn(places, take, seed) == found


def test_each_input_is_drawn_as_often_as_any_other() -> None:
    """Over rounds, so that nothing of the list is left out for ever."""
    counted = Counter(one for round_ in range(400) for one in drawn(list(range(20)), 5, f"1/{round_}"))
    assert set(counted) == set(range(20))
    assert 60 < min(counted.values()) <= max(counted.values()) < 140


def cell(**changes: Any) -> Cell:
    """Return a cell of a function with a list of inputs, whose trials are as long as 24 ms, or a part of 150 ms."""
    return samples.cell(
        workload="function",
        workload_options={"target": "mine:work", "inputs": "mine:NUMBERS"},
        **{"tasks": 0, "task_ns": 0, "trial_ns": 24 * MS, "longest_trial_ns": 150 * MS, "workers": 8}
        | changes,
    )


def known(of: Cell, length: int, cpus: float, size: int = 0) -> Calibration:
    """Return what calls of the function take, and how many CPUs they keep busy."""
    work = work_of(of, "abc", "python3")
    assert work is not None
    return Calibration(work, None, length, "python3", calls=Calls(0, 0, 500, length, size, cpus))


@pytest.mark.parametrize(
    ("inputs", "length", "cpus", "tasks"),
    [
        (500, 2 * MS, 1.0, 75),  # 150 ms
        (60, 2 * MS, 1.0, 60),  # all of them take less
        (6, 2 * MS, 1.0, 12),  # and are repeated, whole
        (500, 20 * MS, 0.0, 32),  # each of eight workers waits by itself
        (500, 20 * MS, 1.0, min(32, 8 * cpu_count())),
        (10, 500 * MS, 1.0, 10),  # fewer than there must be
        (10**6, 100, 1.0, 20_000),  # handing over more than that takes far longer
    ],
)
def test_a_trial_that_would_be_too_long_does_a_part(
    inputs: int, length: int, cpus: float, tasks: int
) -> None:
    """As many as its length holds, and enough for its workers; the same for all cells that are compared."""
    cells = [cell(), cell(workers=2)]
    counts = TaskCounts((one, known(one, length, cpus)) for one in cells)
    assert [counts.of(one, inputs) for one in cells] == [tasks, tasks]
    whole = [replace(one, longest_trial_ns=0) for one in cells]
    counts = TaskCounts((one, known(one, length, cpus)) for one in whole)
    assert counts.of(whole[0], inputs) % inputs == 0


@pytest.mark.parametrize(("size", "tasks"), [(0, 608), (100 << 10, 608), (1 << 20, 80), (64 << 20, 16)])
def test_a_trial_stays_one_if_payloads_take_longer_than_the_work(size: int, tasks: int) -> None:
    """A trial of 24 ms holds 608 calls of 40 us; if each sent 1 MiB, it would become more than half a second."""
    one = replace(cell(), longest_trial_ns=0)
    counts = TaskCounts([(one, known(one, 40_000, 1.0, size))])
    assert counts.of(one, 16) == tasks


def test_a_part_occupies_the_workers() -> None:
    """Four inputs for each if they wait; those that compute share the CPUs, whatever their number."""
    assert least_part(16, 2, waits=True) == 64
    assert least_part(16, 2, waits=False) == 16
    assert least_part(2, 8, waits=False) == 8


def test_the_length_is_a_time_and_has_an_effect_on_lists_alone() -> None:
    """So that cells that measure the same are one."""
    options = {"target": "mine:work", "inputs": "mine:NUMBERS"}
    listed = plain("workload=function", longest_trial="150ms")
    listed["workload"] |= options
    assert parse(listed).longest_trial_ns == 150 * MS
    assert parse(listed | {"tasks": 64}).longest_trial_ns == 0
    assert parse(listed | {"longest_trial": None}).longest_trial_ns == 0
    assert parse(plain(longest_trial="150ms")) == parse(plain())
    assert parse({key: value for key, value in plain().items() if key != "longest_trial"}) == parse(plain())
    with pytest.raises(BadValue, match="longest_trial=0: needs a time above 0"):
        parse(listed | {"longest_trial": "0"})


class Waits(Workload):
    """A user's function that keeps its caller waiting for as many ns as its input says, by a clock of its own."""

    LENGTH = False
    FOREIGN = True
    lists = True

    def __init__(self, lengths: list[int]) -> None:
        super().__init__({}, Sizes(0, 0), 0)
        self.lengths = lengths
        self.seen: list[int] = []
        self.now_ns = 0

    def inputs(self) -> list[int]:
        """Return the lengths."""
        return list(self.lengths)

    def open(self) -> Task:
        """Return the function."""

        def wait(length: int) -> tuple[int, int]:
            self.seen.append(length)
            self.now_ns += length
            return 0, length

        return wait


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> Callable[[list[int]], Waits]:
    """Return what makes such a function, whose clock is that of its first calls."""

    def make(lengths: list[int]) -> Waits:
        made = Waits(lengths)
        for clock in ("perf_counter_ns", "process_time_ns"):
            monkeypatch.setattr(first_calls, clock, lambda: made.now_ns)
        monkeypatch.setattr(first_calls, "_waited_ns", lambda _: 0)
        return made

    return make


def test_a_calibration_calls_with_a_part_in_random_order(waits: Callable[[list[int]], Waits]) -> None:
    """A list that is sorted by length is not judged by its first inputs, nor called through."""
    lengths = [(place + 1) * 20_000 for place in range(200)]  # 20 us to 4 ms, 2 ms in the mean
    brief = waits(lengths)
    seen, inputs = observe(brief, apart=False, within_ns=40 * MS)
    assert inputs.count == 200
    assert 10 <= seen.called <= 50
    assert len(set(brief.seen)) <= 50
    assert 1.3 * MS < seen.task_ns < 3 * MS
    whole = waits([MS] * 4)
    assert observe(whole, apart=False, within_ns=inf)[0].called == 4


@pytest.mark.parametrize("kind", ["alike", "uniform"])
def test_races_on_a_part_are_right(kind: str) -> None:
    """A small share of `benchmarks.parts`, with a fixed seed: in a minute they decide where races on all inputs cannot."""
    found = simulation.rows(kind, 500, 0.002, races=12, seed=3)
    assert found["part"].wrong <= simulation.ALLOWED
    assert found["part"].decided >= 0.25 > found["all"].decided
    assert found["part"].behind < 0.06 < found["all"].behind


class Large(bytearray):
    """A result of 20 MiB, which can be seen to be gone."""


class Makes(Waits):
    """A user's function with large results; ``most`` is how many there were at once."""

    most = 0

    def open(self) -> Task:
        """Return the function."""
        made: list[ref[Large]] = []

        def make(_: int) -> tuple[int, Large]:
            result = Large(20 << 20)
            made.append(ref(result))
            self.most = max(self.most, sum(one() is not None for one in made))
            return 0, result

        return make


def test_calibrating_keeps_few_large_results() -> None:
    """Of a list whose results together would fill the memory, 64 MiB, and those that are just made or replaced."""
    workload = Makes([0] * 12)
    observe(workload, apart=False)
    assert 3 <= workload.most <= 5
