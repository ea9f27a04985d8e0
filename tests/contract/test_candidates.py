"""Which cells are candidates of a race, and which sweeps are none."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from math import inf, nan
from pathlib import Path
from typing import Any

import pytest

from breakeven.analysis.advice.replay import replay
from breakeven.analysis.advice.snippet import Call, Given, snippet
from breakeven.analysis.frames.load import load
from breakeven.base.errors import BadValue
from breakeven.base.layout import SweepPaths
from breakeven.runner.cell.calibration import Calls
from breakeven.runner.cell.question import Manner
from breakeven.runner.config.search import RaceSearch, Search, read_race
from breakeven.runner.engines import KINDS
from breakeven.runner.planning.calibration import Calibration
from breakeven.runner.planning.candidates import candidates, in_race, raced
from breakeven.runner.planning.cells import PlannedCell
from breakeven.runner.planning.pending import find_pending
from breakeven.runner.planning.plan import Plan, make_plan
from breakeven.runner.planning.request import Origin, Request
from breakeven.runner.planning.run import Run, Source
from breakeven.runner.planning.settling import settle
from breakeven.runner.sweep.budget import Budget
from breakeven.runner.sweep.racing import RaceSchedule
from breakeven.runner.sweep.searches import search_lines
from breakeven.search.race import FAILED
from tests.analysis_samples import Sample
from tests.fakes import request

NOW = datetime(2026, 1, 31, 14, 5, 9, tzinfo=UTC)
_CHOSEN = ("model", "pattern", "ipc")
SEARCH = RaceSearch(0.1, structure=None)


def plan(*changes: dict[str, Any], search: Search | None = SEARCH) -> Plan:
    """Return the plan of a race among cells with these knobs."""
    requests = [_request(change) for change in changes]
    return settle(make_plan(requests, Origin(Path("/work"), NOW), KINDS, search), {}, {})


def _request(change: dict[str, Any]) -> Request:
    chosen = {key: value for key, value in change.items() if key in _CHOSEN or "." in key}
    knobs = {key: value for key, value in change.items() if key not in chosen}
    return request(
        *(f"{key}={value}" for key, value in ({"model": "thread"} | chosen).items()), sweep="mine", **knobs
    )


def schedule(
    made: Plan, budget: int | None = None, written: str = "", search: RaceSearch = SEARCH
) -> RaceSchedule:
    """Return what chooses the runs of a race that has none yet."""
    return RaceSchedule(
        replace(made, search=search), find_pending(made, {}), {}, Budget(budget), written=written
    )


def row(run: Run, speedup: float | None, status: str = "ok") -> dict[str, Any]:
    """Return what a run leaves."""
    return {
        "cell_id": run.cell_id,
        "round": run.round,
        "order": run.order,
        "pattern": "map",
        "status": status,
        "speedup": speedup,
        "latency_p50_ns": None,
        "wall_ns": 10**8,
        **run.known_conditions,
    }


def test_cells_become_candidates() -> None:
    """The serial program comes first, whether it is among the cells or not; what cannot exist is left out."""
    made = plan(
        {"model": "serial", "workers": 1, "tasks": 128},
        {"model": "thread", "workers": 2, "tasks": 128},
        {"model": "process_pool", "workers": 4, "model.chunksize": 64, "tasks": 128},
    )
    cells = in_race(made.planned)
    found = candidates(cells)
    assert [planned.cell.model for planned in cells] == ["thread", "process_pool"]
    assert [(one.serial, one.workers, one.chunk) for one in found] == [
        (True, 1, None),
        (False, 2, None),
        (False, 4, 64),
    ]
    assert found[2].most == 2  # of 128 tasks, 64 at once
    assert len({one.kind for one in found}) == 3


def test_chunk_sizes_of_one_pool_are_one_kind() -> None:
    """They lie on an axis, and tell about each other."""
    made = plan(
        *({"model": "mp_pool", "workers": 2, "model.chunksize": chunk, "tasks": 512} for chunk in (1, 8))
    )
    assert len({one.kind for one in candidates(in_race(made.planned))[1:]}) == 1


@pytest.mark.parametrize(
    ("first", "second", "named"),
    [
        ({"payload": "1KiB"}, {"payload": "1MiB"}, "payload"),
        ({"task": "1ms"}, {"task": "2ms"}, "task"),
        ({"environment": {"A": "1"}}, {"environment": {"A": "2"}}, "environment"),
    ],
)
def test_a_race_has_one_work(first: dict[str, Any], second: dict[str, Any], named: str) -> None:
    """Speedups over different programs say nothing about each other."""
    with pytest.raises(BadValue, match=f"^{named}: differs between cells, but a race chooses"):
        plan(first, second)
    assert plan(first, second, search=None).runs


def test_a_race_needs_speedups_and_chooses_the_rounds() -> None:
    """Round trips have no serial program."""
    with pytest.raises(BadValue, match=r"^pattern=pingpong: a race compares speedups"):
        plan({"model": "process", "workers": 1, "pattern": "pingpong", "ipc": "pipe"})
    with pytest.raises(BadValue, match=r"^rounds: a race chooses how often"):
        plan({"workers": 2, "rounds": 3})


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"regret": 2}, "hydra.sweeper.regret=2: not a share"),
        ({"regret": "60%"}, "hydra.sweeper.regret=60%: more than half"),
        ({"structure": "some"}, "hydra.sweeper.structure=some: neither auto nor true nor false"),
    ],
)
def test_what_a_race_is_told_is_checked(given: dict[str, Any], said: str) -> None:
    """In one line, before anything runs."""
    with pytest.raises(BadValue) as caught:
        read_race({"regret": "10%", "structure": "auto"} | given)
    assert str(caught.value).startswith(said)
    assert read_race({"regret": "10%", "structure": "auto"}) == SEARCH
    assert read_race({"regret": 0.05, "structure": False}) == RaceSearch(0.05, structure=False)


def _of_a_function(cell: PlannedCell, manner: Manner, **options: Any) -> PlannedCell:
    """Return a cell that calls a user's function."""
    source = Source(
        folder="", digest="", files=(), hashes=(), packages=(), commit=None, dirty=None, manner=manner
    )
    return replace(cell, source=source, cell=replace(cell.cell, workload_options=options))


