"""Whether speedup and start-up of packages' pools agree with those of hand-written programs.

    python -m benchmarks.packages_check [--repetitions 5] [--only loky,mpire] [--seed 1] [override ...]

Each package's pool with two processes: a run of the lab as a user starts it (map, the same function and tasks) beside
`benchmarks.plain_packages`, which shares no line with it. Each is a fresh process; in every repetition the packages
come in seeded random order, and so do the two of each. Overrides go to the lab. Exits with 1 if the intervals of the
two (95 % of the mean of the logarithms) have no value in common, of the speedup or of the start-up.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from random import Random
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy import stats

from benchmarks.plain_packages import PACKAGES
from benchmarks.plain_pool import STEPS, TASKS, WORKERS
from benchmarks.sweeps import ROOT, machine, swept
from breakeven.analysis.frames.load import load

LAB, HAND = "lab", "hand"
QUANTITIES = ("speedup", "startup_ms")
_CELL = (
    *("pattern=map", f"workers={WORKERS}", "rounds=1", f"tasks={TASKS}", "workload=function"),
    *("workload.target=benchmarks.plain_pool:work", f"workload.args=[{STEPS}]"),
)
_SEEDS = 2**31


class Found(NamedTuple):
    """What one fresh process measured: package, side, speedup, and start-up in ms."""

    package: str
    by: str
    speedup: float
    startup_ms: float


def by_hand(package: str) -> Found:
    """Measure with the plain program."""
    command = [sys.executable, "-m", "benchmarks.plain_packages", package]
    speedup, startup = subprocess.check_output(command, cwd=ROOT, stderr=subprocess.DEVNULL).split()[-2:]
    return Found(package, HAND, float(speedup), float(startup) / 1e6)


def by_the_lab(package: str, seed: int, overrides: Sequence[str]) -> Found:
    """Measure with a run of the lab."""
    with swept(*_CELL, f"model={package}", f"seed={seed}", *overrides) as folder:
        row = load(folder).runs.iloc[0]
    return Found(package, LAB, float(row["speedup"]), float(row["startup_ns"]) / 1e6)


def measure(
    repetitions: int, packages: Sequence[str], seed: int, overrides: Sequence[str]
) -> Iterator[Found]:
    """Yield what each process found."""
    random = Random(seed)
    for _ in range(repetitions):
        for package in random.sample(packages, len(packages)):
            for by in random.sample((LAB, HAND), 2):
                drawn = random.randrange(_SEEDS)
                yield by_hand(package) if by == HAND else by_the_lab(package, drawn, overrides)


def interval(values: pd.Series[float]) -> tuple[float, float]:
    """Return the interval of the mean of the logarithms, as a value."""
    logs = np.log(values)
    half = stats.t.ppf(0.975, len(logs) - 1) * logs.std() / np.sqrt(len(logs))
    return float(np.exp(logs.mean() - half)), float(np.exp(logs.mean() + half))


def compare(found: pd.DataFrame) -> pd.DataFrame:
    """Return one row per package and quantity: both intervals, and whether they have a value in common."""
    rows = []
    for package, both in found.groupby("package", sort=False):
        for quantity in QUANTITIES:
            lab, hand = (interval(both.loc[both["by"].eq(by), quantity]) for by in (LAB, HAND))
            agree = lab[0] <= hand[1] and hand[0] <= lab[1]
            rows.append((package, quantity, *lab, *hand, agree))
    columns = ["package", "quantity", "lab_low", "lab_high", "hand_low", "hand_high", "agree"]
    return pd.DataFrame(rows, columns=columns)


def main() -> int:
    """Measure, print, judge."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--repetitions", type=int, default=5)
    parser.add_argument("--only", default=",".join(PACKAGES))
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("override", nargs="*")
    asked = parser.parse_args()
    print(machine())
    packages = asked.only.split(",")
    found = compare(pd.DataFrame(measure(asked.repetitions, packages, asked.seed, asked.override)))
    words = found["agree"].map({True: "yes", False: "no"})
    print(found.assign(agree=words).to_string(index=False, float_format="{:.2f}".format))
    print(f"load now {os.getloadavg()[0]:.2f}; {found['agree'].sum()} of {len(found)} agree")
    return 0 if found["agree"].all() else 1


if __name__ == "__main__":
    sys.exit(main())
