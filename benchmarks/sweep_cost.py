"""The cost a sweep adds to a run's trials, compared with an empty job under Hydra's BasicLauncher.

    python -m benchmarks.sweep_cost [--repetitions 5] [--long 1000] [--jobs 10 100] [override ...]

Each repetition makes a sweep of as many runs, and one of as many jobs under Hydra's launcher and sweeper as
they come, from the same configuration, in random order; a run is a fresh process, its trials, and rows in
its Parquet tables. The cost of one is the time from the first number of jobs to the second, divided by how
many more there are, so that starting the program does not count; the time of the trials is taken off. A long
sweep then shows whether the runs at its end cost more time or memory than those at its beginning. Exits with
1 if a cost is above 0.45 of Hydra's, or the last tenth of the runs takes more than 1.1 times as long as the
first. Overrides, such as ``model=process ipc=pipe``, go to the sweeps, whose runs are serial without them.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd

from benchmarks.sweeps import ROOT, finish, machine, start

MOST = 0.45
MOST_GROWTH = 1.1
_EMPTY = (
    *("model=serial", "workers=1", "tasks=1", "task=10us", "payload=0", "rounds=1"),
    *(
        "measure.warmup=0",
        "measure.max_warmup=0",
        "measure.min_trials=1",
        "measure.max_trials=1",
        "measure.traced=0",
    ),
)
_LOOK_SECONDS = 0.05


@dataclass(frozen=True)
class Seen:
    """Observations of a long sweep: when each run ended, and the runner's memory by the number of ended runs."""

    ends: list[float]
    bytes_after: dict[int, int]


def settings(overrides: Sequence[str]) -> list[str]:
    """Return the settings of every run: those of an empty one, except where ``overrides`` say otherwise."""
    chosen = {override.partition("=")[0] for override in overrides}
    return [*(one for one in _EMPTY if one.partition("=")[0] not in chosen), *overrides]


def ours(jobs: int, overrides: Sequence[str]) -> float:
    """Return the seconds of a sweep of so many runs, less those of its trials."""
    with TemporaryDirectory() as base:
        folder = Path(base, "sweep")
        begin = time.perf_counter()
        finish(start(folder, [*settings(overrides), f"label=range(0,{jobs})"]), folder)
        taken = time.perf_counter() - begin
        return taken - float(pd.read_parquet(folder / "trials")["wall_ns"].sum()) / 1e9


def hydras(jobs: int) -> float:
    """Return the seconds of as many empty jobs under Hydra's own launcher and sweeper."""
    with TemporaryDirectory() as base:
        command = [sys.executable, "-m", "benchmarks.empty_job", "-m", f"label=range(0,{jobs})"]
        begin = time.perf_counter()
        subprocess.run([*command, f"hydra.sweep.dir={base}"], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
        return time.perf_counter() - begin


def cost_ms(few: int, many: int, overrides: Sequence[str]) -> tuple[float, float]:
    """Return the milliseconds that one more run costs, and one more job, measured in random order."""
    sides = (partial(ours, overrides=overrides), hydras)
    asked = [(measure, jobs) for measure in sides for jobs in (few, many)]
    taken = {one: one[0](one[1]) for one in random.sample(asked, len(asked))}
    costs = [1e3 * (taken[measure, many] - taken[measure, few]) / (many - few) for measure in sides]
    return costs[0], costs[1]


def long_sweep(runs: int, overrides: Sequence[str]) -> Seen:
    """Watch a sweep of so many runs."""
    with TemporaryDirectory() as base:
        folder = Path(base, "sweep")
        process = start(folder, [*settings(overrides), f"label=range(0,{runs})"])
        memory: dict[int, int] = {}
        while process.poll() is None:
            resident = _resident_bytes(process.pid)
            if resident:  # else it has just ended
                memory[len(_ends(folder))] = resident
            time.sleep(_LOOK_SECONDS)
        finish(process, folder)
        return Seen(_ends(folder), memory)


def _ends(folder: Path) -> list[float]:
    events = folder / "events.jsonl"
    lines = events.read_text(encoding="utf-8").splitlines(keepends=True) if events.exists() else []
    told = [json.loads(line) for line in lines if line.endswith("\n")]
    return [datetime.fromisoformat(one["at"]).timestamp() for one in told if one["event"] == "run_ended"]


def _resident_bytes(pid: int) -> int:
    try:
        status = Path("/proc", str(pid), "status").read_text(encoding="ascii")
    except FileNotFoundError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmRSS")), 0)


def show(name: str, values: Sequence[float], unit: str) -> None:
    """Print the spread of some figures."""
    low, middle, high = min(values), statistics.median(values), max(values)
    print(f"{name:58} min {low:8.2f}  median {middle:8.2f}  max {high:8.2f} {unit}")


def report_growth(seen: Seen) -> float:
    """Print the cost of runs along a long sweep; return the time of the last tenth relative to the first."""
    steps = [1e3 * (later - earlier) for earlier, later in zip(seen.ends, seen.ends[1:], strict=False)]
    tenth = max(len(steps) // 10, 1)
    first, last = statistics.median(steps[:tenth]), statistics.median(steps[-tenth:])
    for place in (10, 100, 1000):
        if place <= len(seen.ends):
            around = steps[max(place - 10, 0) : place]
            known = max(count for count in seen.bytes_after if count < place)  # the last one sums up
            size = seen.bytes_after[known] / 2**20
            print(
                f"run {place:>4}: {statistics.median(around):6.1f} ms a run (median of 10), runner holds {size:6.1f} MiB"
            )
    print(f"last tenth / first tenth of {len(seen.ends)} runs: {last / first:.3f}")
    return last / first


def main() -> int:
    """Measure, print, and return the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--repetitions", type=int, default=5)
    parser.add_argument("--jobs", type=int, nargs=2, default=(10, 100))
    parser.add_argument("--long", type=int, default=1000)
    parser.add_argument("override", nargs="*")
    asked = parser.parse_args()
    print(machine())
    costs = [cost_ms(asked.jobs[0], asked.jobs[1], asked.override) for _ in range(asked.repetitions)]
    show("one more run", [cost for cost, _ in costs], "ms")
    show("one more empty job under Hydra's BasicLauncher", [job for _, job in costs], "ms")
    ratios = [cost / job for cost, job in costs]
    show("run / empty job", ratios, "x")
    growth = report_growth(long_sweep(asked.long, asked.override)) if asked.long else 0.0
    return int(statistics.median(ratios) > MOST or growth > MOST_GROWTH)


if __name__ == "__main__":
    sys.exit(main())