@pytest.mark.parametrize("awaits", [False, True])
def test_only_async_functions_race_on_an_event_loop(awaits: bool) -> None:
    """Calls of any other one would block each other there; the cell stays, with the reason."""
    made = plan({"model": "asyncio", "ipc": "asyncio_queue"}, {"model": "thread"})
    manner = Manner(awaits=awaits)
    found = raced([_of_a_function(one, manner, target="mine:work") for one in made.planned])
    assert [one.cell.model for one in in_race(found)] == (["asyncio"] * awaits + ["thread"])
    assert (found[0].reason is None) == awaits
    if not awaits:
        assert str(found[0].reason).startswith(
            "model=asyncio needs an async function: calls of mine:work would block each other on the event loop"
        )


def test_what_is_written_is_json_that_any_reader_takes() -> None:
    """JSON has no infinity: the serial program has no largest speedup."""
    written = schedule(plan({"model": "thread"})).text
    serial, *others = json.loads(written, parse_constant=pytest.fail)["candidates"]
    assert serial["most"] is None
    assert all(one["most"] >= 1 for one in others)


def test_the_backend_of_a_candidate_is_written() -> None:
    """The code for it has to name it."""
    made = plan({"model": "thread"}, {"model": "process_pool", "ipc": "native"})
    first, second = made.planned
    other = replace(second, cell=replace(second.cell, model_options={"backend": "threading"}))
    written = json.loads(schedule(replace(made, planned=(first, other))).text)["candidates"]
    assert [one["backend"] for one in written] == ["", "", "threading"]


