"""The orchestrator over a simulated cluster: its own time for a run, and its memory.

    python -m benchmarks.simulated_cluster [--nodes 1000] [--runs 3000] [--queued 10000] [--seed 1]

A discrete-event model takes the place of the nodes: a run takes a time drawn at random, some straggle, nodes die
with what they do and others join. All else is what a sweep on a cluster does: the schedule, whose rounds end by
precision, the loop, the choice of a node, orders and answers, whose tables are those of a real run, events and log.

Own time is that of the loop without the model and without storing, which is shown beside it: the encoding of a run's
files, not their synced write. Memory is that of a second sweep of --queued runs, without tables and storing: the
resident set and the blocks of memory that Python has, from a fifth of the runs to the end. Exits with 1 if a run costs
5 ms or more of its own, if memory grows by more than 8 MiB or the blocks by more than one for each run, or if a run
is lost or made twice.
"""

from __future__ import annotations

import argparse
import gc
import resource
import sys
from collections import Counter
from collections.abc import Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest.mock import patch

from benchmarks.cluster_model import SimulatedCluster, Stopwatch, Template, World
from benchmarks.planning import planner
from benchmarks.sweeps import machine
from breakeven.base.keys import Key
from breakeven.runner.planning.pending import Pending
from breakeven.runner.planning.plan import Plan
from breakeven.runner.planning.run import Run
from breakeven.runner.results import RunResult
from breakeven.runner.store import AppendedFile, Sweep, sweep
from breakeven.runner.sweep.budget import Budget
from breakeven.runner.sweep.loop import Loop, Observers
from breakeven.runner.sweep.observer import RunEnded, SweepEvent
from breakeven.runner.sweep.schedule import Schedule
from breakeven.runner.sweep.sinks import JsonLines, Log
from breakeven.runner.sweep.tally import Tally
from breakeven.runner.sweep.under_way import UnderWay

LIMIT_MS = 5.0
MOST_GROWTH = 8 << 20
QUICK = (
    *(
        "workload=spin",
        "pattern=map",
        "task=200us",
        "tasks=8",
        "payload=0",
        "measure.warmup=0",
        "measure.max_warmup=0",
    ),
    *("measure.min_trials=4", "measure.max_trials=4", "measure.traced=2"),
)
"""A run that is made once, for real, and whose tables all simulated runs have."""


@dataclass(frozen=True)
class Aside(Sweep):
    """A results folder in which storing does not count; files are encoded and not written."""

    clock: Stopwatch = field(default_factory=Stopwatch)
    storing: Stopwatch = field(default_factory=Stopwatch)

    def commit(self, result: RunResult) -> None:
        """Encode a result, unless it is a bare row."""
        with self.clock.stopped(), self.storing.stopped(), patch.object(sweep, "write_atomically", _dropped):
            if result.tables:
                super().commit(result)


def _dropped(path: Path, data: bytes) -> None:
    del path, data


class Simulated(UnderWay):
    """Runs under way in a cluster whose time goes on while the loop waits."""

    def __init__(self, cluster: SimulatedCluster) -> None:
        super().__init__()
        self._cluster = cluster

    def wait(self, seconds: float | None = None) -> list[tuple[Run, Future[RunResult]]]:
        """Let events happen until a run has ended, and return those that have."""
        while not self.any_ended:
            self._cluster.advance()
        return super().wait(seconds)


