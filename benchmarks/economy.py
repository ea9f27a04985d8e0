"""The cost of an interval: one cell, 64 KiB over a pipe and back, in the lab and with pyperf.

    python -m benchmarks.economy [--repetitions 5] [--rounds 16] [--seed 1] [--calm] [override ...]

All are timed from outside, as whole processes, in random order within each repetition: pyperf with its
defaults on the loop of `benchmarks.plain_echo`, and two designs of the lab, started as a user starts it:

process  one fresh process; the interval, by order statistics, covers that process only
cell     --rounds of them; the interval, Student's over processes, covers those that the cell may run in

What pyperf's spread implies is Student's interval of the mean over its processes, which is a claim over
processes too. Half-widths are shares of the value. Overrides go to both designs. With --calm, see
`benchmarks.calm`, all have one CPU and keep freed memory. The goals of the design ``process`` are at most 1/8 of
pyperf's time (median ratio) and a median half-width of at most 2 %, those of ``cell``, which makes the same
claim as pyperf, at most 1/4 of its time; and of neither an interval wider than pyperf's. Exits with 1 unless
both reach all of theirs.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from random import Random
from statistics import fmean, median
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import pandas as pd
from scipy.special import stdtrit

from benchmarks.calm import KEEPING, calm
from benchmarks.sweeps import ROOT, finish, machine, start
from breakeven.analysis.frames.load import load

PYPERF, PROCESS, CELL = "pyperf", "process", "cell"
ASKED = ("pattern=pingpong", "model=process", "ipc=pipe", "payload=64KiB", "workers=1")
SHORT = ("measure.max_time=100ms", "measure.traced=0")
MANY = (  # processes of few trials each
    *("measure.max_time=10ms", "measure.warmup=1", "measure.min_trials=2", "measure.traced=0", "tasks=60"),
)
_LEVEL = 0.95
_SEEDS = 2**31
_NEEDED = "breakeven.runner.hydra_app.command, breakeven.runner.sweep.session, breakeven.runner.engines.local, breakeven.analysis.summary"
_P50 = "latency_p50_ns"


@dataclass(frozen=True)
class Cost:
    """An interval, and its cost in seconds.

    ``half_width`` is half the 95 % interval as a share of the value, in the lab ``own_half_width`` the median
    of those that its processes claim for themselves. ``seconds`` are ``before`` the first measured process,
    in them (``measuring``) and ``after`` the last; the parts are NaN for pyperf, which does not report them.
    """

    value_us: float
    half_width: float
    seconds: float
    own_half_width: float = math.nan
    before: float = math.nan
    measuring: float = math.nan
    after: float = math.nan


class Goal(NamedTuple):
    """The largest share of pyperf's time, and the largest half-width."""

    share: float
    half_width: float


GOALS = {PROCESS: Goal(1 / 8, 0.02), CELL: Goal(1 / 4, math.inf)}


@dataclass(frozen=True)
class Bounds:
    """Judge each design by its goal."""

    goals: Mapping[str, Goal] = field(default_factory=lambda: GOALS)

    def __call__(self, costs: pd.DataFrame) -> pd.DataFrame:
        """Judge each design from its rows and pyperf's: the ratio of times by repetition, and each bound."""
        wide = costs.pivot_table(index="repetition", columns="way", values=["seconds", "half_width"])
        theirs = wide["half_width"][PYPERF].median()
        rows = []
        for design, goal in self.goals.items():
            ratio = wide["seconds"][design] / wide["seconds"][PYPERF]
            half = wide["half_width"][design].median()
            found = {"least": ratio.min(), "median": ratio.median(), "largest": ratio.max()}
            good = {"fast": ratio.median() <= goal.share, "narrow": half <= goal.half_width}
            rows.append({"design": design, **found, "half_width": half, **good, "no_wider": half <= theirs})
        return pd.DataFrame(rows).set_index("design")


def implied(values: Sequence[float]) -> tuple[float, float]:
    """Return the mean of ``values``, one a process, and half of Student's interval of it as a share of it."""
    means = pd.Series(values)
    error = float(means.std(ddof=1)) / math.sqrt(len(means))
    return float(means.mean()), float(stdtrit(len(means) - 1, (1 + _LEVEL) / 2)) * error / float(means.mean())


def half_width(value: float, low: float, high: float) -> float:
    """Return half of the interval from ``low`` to ``high`` as a share of ``value``."""
    return (high - low) / 2 / value


