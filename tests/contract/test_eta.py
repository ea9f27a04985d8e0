"""How long runs will take: from knobs, corrected by what was measured."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from breakeven.runner.config.cell import Cell, parse
from breakeven.runner.planning.calibration import Calibration
from breakeven.runner.planning.eta import Eta, expected_ns
from tests.fakes import plain


@dataclass(frozen=True)
class One:
    """A cell, and what is known of its task."""

    cell: Cell
    calibration: Calibration | None = None


def _cell(*overrides: str, **knobs: Any) -> One:
    return One(parse(plain(*overrides, **knobs)))


def test_the_time_allowed_bounds_a_run() -> None:
    """Short trials go on until max_time; the process and the warm-up come on top."""
    seconds = expected_ns(_cell("model=serial", workers=1, tasks=16, rounds=3), 2) / 1e9
    assert 1 < seconds < 1.5


def test_long_trials_take_as_long_as_the_least_number_of_them() -> None:
    """Pairs of ten seconds each, and one to warm up, are no second, whatever max_time says: six of a single round, else three."""
    for rounds, pairs in ((1, 7), (3, 4), ("auto", 4)):
        cell = _cell("model=serial", "limits.time=10min", workers=1, tasks=10, task="1s", rounds=rounds)
        seconds = expected_ns(cell, 2) / 1e9
        assert pairs * 2 * 10 <= seconds < 1.1 * pairs * 2 * 10


@pytest.mark.parametrize(
    ("shorter", "longer"),
    [
        (("workload=sleep", "model=thread", "workers=4"), ("workload=spin", "model=thread", "workers=4")),
        (("model=process", "workers=2"), ("model=process", "workers=1")),
        (("model=process",), ("model=process", "model.start_method=spawn")),
    ],
)
def test_what_runs_at_once_takes_less(shorter: tuple[str, ...], longer: tuple[str, ...]) -> None:
    """Workers that wait, processes on several CPUs, and workers that need not import anything."""
    long = ("task=100ms", "limits.time=10min")
    assert expected_ns(_cell(*shorter, *long), 2) < expected_ns(_cell(*longer, *long), 2)


def test_what_ended_corrects_what_waits() -> None:
    """Runs of one kind that took three times as long as expected let the rest of them take as long."""
    cell, other = _cell(), _cell("model=thread")
    forecast = Eta(cpus=2)
    forecast.add([cell] * 3)
    before = forecast.seconds_left
    forecast.ended(cell, 3 * expected_ns(cell, 2))
    assert forecast.seconds_left == pytest.approx(2 * before)
    forecast.learn(other, expected_ns(other, 2))  # of another kind
    assert forecast.seconds_left == pytest.approx(2 * before)


def test_a_kind_of_its_own_is_corrected_by_all_others() -> None:
    """Until one of its runs has ended."""
    cell, other = _cell(), _cell("model=thread")
    forecast = Eta(cpus=2)
    forecast.add([cell])
    before = forecast.seconds_left
    forecast.learn(other, 2 * expected_ns(other, 2))
    assert forecast.seconds_left == pytest.approx(2 * before)


@given(st.permutations(range(6)), st.lists(st.floats(1e6, 1e11), min_size=6, max_size=6))
def test_nothing_is_left_in_the_end(order: list[int], walls: list[float]) -> None:
    """In whatever order runs end and however long they take."""
    cells = [_cell("model=thread", workers=1 + place % 3) for place in range(6)]
    forecast = Eta(cpus=2)
    forecast.add(cells)
    for place in order:
        assert forecast.seconds_left > 0
        forecast.ended(cells[place], walls[place])
    assert forecast.seconds_left == pytest.approx(0, abs=1e-6)
