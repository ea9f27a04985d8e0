"""Whether our round trips agree with those of a hand-written loop.

    python -m benchmarks.cross_check [--repetitions 5] [--seed 1] [--free] [override ...]

Pipe and Queue, 64 B, 64 KiB and 1 MiB out and the same back: a run of the lab as a user starts it (pingpong,
one worker process) beside `benchmarks.plain_echo`, which shares no line with it. Each is a fresh process; in
every repetition the combinations come in seeded random order, and so do the two of each. Overrides go to the
lab. Both have one CPU and keep freed memory, see `benchmarks.calm`; with --free they do not, and the loop
disagrees with itself. Exits with 1 if the median ratio of neighbours is off by more than 15 %.
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
from benchmarks.sweeps import ROOT, machine, swept
from breakeven.analysis.frames.load import load
from breakeven.analysis.units import format_size

BOUND = 0.15
LAB, HAND = "lab", "hand"
_SIZES = (64, 64 * 1024, 1024 * 1024)
_CELL = (
    "pattern=pingpong",
    "model=process",
    "workers=1",
    "rounds=1",
    "tasks=1000",
)  # the loop pauses for nothing
_SEEDS = 2**31


class Combination(NamedTuple):
    """What is sent, in bytes, and over which channel."""

    channel: str
    size: int


class Step(NamedTuple):
    """One fresh process to measure: the tool and the seed (of hashing and, in the lab, of everything)."""

    repetition: int
    combination: Combination
    by: str
    seed: int


COMBINATIONS = tuple(Combination(channel, size) for channel in CHANNELS for size in _SIZES)
Measure = Callable[[Combination, int], float]


def in_order(repetitions: int, seed: int) -> Iterator[Step]:
    """Yield every combination once in each repetition, in random order, and the two of each as neighbours."""
    random = Random(seed)
    for repetition in range(repetitions):
        for combination in random.sample(COMBINATIONS, len(COMBINATIONS)):
            drawn = random.randrange(_SEEDS)
            for by in random.sample((LAB, HAND), 2):
                yield Step(repetition, combination, by, drawn)


def by_the_lab(overrides: Sequence[str]) -> Measure:
    """Return what measures one combination with the lab, in ns: the p50 of one run."""

    def measure(combination: Combination, seed: int) -> float:
        sent = (f"ipc={combination.channel}", f"payload={combination.size}B", f"seed={seed}")
        with swept(*_CELL, *sent, *overrides) as folder:
            return float(load(folder).runs["latency_p50_ns"].iloc[0])

    return measure


def by_hand(combination: Combination, seed: int) -> float:
    """Measure one combination with the plain loop, in ns: its median."""
    command = [sys.executable, "-m", "benchmarks.plain_echo", combination.channel, str(combination.size)]
    environment = {**os.environ, "PYTHONHASHSEED": str(seed)}
    return float(subprocess.check_output(command, cwd=ROOT, env=environment))


def measure(steps: Iterator[Step], ways: Mapping[str, Measure]) -> pd.DataFrame:
    """Return one row per pair of neighbours: repetition, channel, size, and the p50 of ``lab`` and ``hand`` in ns."""
    rows = [
        (step.repetition, *step.combination, step.by, ways[step.by](step.combination, step.seed))
        for step in steps
    ]
    long = pd.DataFrame(rows, columns=["repetition", "channel", "size", "by", "p50_ns"])
    return long.pivot_table(
        index=["channel", "size", "repetition"], columns="by", values="p50_ns"
    ).reset_index()


@dataclass(frozen=True)
class Agree:
    """Judge whether the median ratio of neighbours, lab by hand, is within ``bound`` of 1."""

    bound: float = BOUND

    def __call__(self, pairs: pd.DataFrame) -> pd.DataFrame:
        """Return one row per combination: medians in us, their ratio, least, median and largest ratio of neighbours.

        ``hand_spread`` is the loop's own largest p50 by its least: how far it agrees with itself.
        """
        cells = pairs.assign(ratio=pairs[LAB] / pairs[HAND]).groupby(["channel", "size"], as_index=False)
        found = cells.agg(
            pairs=("ratio", "size"),
            lab_us=(LAB, "median"),
            hand_us=(HAND, "median"),
            least=("ratio", "min"),
            median=("ratio", "median"),
            largest=("ratio", "max"),
            hand_spread=(HAND, lambda p50: p50.max() / p50.min()),
        )
        found[["lab_us", "hand_us"]] /= 1000
        found.insert(5, "of_medians", found["lab_us"] / found["hand_us"])
        return found.assign(agree=(found["median"] - 1).abs().le(self.bound))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--repetitions", type=int, default=5)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--free", action="store_true")
    parser.add_argument("override", nargs="*")
    return parser.parse_args()


def main() -> int:
    """Measure, print, judge."""
    asked = _arguments()
    print(machine())
    if not asked.free:
        calm()
    steps = in_order(asked.repetitions, asked.seed)
    found = Agree()(measure(steps, {LAB: by_the_lab(asked.override), HAND: by_hand}))
    words = found["agree"].map({True: "yes", False: "no"})
    shown = found.assign(size=found["size"].map(format_size), agree=words)
    print(shown.to_string(index=False, float_format="{:.3f}".format))
    print(f"load now {os.getloadavg()[0]:.2f}; {found['agree'].sum()} of {len(found)} within {BOUND:.0%}")
    return 0 if found["agree"].all() else 1


if __name__ == "__main__":
    sys.exit(main())
