"""Engines with several nodes: which node makes which run, and what becomes of a run whose node is lost."""

from __future__ import annotations

import os
from abc import abstractmethod
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, wait
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from threading import RLock
from typing import Any, Generic, TypeVar

from breakeven.runner.cell.calibration import CalibrationResult
from breakeven.runner.engines._abc import Calibrated, Engine
from breakeven.runner.engines.orders import (
    CALIBRATION,
    FACTS,
    RUN,
    Found,
    NotAnAnswer,
    Order,
    read_answer,
)
from breakeven.runner.errors import EngineLost
from breakeven.runner.host import Ending
from breakeven.runner.planning.node_facts import NodeFacts
from breakeven.runner.planning.run import Run
from breakeven.runner.results import RunResult, rows

MOST_LOST = 3
"""Nodes that a run may take with it before it is given up."""

_ANSWER_S = 30.0  # of a node that is asked what it is; it may measure for another sweep

BLOCK, ANY = "block", "any"
T = TypeVar("T")


class NodeLost(Exception):
    """Raised by the future of an order whose node ended, or can no longer be reached, before it answered."""


class NotBegun(Exception):
    """Raised by the future of an order that its node has not begun and will not: another one gets it."""


@dataclass
class _Attempt(Generic[T]):
    """An order with the future that was promised, and the nodes that were lost with it."""

    order: Order
    promised: Future[T]
    conclude: Callable[[Found], T]
    lost: list[str] = field(default_factory=list)


class OnNodes(Engine):
    """Carries runs to nodes, one at a time on each; a subclass knows how an order gets to a node.

    With ``placement=block`` the runs of a block, which are to be compared in one round, are made on one node; with any,
    on whichever is free. A block is forgotten when its last run begins.
    """

    def __init__(self, options: Mapping[str, Any]) -> None:
        self._placement = options["placement"]
        self._lock = RLock()
        self._busy: Counter[str] = Counter()
        self._block_on: dict[str, str] = {}
        self._placed: list[tuple[Run, str]] = []
        self._closed = False

    @abstractmethod
    def _nodes(self) -> Sequence[str]:
        """Return the nodes that there are now."""

    @abstractmethod
    def _start(self, node: str, order: Order) -> Future[bytes]:
        """Let ``node`` carry out an order; the future raises NodeLost if the node is lost."""

    @property
    def room(self) -> int:
        """Return how many runs may be submitted and not yet ended: as many as there are nodes."""
        return max(1, len(self._nodes()))

    def takes(self, run: Run) -> bool:
        """Return whether the node of the run's block is free, or any node if it has none.

        Also if no node is left to wait for.
        """
        with self._lock:
            own = self._block_on.get(self._block(run))
            if own is not None and own in self._busy:  # the usual case, for most of the blocks that wait
                return False
            nodes = self._nodes()
            return own in nodes or not nodes or self._a_free(nodes) is not None

    def submit(self, run: Run) -> Future[RunResult]:
        """Let a node make ``run``; a run whose nodes are lost again and again counts as crashed."""
        order = Order(kind=RUN, run=run, sweep=self.sweep, files=_files(run))
        return self._begin(_Attempt(order, Future(), _a_result))

    def calibrate(self, run: Run) -> Future[Calibrated]:
        """Let a node calibrate."""
        order = Order(kind=CALIBRATION, run=run, sweep=self.sweep, files=_files(run))
        return self._begin(_Attempt(order, Future(), _a_calibration))

    def node_names(self) -> Sequence[str]:
        """Return the nodes that there are now."""
        return self._nodes()

    def placed(self) -> Sequence[tuple[Run, str]]:
        """Return the runs that got to a node since this was asked last, in order."""
        with self._lock:
            found, self._placed = self._placed, []
        return found

    def node_facts(self, run: Run) -> Sequence[NodeFacts]:
        """Ask every node; those that do not answer in time, or end, say nothing."""
        order = Order(kind=FACTS, run=run, sweep=self.sweep)
        try:
            asked = [self._start(node, order) for node in self._nodes()]
        except EngineLost:  # which the first run meets as well, where it is said
            return ()
        answered, _ = wait(asked, _ANSWER_S)
        return [facts for answer in answered if (facts := _facts(answer)) is not None]

    @property
    def sweep(self) -> str:
        """Return what the lock of a node says of its holder."""
        return f"a sweep of {os.uname().nodename}"

    def _begin(self, attempt: _Attempt[T]) -> Future[T]:
        with self._lock:
            node = self._choose(attempt.order.run, attempt.lost)
            self._busy[node] += 1
            if attempt.order.kind == RUN:
                self._placed.append((attempt.order.run, node))
            if not attempt.promised.running():
                attempt.promised.set_running_or_notify_cancel()
        self._start(node, attempt.order).add_done_callback(partial(self._ended, attempt, node))
        return attempt.promised

    def _choose(self, run: Run, lost: Sequence[str] = ()) -> str:
        """Return the node of a run: that of its block if it has one, else the one with the least to do.

        If possible, it is none that was ``lost``.
        """
        nodes = self._nodes()
        if lost:
            nodes = [node for node in nodes if node not in lost] or nodes
        if not nodes:
            raise EngineLost("no node is left; the same command resumes the sweep once there are some")
        block = self._block(run)
        node = self._block_on.pop(block, None)
        if node is None or node not in nodes:
            node = self._a_free(nodes) or min(nodes, key=self._busy.__getitem__)
        if block and not run.ends_block:
            self._block_on[block] = node
        return node

    def _a_free(self, nodes: Sequence[str]) -> str | None:
        return next((node for node in nodes if node not in self._busy), None)

    def _block(self, run: Run) -> str:
        return run.block if self._placement == BLOCK else ""

    def _ended(self, attempt: _Attempt[T], node: str, answer: Future[bytes]) -> None:
        """Conclude an attempt, or begin it again on another node if its own was lost."""
        with self._lock:
            self._busy[node] -= 1
            if not self._busy[node]:
                del self._busy[node]
        if answer.cancelled() or self._closed:
            self._abandon(attempt)
            return
        error = answer.exception()
        if isinstance(error, NodeLost):
            attempt.lost.append(node)
            self._again(attempt, error)
        elif isinstance(error, NotBegun):
            self._begin_again(attempt)
        elif error is not None:
            attempt.promised.set_exception(error)
        else:
            _conclude(attempt, node, answer.result())

    def _again(self, attempt: _Attempt[T], error: NodeLost) -> None:
        if len(attempt.lost) < MOST_LOST:
            self._begin_again(attempt)
            return
        reason = f"its node was lost each time ({', '.join(attempt.lost)}): {error}"
        attempt.promised.set_result(attempt.conclude(_lost(attempt.order, reason)))

    def _begin_again(self, attempt: _Attempt[T]) -> None:
        try:
            self._begin(attempt)
        except Exception as none_left:  # noqa: BLE001  # this is called by a future, which would drop it, and nobody else ends the wait
            attempt.promised.set_exception(none_left)

    def _abandon(self, attempt: _Attempt[T]) -> None:
        if not attempt.promised.done():
            attempt.promised.set_exception(EngineLost("the sweep ended"))