@dataclass
class Watch:
    """Counts the runs that ended, and looks at the memory at a fifth of them, when every node has made some."""

    runs: int
    ended: Counter[Key] = field(default_factory=Counter)
    statuses: Counter[str] = field(default_factory=Counter)
    blocks: list[int] = field(default_factory=list)
    resident: list[int] = field(default_factory=list)

    def notify(self, event: SweepEvent) -> None:
        """Count a run that ended."""
        if not isinstance(event, RunEnded):
            return
        self.ended[event.run.key] += 1
        self.statuses[event.status] += 1
        if self.statuses.total() == max(self.runs // 5, 1):
            self.look()

    def look(self) -> None:
        """Note how much memory there is now."""
        gc.collect()
        self.blocks.append(sys.getallocatedblocks())
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
        self.resident.append(pages * resource.getpagesize())

    def close(self) -> None:
        """Do nothing."""


@dataclass(frozen=True)
class Seen:
    """How a simulated sweep went: milliseconds a run, of its own and of storing, and memory.

    Memory is bytes and, by run, blocks that it grew by.
    """

    runs: int
    own_ms: float
    own_cpu_ms: float
    storing_ms: float
    twice: int
    lost: int
    statuses: Mapping[str, int]
    deaths: int
    seconds: float
    blocks: float
    resident: int

    @property
    def is_right(self) -> bool:
        """Return whether every run ended once."""
        return not (self.twice or self.lost)

    def __str__(self) -> str:
        counts = ", ".join(f"{count} {status}" for status, count in self.statuses.items())
        return (
            f"{self.runs} runs ({counts}; {self.twice} twice, {self.lost} lost), {self.seconds:.0f} s of the model, "
            f"{self.deaths} nodes died"
        )


def planned(runs: int, rounds: int, folder: Path) -> Plan:
    """Return the plan of a sweep of so many runs up to the last round, in groups of two cells."""
    labels = max(runs // rounds // 4, 1)
    grid = (
        "engine=dask",
        "model=thread,process",
        "compare_by=model",
        "workers=2,4",
        f"label=range(0,{labels})",
    )
    with planner([*QUICK, *grid, f"max_rounds={rounds}", "precision=10%"]) as planning:
        plan = planning.make_plan(planning.compose(planning.expand()))
    return replace(plan, sweep=folder)


def simulate(plan: Plan, cluster: SimulatedCluster) -> Seen:
    """Carry out a plan; nothing is written but events and log."""
    store = Aside(plan.sweep, cluster.clock)
    store.create()
    watch = Watch(len(plan.runs))
    schedule = Schedule(plan, Pending(waiting=plan.runs, done=(), failed=()), {}, Budget(0), together=True)
    sinks = (JsonLines(AppendedFile(store.events)), Log(AppendedFile(store.log)), watch)
    loop = Loop(store, plan.policy, Observers(sinks), lambda: None, Simulated(cluster))
    before = cluster.clock.total()
    loop.make_runs(schedule, cluster, Tally(total=schedule.certain))
    own, cpu = (now - then for now, then in zip(cluster.clock.total(), before, strict=True))
    watch.look()
    count = watch.statuses.total()
    return Seen(
        runs=count,
        own_ms=1e3 * own / count,
        own_cpu_ms=1e3 * cpu / count,
        storing_ms=1e3 * store.storing.seconds / count,
        twice=sum(times > 1 for times in watch.ended.values()),
        lost=len({run.key for run in plan.runs} - watch.ended.keys()) + len(schedule.decisions.undecided()),
        statuses=watch.statuses,
        deaths=cluster.deaths,
        seconds=cluster.now,
        blocks=(watch.blocks[-1] - watch.blocks[0]) / count,
        resident=watch.resident[-1] - watch.resident[0],
    )


def measured(asked: argparse.Namespace, nodes: int, folder: Path) -> Seen:
    """Return what a sweep of ``asked.runs`` costs."""
    plan = planned(asked.runs, 6, folder)
    return simulate(plan, SimulatedCluster(nodes, World(), Template.of(plan.runs[0]), asked.seed))


def weighed(asked: argparse.Namespace, folder: Path) -> Seen:
    """Return by what memory grows in a sweep of ``asked.queued`` runs."""
    plan = planned(asked.queued, 5, folder)
    template = Template(RunResult(row=Template.of(plan.runs[0]).made.row))
    return simulate(plan, SimulatedCluster(asked.nodes, World(), template, asked.seed))


def main() -> int:
    """Simulate, print, judge."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    for name, default in (("nodes", 1000), ("runs", 3000), ("queued", 10000), ("seed", 1)):
        parser.add_argument(f"--{name}", type=int, default=default)
    asked, good = parser.parse_args(), True
    print(machine())
    with TemporaryDirectory() as base:
        for nodes in (max(asked.nodes // 100, 1), asked.nodes) if asked.runs else ():
            seen = measured(asked, nodes, Path(base, f"of{nodes}"))
            print(
                f"{nodes:>5} nodes: {seen.own_ms:.2f} ms a run of its own ({seen.own_cpu_ms:.2f} ms of CPU), {seen.storing_ms:.2f} ms of encoding"
            )
            print(f"             {seen}")
            good &= seen.is_right and seen.own_ms < LIMIT_MS
        if asked.queued:
            seen = weighed(asked, Path(base, "queued"))
            print(
                f"from a fifth of the runs to the end the resident set grew by {seen.resident / 2**20:.2f} MiB, "
                f"and there are {seen.blocks:.2f} blocks more for each run"
            )
            print(f"             {seen}")
            good &= seen.is_right and seen.resident <= MOST_GROWTH and seen.blocks <= 1
    return int(not good)


if __name__ == "__main__":
    sys.exit(main())
