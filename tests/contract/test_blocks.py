"""Blocks on several nodes: the runs of each on one node, the nodes kept busy, and nothing kept of what is over."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from concurrent.futures import Future
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from breakeven.runner.engines import KINDS
from breakeven.runner.planning.pending import find_pending
from breakeven.runner.planning.plan import Plan, make_plan
from breakeven.runner.planning.request import Origin
from breakeven.runner.planning.run import Run
from breakeven.runner.planning.settling import settle
from breakeven.runner.results import RunResult
from breakeven.runner.sweep.budget import Budget
from breakeven.runner.sweep.queue import Queue
from breakeven.runner.sweep.schedule import Schedule
from tests.contract.test_nodes import MadeUp
from tests.examples import at_most
from tests.fakes import request

NOW = datetime(2026, 1, 31, 14, 5, 9, tzinfo=UTC)


@cache
def _plan(placement: str, *compare_by: str) -> Plan:
    """Return the plan of a sweep of six cells in four rounds."""
    engine = {"name": "dask", "address": "tcp://127.0.0.1:1", "placement": placement, "patience": "1s"}
    cells = [{"model": model, "workers": workers} for model in ("thread", "process") for workers in (1, 2, 3)]
    requests = [
        request(
            *(f"{name}={value}" for name, value in cell.items()),
            sweep="mine",
            rounds=4,
            compare_by=list(compare_by),
            engine=engine,
        )
        for cell in cells
    ]
    return settle(make_plan(requests, Origin(Path("/work"), NOW), KINDS), {}, {})


class Cluster:
    """Makes the runs of a plan as the loop does, on nodes whose runs end in a random order."""

    def __init__(self, plan: Plan, nodes: int, seed: int) -> None:
        self.engine = MadeUp([f"n{number}" for number in range(nodes)], str(plan.engine.options["placement"]))
        self.schedule = Schedule(plan, find_pending(plan, {}), {}, Budget(0), together=nodes > 1)
        self.random = Random(seed)
        self.under_way: dict[Future[RunResult], Run] = {}
        self.begun: list[Run] = []
        self.waits_for_nothing = 0
        self.plan = plan

    def carry_out(self) -> None:
        """Make all runs; count those that waited beside a free node though no other of their block was under way."""
        while True:
            while len(self.under_way) < self.engine.room:
                run = self.schedule.next(self.engine.takes)
                if run is None:
                    break
                self.begun.append(run)
                self.under_way[self.engine.submit(run)] = run
            if not self.under_way:
                return
            if len(self.under_way) < self.engine.room:
                begun, blocks = (
                    {run.key for run in self.begun},
                    {run.block for run in self.under_way.values()},
                )
                waiting = [run for run in self.plan.runs if run.key not in begun]
                self.waits_for_nothing += sum(run.block not in blocks or not run.block for run in waiting)
            self.engine.answer(self.random.randrange(len(self.engine.under_way)))
            for future in [future for future in self.under_way if future.done()]:
                run = self.under_way.pop(future)
                self.schedule.ended(run, _with_speedup(future.result().row))


def _with_speedup(row: Mapping[str, Any]) -> dict[str, Any]:
    return {**row, "speedup": 1.5, "latency_p50_ns": None}


@at_most(8)  # each example turns two dozen rows into bytes and back
@given(st.sampled_from([["label"], ["workers"], ["model", "workers"]]), st.integers(1, 5), st.integers(0, 99))
def test_a_block_is_made_on_one_node_and_no_node_waits_for_it(
    compare_by: list[str], nodes: int, seed: int
) -> None:
    """Whatever is compared and ends first: a node is idle only when no block is left to begin, and none is remembered."""
    plan = _plan("block", *compare_by)
    made = Cluster(plan, nodes, seed)
    made.carry_out()
    assert sorted(run.key for run in made.begun) == sorted(run.key for run in plan.runs)
    places = defaultdict(set)
    for node, order in made.engine.log:
        places[order.run.block].add(node)
    assert {len(found) for found in places.values()} == {1}
    assert (made.engine.blocks, made.waits_for_nothing) == ({}, 0)


def test_any_node_makes_any_run() -> None:
    """With placement=any no node is idle before the end, and nothing is remembered."""
    made = Cluster(_plan("any", "model", "workers"), 3, 1)
    made.carry_out()
    assert (made.waits_for_nothing, made.engine.blocks) == (0, {})
    assert {run.block for run in made.begun} == {""}


def test_a_queue_hands_out_each_run_once() -> None:
    """In the order of its block, whichever block may begin."""
    runs = list(_plan("block", "model", "workers").runs)
    queue, found = Queue(runs), []
    busy = runs[0].block
    while (run := queue.take(lambda run: run.block != busy)) is not None:
        found.append(run)
    rest = list(queue)
    assert [run for run in runs if run.block != busy] == found
    assert [run for run in runs if run.block == busy] == rest
    assert queue.holds(busy)
    while queue.take(lambda _: True) is not None:
        pass
    assert not queue
    assert not queue.holds(busy)