def _conclude(attempt: _Attempt[T], node: str, answer: bytes) -> None:
    """Keep a promise with what a node answered, or with what it raised."""
    try:
        found = read_answer(answer)
        if isinstance(found, RunResult):
            found = replace(found, row={**found.row, "node": found.row.get("node") or node})
        attempt.promised.set_result(attempt.conclude(found))
    except NotAnAnswer as error:
        attempt.promised.set_result(
            attempt.conclude(_lost(attempt.order, f"its result cannot be read: {error}"))
        )
    except Exception as error:  # noqa: BLE001  # whatever a node raised is raised where the sweep waits for it
        attempt.promised.set_exception(error)


def _lost(order: Order, reason: str) -> RunResult | Ending:
    """Return the result of an order that no node answered."""
    if order.kind == CALIBRATION:
        return Ending("crashed", reason)
    return rows.without_answer(order.run, reason)


def _a_result(found: Found) -> RunResult:
    if isinstance(found, RunResult):
        return found
    raise NotAnAnswer("it is a calibration, not a run")


def _a_calibration(found: Found) -> Calibrated:
    if isinstance(found, CalibrationResult | Ending):
        return found
    raise NotAnAnswer("it is a run, not a calibration")


def _facts(answer: Future[bytes]) -> NodeFacts | None:
    """Return what a node answered; None if it did not."""
    if answer.cancelled() or answer.exception() is not None:
        return None
    found = read_answer(answer.result())
    return found if isinstance(found, NodeFacts) else None


def _files(run: Run) -> dict[str, bytes]:
    """Return the modules of a run's function below the folder that they are imported from, by relative path."""
    if run.source is None:
        return {}
    names = {os.path.relpath(path, run.source.folder): Path(path) for path in run.source.files}
    return {name: path.read_bytes() for name, path in names.items() if not name.startswith(os.pardir)}
