"""Which cells are lines of a bisection, what it is told, and which run it makes next."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from breakeven.base.errors import BadInput
from breakeven.runner.config.search import BisectSearch, read_bisection
from breakeven.runner.engines import KINDS
from breakeven.runner.hydra_app.parts import at_positions
from breakeven.runner.planning.cells import PlannedCell
from breakeven.runner.planning.lines import lines_of
from breakeven.runner.planning.pending import find_pending
from breakeven.runner.planning.plan import Plan, make_plan
from breakeven.runner.planning.request import Origin, Request
from breakeven.runner.planning.run import Run
from breakeven.runner.planning.settling import settle
from breakeven.runner.sweep.bisecting import BisectSchedule
from breakeven.runner.sweep.budget import Budget
from breakeven.runner.sweep.searches import search_lines
from tests.contract.test_candidates import row
from tests.fakes import request

NOW = datetime(2026, 1, 31, 14, 5, 9, tzinfo=UTC)
TOLD = {"along": "task", "between": None, "factor": 1.25, "most": 60}
SEARCH = BisectSearch("task", 100_000, 10_000_000, 1.25, 20)


def plan(*lines: dict[str, Any], search: BisectSearch = SEARCH) -> Plan:
    """Return the plan of a bisection of these lines."""
    requests = []
    for line in lines:
        for value in search.positions:
            chosen = {"model": "thread"} | {
                key: one for key, one in line.items() if key in ("model", "pattern", "ipc")
            }
            knobs = {key: one for key, one in line.items() if key not in chosen}
            own = request(*(f"{key}={one}" for key, one in chosen.items()), sweep="mine", **knobs)
            plain = own.plain | {search.along: value}
            typed = (*(f"{key}={one}" for key, one in line.items()), f"{search.along}={value}")
            requests.append(Request(plain, typed, own.choices))
    return settle(make_plan(requests, Origin(Path("/work"), NOW), KINDS, search), {}, {})


class Settling:
    """Notes which cells are settled."""

    def __init__(self, made: Plan) -> None:
        self.made = made
        self.cells: list[str] = []

    def __call__(self, planned: PlannedCell) -> Plan:
        """Return the plan as it is."""
        self.cells.append(planned.cell_id)
        return self.made


def test_positions_have_equal_ratios() -> None:
    """Four within the factor, the ends included, each written as one would type it."""
    search = read_bisection(TOLD)
    assert (search.positions[0], search.positions[-1], len(search.positions)) == ("10us", "30ms", 145)
    sizes = read_bisection(TOLD | {"along": "payload", "between": ["1KiB", "1MiB"]})
    assert len(sizes.positions) == 125
    assert (sizes.positions[0], sizes.positions[62], sizes.positions[-1]) == ("1KiB", "32KiB", "1MiB")
    assert not [size for size in sizes.positions[-40:] if not size.endswith(("KiB", "MiB"))]
    assert (sizes.about(67_400.5), search.about(196_123.4)) == ("66KiB", "196us")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"along": "workers"}, "hydra.sweeper.along=workers: no such choice"),
        ({"between": "1ms"}, "hydra.sweeper.between=1ms: not two values of task"),
        ({"between": ["1ms", "1.1ms"]}, "hydra.sweeper.between=[1ms,1.1ms]: holds no range"),
        ({"between": ["0", "1ms"]}, "hydra.sweeper.between=[0,1ms]: holds no range"),
        ({"between": ["1KiB", "1ms"]}, "hydra.sweeper.between=1KiB: KiB is not a unit of time"),
        ({"factor": 1}, "hydra.sweeper.factor=1: not a number from 1.05 to 4"),
        ({"factor": "x"}, "hydra.sweeper.factor=x: not a number"),
        ({"most": 2}, "hydra.sweeper.most=2: not a whole number from 6"),
    ],
)
def test_what_a_bisection_is_told_is_checked(given: dict[str, Any], said: str) -> None:
    """In one line, before anything runs."""
    with pytest.raises(BadInput) as caught:
        read_bisection(TOLD | given)
    assert str(caught.value).startswith(said)


def test_a_job_does_not_set_the_axis() -> None:
    """Its values are the bisection's."""
    assert at_positions([["workers=2"]], SEARCH)[0] == ["workers=2", "task=100us"]
    with pytest.raises(BadInput, match=r"^task=1ms: hydra/sweeper=bisect chooses the values of task"):
        at_positions([["workers=2", "task=1ms"]], SEARCH)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ({"model": "process", "workers": 1, "pattern": "pingpong", "ipc": "pipe"}, "pattern=pingpong: a bis"),
        ({"rounds": 3}, "rounds: a bisection chooses how often"),
        ({"model": "serial", "workers": 1}, "model=serial: its speedup is 1 everywhere"),
    ],
)
def test_a_line_has_a_speedup_to_cross(line: dict[str, Any], said: str) -> None:
    """And its rounds are the bisection's."""
    with pytest.raises(BadInput) as caught:
        plan(line)
    assert str(caught.value).startswith(said)


