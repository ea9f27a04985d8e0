"""Whether our round trips, and the speedup of a pool, agree with those of hand-written loops.

    python -m benchmarks.cross_check [--repetitions 12] [--seed 1] [--calm] [override ...]

Pipe and Queue, 64 B, 64 KiB and 1 MiB out and the same back: a run of the lab as a user starts it (pingpong,
one worker process) beside `benchmarks.plain_echo`; and `multiprocessing.Pool` with two processes: a run of the
lab (map, mp_pool, the same function) beside `benchmarks.plain_pool`. They share no line with the lab. Each is a
fresh process; in every repetition the combinations come in seeded random order, and so do the two of each.
Overrides go to the lab. Both are measured as the machine is; with --calm the round trips of both have one CPU
and keep freed memory, see `benchmarks.calm`, and the pool, which needs two, is left out. Exits with 1 if the
ratio of the medians is off by more than 15 %.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import NamedTuple

import pandas as pd

from benchmarks.calm import calm
from benchmarks.plain_echo import CHANNELS
from benchmarks.plain_pool import STEPS, TASKS, WORKERS
from benchmarks.sweeps import ROOT, machine, swept
from breakeven.analysis.frames.load import load
from breakeven.analysis.units import format_ratio, format_size, format_time

BOUND = 0.15
LAB, HAND = "lab", "hand"
POOL = "pool"
_SIZES = (64, 64 * 1024, 1024 * 1024)
_POOL_CELL = (
    *(
        "pattern=map",
        "model=mp_pool",
        f"workers={WORKERS}",
        "rounds=1",
        f"tasks={TASKS}",
        "workload=function",
    ),
    *("workload.target=benchmarks.plain_pool:work", f"workload.args=[{STEPS}]"),
)
_CELL = (
    "pattern=pingpong",
    "model=process",
    "workers=1",
    "rounds=1",
    "tasks=1000",
)  # the loop pauses for nothing
_SEEDS = 2**31


class Combination(NamedTuple):
    """What is sent, in bytes, and over which channel; nothing if it is the POOL that is measured."""

    channel: str
    size: int


class Step(NamedTuple):
    """One fresh process to measure: the tool and the seed (of hashing and, in the lab, of everything)."""

    repetition: int
    combination: Combination
    by: str
    seed: int


ROUND_TRIPS = tuple(Combination(channel, size) for channel in CHANNELS for size in _SIZES)
COMBINATIONS = (*ROUND_TRIPS, Combination(POOL, 0))
Measure = Callable[[Combination, int], float]


def in_order(
    repetitions: int, seed: int, combinations: Sequence[Combination] = COMBINATIONS
) -> Iterator[Step]:
    """Yield every combination once in each repetition, in random order, and the two of each as neighbours."""
    random = Random(seed)
    for repetition in range(repetitions):
        for combination in random.sample(combinations, len(combinations)):
            drawn = random.randrange(_SEEDS)
            for by in random.sample((LAB, HAND), 2):
                yield Step(repetition, combination, by, drawn)


def by_the_lab(overrides: Sequence[str]) -> Measure:
    """Return what measures one combination with the lab: the p50 of one run in ns, or its speedup."""

    def measure(combination: Combination, seed: int) -> float:
        if combination.channel == POOL:
            with swept(*_POOL_CELL, f"seed={seed}", *overrides) as folder:
                return float(load(folder).runs["speedup"].iloc[0])
        sent = (f"ipc={combination.channel}", f"payload={combination.size}B", f"seed={seed}")
        with swept(*_CELL, *sent, *overrides) as folder:
            return float(load(folder).runs["latency_p50_ns"].iloc[0])

    return measure


def by_hand(combination: Combination, seed: int) -> float:
    """Measure one combination with a plain loop: its median round trip in ns, or its median speedup."""
    echo = ("benchmarks.plain_echo", combination.channel, str(combination.size))
    command = [sys.executable, "-m", *(("benchmarks.plain_pool",) if combination.channel == POOL else echo)]
    environment = {**os.environ, "PYTHONHASHSEED": str(seed)}
    return float(subprocess.check_output(command, cwd=ROOT, env=environment))


def measure(steps: Iterator[Step], ways: Mapping[str, Measure]) -> pd.DataFrame:
    """Return one row per pair of neighbours: repetition, channel, size, and what ``lab`` and ``hand`` found."""
    rows = [
        (step.repetition, *step.combination, step.by, ways[step.by](step.combination, step.seed))
        for step in steps
    ]
    long = pd.DataFrame(rows, columns=["repetition", "channel", "size", "by", "found"])
    return long.pivot_table(
        index=["channel", "size", "repetition"], columns="by", values="found"
    ).reset_index()


@dataclass(frozen=True)
class Agree:
    """Judge whether the ratio of the medians, lab by hand, is within ``bound`` of 1."""

    bound: float = BOUND

    def __call__(self, pairs: pd.DataFrame) -> pd.DataFrame:
        """Return one row per combination: medians, their ratio, least, median and largest ratio of neighbours.

        ``hand_spread`` is the loop's own largest by its least: how far it agrees with itself.
        """
        cells = pairs.assign(ratio=pairs[LAB] / pairs[HAND]).groupby(["channel", "size"], as_index=False)
        found = cells.agg(
            pairs=("ratio", "size"),
            lab=(LAB, "median"),
            hand=(HAND, "median"),
            least=("ratio", "min"),
            median=("ratio", "median"),
            largest=("ratio", "max"),
            hand_spread=(HAND, lambda found: found.max() / found.min()),
        )
        found.insert(5, "of_medians", found["lab"] / found["hand"])
        return found.assign(agree=(found["of_medians"] - 1).abs().le(self.bound))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--repetitions", type=int, default=12)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--calm", action="store_true")
    parser.add_argument("override", nargs="*")
    return parser.parse_args()


def _show(channel: str, found: float) -> str:
    return format_ratio(found) if channel == POOL else format_time(found)


def main() -> int:
    """Measure, print, judge."""
    asked = _arguments()
    print(machine())
    if asked.calm:
        calm()
    steps = in_order(asked.repetitions, asked.seed, ROUND_TRIPS if asked.calm else COMBINATIONS)
    found = Agree()(measure(steps, {LAB: by_the_lab(asked.override), HAND: by_hand}))
    words = found["agree"].map({True: "yes", False: "no"})
    shown = found.assign(size=found["size"].map(format_size), agree=words)
    for by in (LAB, HAND):
        shown[by] = [
            _show(channel, value) for channel, value in zip(found["channel"], found[by], strict=True)
        ]
    print(shown.to_string(index=False, float_format="{:.3f}".format))
    print(f"load now {os.getloadavg()[0]:.2f}; {found['agree'].sum()} of {len(found)} within {BOUND:.0%}")
    return 0 if found["agree"].all() else 1


if __name__ == "__main__":
    sys.exit(main())
