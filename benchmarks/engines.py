"""What a run costs over a cluster, beyond its own time: 50 short runs on two nodes of this host.

    python -m benchmarks.engines [--engine dask ...] [--runs 50] [--repetitions 3]

Two nodes on one host show function and overhead only; how long a run itself takes here says nothing. Its own time is
`runs.wall_ns`, from the moment at which its node begins with it to its result. What a run costs is the time from the
first run's beginning to the end of the last, less the own times of all, shared by the nodes, divided by the number of
runs. Beside it stands how long single runs were on their way, from the event that one began to the event that it ended
and is stored. Exits with 1 if the median of the repetitions is above the limit of an engine.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.sweeps import machine
from breakeven.base.events import read_events
from tests.commands import environment, module

NODES = 2
SHORT = (
    *("model=serial", "workers=1", "tasks=1", "task=10us", "payload=0", "progress=quiet"),
    *("measure.warmup=0", "measure.max_warmup=0", "measure.min_trials=1", "measure.max_trials=1"),
    "measure.traced=0",
)


@dataclass(frozen=True)
class Way:
    """How a sweep gets to a cluster: what is typed before the command, its overrides and variables."""

    overrides: Sequence[str]
    variables: Mapping[str, str] = field(default_factory=dict)
    before: Sequence[str] = ()


def _starting(name: str) -> Any:
    """Return the tests' module that starts a cluster, imported on demand: each needs what it starts."""
    return import_module(f"tests.engines.{name}_cluster")


@contextmanager
def dask(folder: Path) -> Iterator[Way]:
    """Provide a Dask cluster of two workers."""
    with _starting("dask").cluster(folder, 2) as made:
        yield Way(("engine=dask", f"engine.address={made.address}"))


@contextmanager
def ray(folder: Path) -> Iterator[Way]:
    """Provide a Ray cluster of two nodes; its own folder is a short one."""
    del folder
    with _starting("ray").cluster(2) as made:
        yield Way(("engine=ray", f"engine.address={made.address}"), made.variables, made.inside([]))


@contextmanager
def slurm(allocation: str, folder: Path) -> Iterator[Way]:
    """Provide a Slurm cluster of two nodes."""
    with _starting("slurm").cluster(folder) as made:
        asked = ("engine=slurm", "engine.nodes=2", f"engine.allocation={allocation}")
        yield Way(asked, made.variables)


@dataclass(frozen=True)
class Engine:
    """An engine to measure: what starts its cluster, and the most seconds that a run may cost."""

    start: Callable[[Path], AbstractContextManager[Way]]
    limit_s: float


ENGINES = {
    "dask": Engine(dask, 0.05),
    "ray": Engine(ray, 0.5),
    "slurm": Engine(partial(slurm, "per_run"), 0.6),
    "slurm_shared": Engine(partial(slurm, "shared"), 0.15),
}


@dataclass(frozen=True)
class Cost:
    """The seconds that each run was on its way beyond its own time.

    The second number is that from the first run to the end of the last.
    """

    beyond: Sequence[float]
    own: Sequence[float]
    whole: float

    @property
    def of_a_run(self) -> float:
        """Return what a run costs, in seconds."""
        return (self.whole - sum(self.own) / NODES) / len(self.own)


def cost(folder: Path) -> Cost:
    """Return what the runs of a sweep cost."""
    events = read_events(folder / "events.jsonl")
    began = {_key(event): _at(event) for event in events if event["event"] == "run_began"}
    ended = {_key(event): event for event in events if event["event"] == "run_ended"}
    if {event["status"] for event in ended.values()} != {"ok"}:
        raise RuntimeError(f"runs of {folder} failed")
    own = [event["wall_ns"] / 1e9 for event in ended.values()]
    taken = [_at(event) - began[key] for key, event in ended.items()]
    beyond = [whole - part for whole, part in zip(taken, own, strict=True)]
    return Cost(beyond, own, max(map(_at, ended.values())) - min(began.values()))


def _key(event: Mapping[str, object]) -> tuple[object, object]:
    return event["cell_id"], event["round"]


def _at(event: Mapping[str, object]) -> float:
    return datetime.fromisoformat(str(event["at"])).timestamp()


def sweep(way: Way, folder: Path, runs: int) -> Cost:
    """Make a sweep of short runs; raise RuntimeError with what it said if it fails."""
    folder.mkdir()
    asked = (*SHORT, *way.overrides, f"rounds={runs}", "sweep=short")
    command = [*way.before, *module("breakeven", "run", *asked)]
    done = subprocess.run(
        command, cwd=folder, env=environment(way.variables), capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(f"the sweep failed:\n{done.stderr}")
    return cost(folder / "outputs" / "short")


def show(name: str, values: Sequence[float]) -> None:
    """Print the spread of some seconds."""
    low, middle, high = min(values), statistics.median(values), max(values)
    print(f"  {name:46} min {1e3 * low:8.1f}  median {1e3 * middle:8.1f}  max {1e3 * high:8.1f} ms")


def measure(name: str, runs: int, repetitions: int) -> bool:
    """Measure one engine and print what it costs; return whether that is within its limit."""
    engine = ENGINES[name]
    with TemporaryDirectory() as base, engine.start(Path(base)) as way:
        costs = [sweep(way, Path(base, f"sweep{number}"), runs) for number in range(repetitions)]
    each = [found.of_a_run for found in costs]
    good = statistics.median(each) <= engine.limit_s
    print(
        f"{name}: {repetitions} x {runs} runs; limit {1e3 * engine.limit_s:.0f} ms: {'kept' if good else 'NOT KEPT'}"
    )
    show("what a run costs, by repetition", each)
    show("a run on its way, beyond its own time", [value for found in costs for value in found.beyond])
    show("a run's own time", [value for found in costs for value in found.own])
    return good


def main() -> int:
    """Measure, print, judge."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--engine", choices=ENGINES, nargs="+", default=list(ENGINES))
    parser.add_argument("--runs", type=int, default=50)
    parser.add_argument("--repetitions", type=int, default=3)
    asked = parser.parse_args()
    print(machine())
    good = [measure(name, asked.runs, asked.repetitions) for name in asked.engine]
    return int(not all(good))


if __name__ == "__main__":
    sys.exit(main())