def test_arguments_that_json_lacks_are_kept(tmp_path: Path) -> None:
    """The code that does the same calls the function with them."""
    made = plan({"model": "thread"})
    options: dict[str, Any] = {
        "target": "mine:work",
        "args": [inf, [1.5, -inf]],
        "kwargs": {"most": nan},
        "inputs": [inf, 2],
        "before": "mine:start",
    }
    manner = Manner(awaited=("before",))
    called = tuple(_of_a_function(one, manner, **options) for one in made.planned)
    sample = Sample(tmp_path)
    sample.add_map(speedup=1.5)
    written = schedule(replace(made, planned=called)).text
    SweepPaths(tmp_path).search.write_text(written)
    json.loads(written, parse_constant=pytest.fail)
    raced_ = replay(load(tmp_path))
    assert raced_ is not None
    given = Given(
        (inf, [1.5, -inf]),
        {"most": nan},
        [inf, 2],
        payload_bytes=1024,
        before="mine:start",
        **manner._asdict(),
    )
    assert repr(raced_.given) == repr(given)
    code = "\n".join(snippet(Call("mine:work", "thread_pool", 2, given=raced_.given)))
    assert "work(one, float('inf'), [1.5, float('-inf')], most=float('nan'))" in code
    assert "inputs = [float('inf'), 2]" in code


def test_candidates_that_cannot_send_a_result_are_refused_before_they_run() -> None:
    """The first calls show it once for all; threads pass the object itself."""
    made = plan({"model": "thread", "ipc": "reference"}, {"model": "process", "ipc": "pipe"})
    work = made.planned[0].work
    assert work is not None
    calls = Calls(0, 0, 1, 10, 10, 1.0, unpicklable="result.lock (of type lock) cannot be pickled")
    known = Calibration(work, None, 10, "python3", calls=calls)
    told = replace(made, planned=tuple(replace(one, calibration=known) for one in made.planned))
    turns = schedule(told)
    assert [one["refused"] for one in json.loads(turns.text)["candidates"]] == ["", "", calls.unpicklable]
    assert [standing.word for standing in turns.race.standings()][2] == FAILED
    models = set()
    while (run := turns.next(lambda _: True)) is not None:
        models.add(run.cell.model)
        turns.ended(run, row(run, 1.5))
    assert models == {"thread"}


def test_workers_that_cannot_exist_need_no_tasks() -> None:
    """Sixteen tasks of a loop that nobody runs would make each trial of the others longer."""
    ways = (
        {"model": "thread", "trial": "1ms"},
        {"model": "process", "ipc": "reference", "workers": 16, "trial": "1ms"},
    )
    made = plan(*ways, search=None)
    assert [one.cell.tasks for one in made.planned if one.reason is None] == [4]


WAYS = [
    {"model": model, "workers": workers}
    for model in ("thread", "process", "thread_pool")
    for workers in (2, 4)
]


def test_a_race_ends_when_it_is_decided() -> None:
    """Each run has the next round of its cell and the next place in the order; the first of each cell is traced."""
    made = plan(*WAYS)
    turns = schedule(made)
    best, runs = in_race(made.planned)[3].cell_id, list[Run]()
    while (run := turns.next(lambda _: True)) is not None:
        speedup = 1.9 if run.cell_id == best else 1.0
        turns.ended(run, row(run, speedup))
        runs.append(run)
    assert [run.order for run in runs] == list(range(len(runs)))
    assert len({run.key for run in runs}) == len(runs)
    assert {run.cell_id: run.must_trace for run in reversed(runs)} == dict.fromkeys(
        {run.cell_id for run in runs}, True
    )
    assert not any(run.must_trace for run in runs if run.round)
    assert turns.race.decided
    assert not turns.over_budget
    assert turns.decisions.decided == len(turns.decisions) == len(WAYS)
    assert len(runs) < 3 * len(WAYS)