def by_pyperf(seed: int) -> Cost:
    """Measure with pyperf's defaults; ``seed`` is of the hashes of the process that starts the others."""
    kept = [f"--inherit-environ={','.join(KEEPING)}"] if KEEPING.keys() <= os.environ.keys() else []
    with TemporaryDirectory() as base:
        stored = Path(base, "pyperf.json")
        command = [sys.executable, "-m", "benchmarks.pyperf_echo", "--quiet", "-o", str(stored), *kept]
        environment = {**os.environ, "PYTHONHASHSEED": str(seed)}
        began = time.perf_counter()
        subprocess.run(command, cwd=ROOT, env=environment, check=True, stdout=subprocess.DEVNULL)
        seconds = time.perf_counter() - began
        means = by_process(json.loads(stored.read_text()))
    mean, half = implied(means)
    return Cost(mean * 1e6, half, seconds)


def by_process(stored: dict[str, Any]) -> list[float]:
    """Return the mean of each of pyperf's processes in s, as pyperf stores them; one that only calibrates has none."""
    (benchmark,) = stored["benchmarks"]
    return [fmean(run["values"]) for run in benchmark["runs"] if run.get("values")]


def by_the_lab(overrides: Sequence[str], seed: int) -> Cost:
    """Measure with the lab, started with ``overrides``."""
    with TemporaryDirectory() as base:
        folder = Path(base, "sweep")
        began = time.time()  # the clock that runs are dated by
        finish(start(folder, (*ASKED, *overrides, f"seed={seed}")), folder)
        ended = time.time()
        lab = load(folder)
        return tell(lab.runs, lab.estimates.iloc[0], began, ended)


def tell(runs: pd.DataFrame, cell: pd.Series[float], began: float, ended: float) -> Cost:
    """Return the claim of the one ``cell`` and of its ``runs``.

    The parts of the time between two clock readings come as well.
    """
    starts = runs["started_at"].map(pd.Timestamp.timestamp)
    lasts = runs["wall_ns"] / 1e9
    claims = zip(runs[_P50], runs["latency_p50_low_ns"], runs["latency_p50_high_ns"], strict=True)
    return Cost(
        value_us=cell[_P50] / 1000,
        half_width=half_width(cell[_P50], cell[f"{_P50}_low"], cell[f"{_P50}_high"]),
        seconds=ended - began,
        own_half_width=median(half_width(*claim) for claim in claims),
        before=starts.min() - began,
        measuring=lasts.sum(),
        after=ended - (starts + lasts).max(),
    )


def measure(repetitions: int, seed: int, ways: Mapping[str, Callable[[int], Cost]]) -> pd.DataFrame:
    """Return one row per way and repetition."""
    return pd.DataFrame(
        {"repetition": repetition, "way": way, **asdict(ways[way](drawn))}
        for repetition, way, drawn in in_order(repetitions, seed, sorted(ways))
    )


def in_order(repetitions: int, seed: int, ways: Sequence[str]) -> Iterator[tuple[int, str, int]]:
    """Yield every way once in each repetition, in random order, with a seed."""
    random = Random(seed)
    for repetition in range(repetitions):
        for way in random.sample(ways, len(ways)):
            yield repetition, way, random.randrange(_SEEDS)


def importing() -> float:
    """Return the seconds that the lab's program takes to start and import what it needs, best of three."""
    taken = []
    for _ in range(3):
        began = time.perf_counter()
        subprocess.run([sys.executable, "-c", f"import {_NEEDED}"], cwd=ROOT, check=True)
        taken.append(time.perf_counter() - began)
    return min(taken)


def show(costs: pd.DataFrame, judged: pd.DataFrame) -> None:
    """Print least, median and largest of every figure, and which goals are reached."""
    figures = costs.drop(columns="repetition").melt("way").dropna()
    spread = figures.groupby(["way", "variable"], sort=False)["value"].agg(["min", "median", "max"])
    print(spread.to_string(float_format="{:.4f}".format))
    print(f"to start the lab's program and import what it needs: {importing():.2f} s\n")
    print("time of each design as a share of pyperf's, and what it reaches:")
    print(judged.to_string(float_format="{:.4f}".format))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--repetitions", type=int, default=5)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=16)
    parser.add_argument("--calm", action="store_true")
    parser.add_argument("override", nargs="*")
    return parser.parse_args()


def main() -> int:
    """Measure, print, judge."""
    asked = _arguments()
    print(machine())
    if asked.calm:
        calm()
    designs = {PROCESS: ("rounds=1", *SHORT), CELL: (f"rounds={asked.rounds}", *MANY)}
    lab = {name: partial(by_the_lab, (*design, *asked.override)) for name, design in designs.items()}
    costs = measure(asked.repetitions, asked.seed, {PYPERF: by_pyperf, **lab})
    judged = Bounds()(costs)
    show(costs, judged)
    reached = judged[["fast", "narrow", "no_wider"]].all(axis=1)
    told = ", ".join(f"{design} {'yes' if reached[design] else 'no'}" for design in (PROCESS, CELL))
    print(f"load now {os.getloadavg()[0]:.2f}; all three are reached by: {told}")
    return 0 if reached.all() else 1


if __name__ == "__main__":
    sys.exit(main())
