"""Which node makes which run, and what becomes of runs whose node is lost: with nodes that are made up."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import replace
from datetime import UTC, datetime
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from breakeven.runner.cell.calibration import CalibrationResult
from breakeven.runner.engines._nodes import MOST_LOST, NodeLost, OnNodes
from breakeven.runner.engines.node import carry_out
from breakeven.runner.engines.orders import CALIBRATION, NotAnAnswer, Order, answer_of, read_answer
from breakeven.runner.environment import machine_facts
from breakeven.runner.errors import EngineLost, NotStored, PlanOutdated
from breakeven.runner.host import Abandoned, Ending
from breakeven.runner.planning.interpreters import find_interpreter
from breakeven.runner.planning.run import Run
from breakeven.runner.results import RunResult, rows
from tests.samples import run

CALIBRATED = CalibrationResult(7, 1000)


class MadeUp(OnNodes):
    """Nodes that answer when they are asked to, and die with what they were doing."""

    def __init__(self, nodes: Sequence[str], placement: str = "block") -> None:
        super().__init__({"placement": placement})
        self.nodes = list(nodes)
        self.under_way: list[tuple[str, Order, Future[bytes]]] = []
        self.log: list[tuple[str, Order]] = []
        self.refuses: Exception | None = None

    def _nodes(self) -> Sequence[str]:
        return self.nodes

    def _start(self, node: str, order: Order) -> Future[bytes]:
        if self.refuses is not None:
            raise self.refuses
        answer: Future[bytes] = Future()
        self.under_way.append((node, order, answer))
        self.log.append((node, order))
        return answer

    def answer(self, which: int = 0, found: Any = None) -> None:
        """Have one of those under way answer."""
        _, order, answer = self.under_way.pop(which)
        good = CALIBRATED if order.kind == CALIBRATION else RunResult(row=row_of(order.run))
        answer.set_result(found if isinstance(found, bytes) else answer_of(found or good))

    def die(self, node: str) -> None:
        """End a node with all that it was doing."""
        self.nodes.remove(node)
        for entry in [entry for entry in self.under_way if entry[0] == node]:
            self.under_way.remove(entry)
            entry[2].set_exception(NodeLost(f"{node} is gone"))

    def close(self) -> None:
        """Do nothing."""

    @property
    def blocks(self) -> dict[str, str]:
        """Return the blocks that are remembered, with their nodes."""
        return self._block_on


_COMMON = rows.about(run(sys.executable), datetime(2026, 1, 1, tzinfo=UTC)) | {"status": "ok", "wall_ns": 1}
"""What all rows here have in common; nothing here looks at the rest of what distinguishes runs."""


def row_of(made: Run) -> dict[str, Any]:
    """Return the row of a run that went well."""
    return _COMMON | {"cell_id": made.cell_id, "round": made.round}


def _of_block(number: int, block: int) -> Run:
    return replace(run(sys.executable), round=number, block=f"0/{block}")


@settings(deadline=None)  # every answer is a run's row, encoded
@given(
    blocks=st.lists(st.integers(0, 5), min_size=1, max_size=30),
    count=st.integers(1, 4),
    seed=st.integers(0, 99),
)
def test_a_block_stays_on_its_node(blocks: list[int], count: int, seed: int) -> None:
    """However runs end, those to be compared in one round are made on one node, and each run once."""
    random, engine = Random(seed), MadeUp([f"n{number}" for number in range(count)])
    asked, waiting = [], [_of_block(number, block) for number, block in enumerate(blocks)]
    while waiting or engine.under_way:
        while waiting and len(engine.under_way) < engine.room:
            asked.append(engine.submit(waiting.pop(0)))
        engine.answer(random.randrange(len(engine.under_way)))
    nodes: dict[str, set[str]] = {}
    for node, order in engine.log:
        nodes.setdefault(order.run.block, set()).add(node)
    assert all(len(places) == 1 for places in nodes.values())
    assert sorted(future.result().key for future in asked) == [
        (asked[0].result().key[0], n) for n in range(len(blocks))
    ]
    assert all(future.result().row["node"] in engine.nodes for future in asked)


def test_runs_go_to_the_node_with_the_least_to_do() -> None:
    """With placement=any whichever is free; as many may be under way as there are nodes."""
    engine = MadeUp(["a", "b", "c"], placement="any")
    assert engine.room == 3
    for number in range(6):
        engine.submit(_of_block(number, 0))
    assert Counter(node for node, _ in engine.log) == {"a": 2, "b": 2, "c": 2}


def test_a_run_whose_node_is_lost_is_made_on_another() -> None:
    """Nothing is lost or made twice into the results; its block moves with it."""
    engine = MadeUp(["a", "b"])
    first, second = engine.submit(_of_block(0, 0)), engine.submit(_of_block(1, 1))
    engine.die("a")
    assert [node for node, _ in engine.log] == ["a", "b", "b"]
    third = engine.submit(_of_block(2, 0))
    for _ in range(3):
        engine.answer()
    assert [future.result().row["node"] for future in (first, second, third)] == ["b", "b", "b"]


def test_a_run_that_takes_its_nodes_along_has_crashed() -> None:
    """After so many of them it is given up; what it was, and which they were, is in its row."""
    engine = MadeUp(["a", "b", "c", "d"], placement="any")
    promised = engine.submit(_of_block(0, 0))
    for _ in range(MOST_LOST):
        engine.die(engine.log[-1][0])
    row = promised.result().row
    assert (row["status"], row["hostname"], row["cpu_model"]) == ("crashed", None, None)
    assert row["reason"] == "its node was lost each time (a, b, c): c is gone"
    assert engine.nodes == ["d"]
    again = MadeUp(["a", "b", "c"])
    calibrating = again.calibrate(_of_block(0, 0))
    for name in "abc"[:MOST_LOST]:
        again.die(name)
    assert calibrating.done()


def test_a_run_that_cannot_begin_again_is_not_waited_for() -> None:
    """Whatever an engine raises when a run is to be made on another node reaches the sweep."""
    engine = MadeUp(["a", "b"], placement="any")
    promised = engine.submit(_of_block(0, 0))
    engine.refuses = RuntimeError("the client is closed")
    engine.die("a")
    with pytest.raises(RuntimeError, match=r"^the client is closed$"):
        promised.result(0)


def test_without_nodes_the_engine_is_lost() -> None:
    """The sweep stops and says how to resume."""
    engine = MadeUp(["a"])
    promised = engine.submit(_of_block(0, 0))
    engine.die("a")
    with pytest.raises(
        EngineLost, match=r"^no node is left; the same command resumes the sweep once there are some$"
    ):
        promised.result()
    with pytest.raises(EngineLost):
        engine.submit(_of_block(1, 0))


def test_what_a_node_sends_that_is_no_answer() -> None:
    """The run has crashed; its reason says that the result could not be read."""
    engine = MadeUp(["a"])
    promised = engine.submit(_of_block(0, 0))
    engine.answer(found=b"run\nnonsense")
    assert (
        promised.result().row["reason"] == "its result cannot be read: it does not begin like a run's result"
    )


@pytest.mark.parametrize("kind", [PlanOutdated, NotStored, Abandoned])
def test_what_a_node_could_not_do_is_raised_where_the_sweep_waits(kind: type[Exception]) -> None:
    """With its message."""
    engine = MadeUp(["a"])
    promised = engine.submit(_of_block(0, 0))
    engine.answer(found=kind("because"))
    with pytest.raises(kind, match=r"^because$"):
        promised.result()


@pytest.mark.parametrize(
    "found",
    [CALIBRATED, Ending("crashed", "why", 3, "SIGKILL", "text"), RunResult(row=row_of(run(sys.executable)))],
)
def test_an_answer_arrives_as_it_was(found: Any) -> None:
    """A result, a calibration and how one ended."""
    arrived = read_answer(answer_of(found))
    if isinstance(found, RunResult):
        assert isinstance(arrived, RunResult)
        assert arrived.key == found.key
    else:
        assert arrived == found


@given(st.binary())
def test_other_bytes_are_no_answer(data: bytes) -> None:
    """Nothing is unpickled, whatever comes."""
    with pytest.raises(NotAnAnswer):
        read_answer(data)


@given(st.dictionaries(st.text(min_size=1), st.binary(), max_size=3))
def test_an_order_arrives_as_it_was(files: dict[str, bytes]) -> None:
    """With the user's modules."""
    order = Order(kind="run", run=run(sys.executable), sweep="here", files=files)
    assert Order.from_text(order.to_text()) == order


def test_every_node_says_what_it_is_and_which_interpreter_it_has(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that is lost while it is asked says nothing; of an interpreter that it lacks, a node says nothing."""
    monkeypatch.setenv("OMP_NUM_THREADS", "3")

    class Asked(MadeUp):
        def _start(self, node: str, order: Order) -> Future[bytes]:
            answer: Future[bytes] = Future()
            if node == "lost":
                answer.set_exception(NodeLost("lost is gone"))
            else:
                answer.set_result(carry_out(order.to_text()))
            return answer

    asked = run(sys.executable)
    known = Asked(["a", "lost", "b"]).node_facts(asked)
    assert [one.cpu_model for one in known] == 2 * [machine_facts()["cpu_model"]]
    assert "OMP_NUM_THREADS=3" in known[0].environment.splitlines()
    found = find_interpreter("")
    python = {(one.python_version, one.implementation, one.python_build) for one in known}
    assert python == {(found.version, found.implementation, found.build)}
    (lacking,) = Asked(["a"]).node_facts(replace(asked, executable="/nowhere/python"))
    assert (lacking.cpu_model, lacking.python_version, lacking.python_build) == (
        known[0].cpu_model,
        None,
        None,
    )
    assert list(Asked(["lost"]).node_facts(asked)) == []