def test_a_race_ends_with_its_budget() -> None:
    """Without one it makes as many runs as the rule needs at most."""
    made = plan(*WAYS)
    turns = schedule(made, budget=1)
    assert turns.next(lambda _: True) is None
    assert turns.over_budget
    endless = schedule(made)
    made_runs = 0
    while (run := endless.next(lambda _: True)) is not None:
        endless.ended(run, row(run, 1.0 + 0.9 * (made_runs % 2)))
        made_runs += 1
    assert made_runs <= len(WAYS) + 30
    assert endless.over_budget != endless.race.decided


def test_structure_is_assumed_only_where_the_budget_is_short() -> None:
    """What was written before the first run of a race holds for its later launches, whatever their budget."""
    made = plan(*WAYS)
    assert not schedule(made, budget=600 * 10**9).race.rule.structure
    short = schedule(made, budget=2 * 10**9)
    assert short.race.rule.structure
    assert schedule(made, budget=600 * 10**9, written=short.text).race.rule.structure
    assert not schedule(made, budget=2 * 10**9, search=RaceSearch(0.1, structure=False)).race.rule.structure
    assert not schedule(
        made, budget=600 * 10**9, written=short.text, search=RaceSearch(0.2, None)
    ).race.rule.structure


@pytest.mark.parametrize("damage", ["{", "[1]", "{}", '{"regret": 0.1, "candidates": [0, 1]}'])
def test_a_damaged_file_is_written_anew(damage: str) -> None:
    """It decides nothing."""
    made = plan(*WAYS)
    assert schedule(made, budget=2 * 10**9, written=damage).text == schedule(made, budget=2 * 10**9).text


def test_what_is_stored_counts_when_a_race_is_carried_on() -> None:
    """In the order in which it was measured; the same run is never made twice."""
    made = plan(*WAYS)
    first, stored = schedule(made), {}
    for _ in range(4):
        run = first.next(lambda _: True)
        assert run is not None
        stored[run.key] = row(run, 1.2)
        first.ended(run, stored[run.key])
    later = RaceSchedule(made, find_pending(made, stored), stored, Budget(None), written=first.text)
    assert later.race.standings() == first.race.standings()
    run = later.next(lambda _: True)
    assert run is not None
    assert run.key not in stored
    assert run.order == 4


def test_a_run_waits_for_its_node_and_a_failure_takes_a_candidate_out() -> None:
    """As with a grid."""
    made = plan(*WAYS[:2])
    turns = schedule(made)
    assert turns.next(lambda _: False) is None
    run = turns.next(lambda _: True)
    assert run is not None
    turns.ended(run, row(run, None, "failed"))
    following = turns.following()
    assert following is not None
    assert following.cell_id != run.cell_id


def test_a_race_says_what_it_does() -> None:
    """How many candidates, how sure, how long at most."""
    text = schedule(plan(*WAYS), budget=60 * 10**9).describe()
    assert text == "a race of 6 candidates until the best is known within 10%, at most 1:00"


def test_a_dry_run_of_a_race_shows_its_candidates() -> None:
    """With what is known of each; not the runs, since each follows from the ones before."""
    made = plan(*WAYS[:2])
    first, stored = schedule(made), {}
    for _ in range(3):
        run = first.next(lambda _: True)
        assert run is not None
        stored[run.key] = row(run, 1.5)
        first.ended(run, stored[run.key])
    assert list(search_lines(made, find_pending(made, stored), stored, first.text)) == [
        "a race of 2 candidates until the best is known within 10%, at most 0:03",
        "     1  spin 1KiB 1ms thread/queue x2  1 run",
        "     2  spin 1KiB 1ms thread/queue x4  2 runs, 1.5x ±0%",
        "1 of 2 decided; which run comes next follows from the runs before it",
    ]
