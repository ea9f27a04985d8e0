"""A cluster in a time of its own.

What a run takes is drawn, some straggle, nodes die with what they do and others join.
"""

from __future__ import annotations

import heapq
import itertools
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from math import exp
from random import Random
from time import perf_counter, thread_time

import pyarrow as pa

from breakeven.runner import host
from breakeven.runner.engines._nodes import NodeLost, OnNodes
from breakeven.runner.engines.orders import Order, answer_of
from breakeven.runner.planning.run import Run
from breakeven.runner.results import RunResult


@dataclass(frozen=True)
class World:
    """What is drawn: seconds of a run and what part of them straggle, and of a node's life and its absence."""

    run_s: float = 1.0
    spread: float = 0.3
    stragglers: float = 0.01
    times: float = 20.0
    life_s: float = 300.0
    away_s: float = 5.0
    noise: float = 0.1  # of a result, between runs of one cell

    def length(self, random: Random) -> float:
        """Return the seconds of one run."""
        drawn = self.run_s * random.lognormvariate(0.0, self.spread)
        return drawn * (self.times if random.random() < self.stragglers else 1.0)


@dataclass
class Stopwatch:
    """Seconds that are not to count, and their CPU time."""

    seconds: float = 0.0
    cpu: float = 0.0

    @contextmanager
    def stopped(self) -> Iterator[None]:
        """Leave out the time of the body."""
        began, cpu = perf_counter(), thread_time()
        try:
            yield
        finally:
            self.seconds += perf_counter() - began
            self.cpu += thread_time() - cpu

    def total(self) -> tuple[float, float]:
        """Return the seconds and the CPU time until now, without those that do not count."""
        return perf_counter() - self.seconds, thread_time() - self.cpu


@dataclass(frozen=True)
class Template:
    """What a node answers: the row and the tables of one run, under the name of another."""

    made: RunResult

    @classmethod
    def of(cls, run: Run) -> Template:
        """Make a run on this machine; raise RuntimeError if it fails."""
        made = host.execute(run)
        if made.status != "ok":
            raise RuntimeError(
                f"the run that the simulated ones are copies of {made.status}: {made.row['reason']}"
            )
        return cls(made)

    def answer(self, run: Run, wall_ns: int, speedup: float) -> bytes:
        """Return the answer of a node that made ``run``."""
        keys = {"cell_id": run.cell_id, "round": run.round, "order": run.order}
        row = dict(self.made.row) | keys | {"wall_ns": wall_ns, "speedup": speedup}
        return answer_of(
            RunResult(row=row, tables={name: _keyed(part, run) for name, part in self.made.tables.items()})
        )


def _keyed(part: pa.Table, run: Run) -> pa.Table:
    for name, value in (("cell_id", run.cell_id), ("round", run.round)):
        at = part.schema.get_field_index(name)
        column = pa.array([value] * part.num_rows, part.schema.field(name).type)
        part = part.set_column(at, part.schema.field(name), column)
    return part


@dataclass(frozen=True)
class _Doing:
    """An order that a node has, with the future of its answer and the seconds that it takes."""

    order: Order
    answer: Future[bytes]
    seconds: float


class SimulatedCluster(OnNodes):
    """Nodes in a time of their own, which goes on in `advance`; each does one order after the other."""

    def __init__(self, nodes: int, world: World, template: Template, seed: int) -> None:
        super().__init__({"placement": "block"})
        self.clock = Stopwatch()
        self.now = 0.0
        self.deaths = 0
        self._world, self._template, self._random = world, template, Random(seed)
        self._number = itertools.count()
        self._orders: dict[str, deque[_Doing]] = {}
        self._names: Sequence[str] = ()
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        for _ in range(nodes):
            self._join()

    def _nodes(self) -> Sequence[str]:
        return self._names

    def _start(self, node: str, order: Order) -> Future[bytes]:
        order.to_text()  # which every real engine sends
        with self.clock.stopped():
            doing = _Doing(order, Future(), self._world.length(self._random))
            self._orders[node].append(doing)
            if len(self._orders[node]) == 1:
                self._at(doing.seconds, partial(self._finish, node, doing))
        return doing.answer

    def advance(self) -> None:
        """Let the next event happen; raise RuntimeError if none can."""
        with self.clock.stopped():
            if not any(self._orders.values()):
                raise RuntimeError("the loop waits for a run, and no node makes one")
            self.now, _, event = heapq.heappop(self._events)
        event()

    def _at(self, seconds: float, event: Callable[[], None]) -> None:
        heapq.heappush(self._events, (self.now + seconds, next(self._number), event))

    def _join(self) -> None:
        with self.clock.stopped():
            node = f"node{next(self._number)}"
            self._orders[node] = deque()
            self._names = tuple(self._orders)
            self._at(self._random.expovariate(1 / self._world.life_s), partial(self._die, node))

    def _die(self, node: str) -> None:
        with self.clock.stopped():
            lost = self._orders.pop(node)
            self._names = tuple(self._orders)
            self.deaths += 1
            self._at(self._world.away_s, self._join)
        for doing in lost:
            doing.answer.set_exception(NodeLost(f"{node} is gone"))

    def _finish(self, node: str, doing: _Doing) -> None:
        with self.clock.stopped():
            orders = self._orders.get(node)
            if not orders or orders[0] is not doing:  # the node died before
                return
            orders.popleft()
            if orders:
                self._at(orders[0].seconds, partial(self._finish, node, orders[0]))
            speedup = exp(self._random.gauss(0.5, self._world.noise))
            found = self._template.answer(doing.order.run, int(doing.seconds * 1e9), speedup)
        doing.answer.set_result(found)

    def close(self) -> None:
        """Do nothing: nothing is under way outside of this process."""