def test_lines_differ_in_everything_but_the_axis() -> None:
    """Their cells are in the order of the axis; a larger payload pays later."""
    found = lines_of(plan({"workers": 2}, {"workers": 4}).planned, SEARCH)
    assert [line.name for line in found] == ["spin 1KiB thread/queue x2", "spin 1KiB thread/queue x4"]
    assert all(list(line.positions) == sorted(line.positions) for line in found)
    assert all(line.larger_pays for line in found)
    search = BisectSearch("payload", 1024, 2**20, 1.25, 20)
    (line,) = lines_of(plan({"workers": 2}, search=search).planned, search)
    assert not line.larger_pays


def schedule(made: Plan, settling: Settling, budget: int | None = None) -> BisectSchedule:
    """Return what chooses the runs of a bisection that has none yet."""
    return BisectSchedule(made, find_pending(made, {}), {}, Budget(budget), settling)


def speedup(run: Run) -> float:
    """Return that of a line that crosses at half a millisecond."""
    return 1 / (0.5 + 0.5 * 500_000 / run.cell.task_ns)


def test_a_bisection_ends_when_all_lines_are_decided() -> None:
    """The line with the fewest runs is next, and no cell is calibrated that is not measured."""
    made = plan({"workers": 2}, {"workers": 4})
    settling = Settling(made)
    turns, runs = schedule(made, settling), list[Run]()
    assert len(turns.decisions) == 2
    assert turns.forecast.most > 0
    while (run := turns.next(lambda _: True)) is not None:
        turns.ended(run, row(run, speedup(run)))
        runs.append(run)
    assert [run.order for run in runs] == list(range(len(runs)))
    assert len({run.key for run in runs}) == len(runs)
    assert {run.cell.workers for run in runs[:2]} == {2, 4}
    assert set(settling.cells) == {run.cell_id for run in runs}
    assert turns.decisions.decided == 2
    assert turns.decisions.so_far(runs[0].cell_id).startswith("crosses, ")
    assert not turns.over_budget


def test_a_bisection_ends_with_its_budget_and_waits_for_nodes() -> None:
    """As a grid does."""
    made = plan({"workers": 2})
    turns = schedule(made, Settling(made), budget=1)
    assert turns.next(lambda _: True) is None
    assert turns.over_budget
    endless = schedule(made, Settling(made))
    assert endless.next(lambda _: False) is None
    run = endless.next(lambda _: True)
    assert run is not None
    assert endless.next(lambda _: True) is None  # the next one depends on this one


def test_what_is_stored_counts_when_a_bisection_is_carried_on() -> None:
    """The next run is the one that would have been next."""
    made, stored = plan({"workers": 2}), dict[Any, dict[str, Any]]()
    first = schedule(made, Settling(made))
    for _ in range(4):
        run = first.next(lambda _: True)
        assert run is not None
        stored[run.key] = row(run, speedup(run))
        first.ended(run, stored[run.key])
    later = BisectSchedule(made, find_pending(made, stored), stored, Budget(None), Settling(made))
    assert later.text == first.text
    expected, found = (turns.next(lambda _: True) for turns in (first, later))
    assert expected is not None
    assert found is not None
    assert (found.key, found.order) == (expected.key, 4)


def test_a_bisection_says_what_it_does() -> None:
    """In words before its first run, and as data in the file."""
    made = plan({"workers": 2})
    turns = schedule(made, Settling(made), budget=10**9)
    assert turns.describe() == (
        "a bisection of 1 line along task from 100us to 10ms, to a factor of 1.25, at most 20 runs each and 0:01"
    )
    written = json.loads(turns.text)
    assert written["search"] == "bisect"
    assert written["lines"][0]["positions"][0] == 100_000
    assert len(written["lines"][0]["cell_ids"]) == len(SEARCH.positions)


def test_a_dry_run_of_a_bisection_shows_its_lines() -> None:
    """Not the positions, of which a few are measured; nothing is calibrated for it."""
    made = plan({"workers": 2}, {"workers": 4})
    shown = list(search_lines(made, find_pending(made, {}), {}, ""))
    assert shown[0].startswith("a bisection of 2 lines along task from 100us to 10ms, to a factor of 1.25, ")
    assert shown[1:] == [
        "     1  spin 1KiB thread/queue x2  0 runs",
        "     2  spin 1KiB thread/queue x4  0 runs",
        "0 of 2 decided; which run comes next follows from the runs before it",
    ]
    first, stored = schedule(made, Settling(made)), dict[Any, dict[str, Any]]()
    for _ in range(12):
        run = first.next(lambda _: True)
        assert run is not None
        stored[run.key] = row(run, speedup(run))
        first.ended(run, stored[run.key])
    shown = list(search_lines(made, find_pending(made, stored), stored, first.text))
    assert shown[1].startswith("     1  spin 1KiB thread/queue x2  6 runs, ")
