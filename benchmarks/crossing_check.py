"""Whether a line of a bisection crosses 1 where a hand-written loop does: `python -m benchmarks.crossing_check`.

    python -m benchmarks.crossing_check [--rounds 5] [--lengths 130,170,210,260] [--seed 1]

Two processes over pipes, 64 KiB out and back. The lab's runs are those of a bisection, each made by a command of its
own, with the allocator as it is (``lab``) and with one that keeps freed memory (``lab, heap kept``). The loop is
`benchmarks.plain_crossing`, which shares no line with the lab, in four forms. Each run is a fresh process; in every
round all of them come in random order. The crossing of each is that of 1 / speedup = A + B / t, fitted to its runs with
the length t that each measured, with the 95 % interval of 500 resamplings of the runs of each length. ``at 180 us`` is
the speedup there. Exits with 1 if the intervals of the lab and of the loop that does the same, pickles and keeps its
results, have nothing in common.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from itertools import product
from random import Random

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmarks.plain_crossing import MESSAGES, RESULTS
from benchmarks.sweeps import ROOT, machine, swept
from breakeven.analysis.frames.load import load

Floats = NDArray[np.float64]
Found = tuple[float, float, float]
"""Of one run: the time of a task alone in ns, the speedup, and the page faults for each task, NaN if nobody counted."""
LAB = "lab"
_CELL = ("model=process", "ipc=pipe", "payload=64KiB", "workers=2", "rounds=1", "progress=quiet")
_RESAMPLES = 500
_AT_NS = 180_000.0


def by_lab(*overrides: str, length: int, seed: int) -> Found:
    """Measure a cell of the line with the lab."""
    with swept(*_CELL, f"task={length}us", f"seed={seed}", *overrides) as folder:
        run = load(folder).runs.iloc[0]
        return float(run["task_measured_ns"]), float(run["speedup"]), float(run["faults_per_task"])


def by_hand(results: str, messages: str, *, length: int, seed: int) -> Found:
    """Measure the same with the plain loop."""
    del seed
    command = [sys.executable, "-m", "benchmarks.plain_crossing", str(length)]
    said = subprocess.check_output([*command, "--results", results, "--messages", messages], cwd=ROOT)
    alone, speedup = map(float, said.split())
    return alone, speedup, float("nan")


WAYS: dict[str, Callable[..., Found]] = {
    LAB: by_lab,
    "lab, heap kept": partial(by_lab, "environment.MALLOC_TOP_PAD_=33554432"),
    **{
        f"loop, results {results}, {messages}": partial(by_hand, results, messages)
        for results, messages in product(RESULTS, MESSAGES)
    },
}
SAME = f"loop, results {RESULTS[0]}, {MESSAGES[0]}"


def measured(rounds: int, lengths: list[int], seed: int) -> pd.DataFrame:
    """Return one row a run: way, length asked for, length and speedup measured, faults."""
    random, rows = Random(seed), []
    for _ in range(rounds):
        for way, length in random.sample(list(product(WAYS, lengths)), len(WAYS) * len(lengths)):
            found = WAYS[way](length=length, seed=random.randrange(2**31))
            rows.append((way, length, *found))
    return pd.DataFrame(rows, columns=["way", "length", "alone_ns", "speedup", "faults"])


def fitted(runs: pd.DataFrame) -> tuple[float, float]:
    """Return A and B of 1 / speedup = A + B / t."""
    slope, share = np.polyfit(1 / runs["alone_ns"].to_numpy(), 1 / runs["speedup"].to_numpy(), 1)
    return float(share), float(slope)


def crossing(runs: pd.DataFrame) -> float:
    """Return the length at which the fit is 1; NaN if it is nowhere."""
    share, cost = fitted(runs)
    return cost / (1 - share) if share < 1 and cost > 0 else float("nan")


def _drawn(runs: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    return runs.iloc[rng.integers(len(runs), size=len(runs))]


def summed(runs: pd.DataFrame, rng: np.random.Generator) -> dict[str, float]:
    """Return the crossing of one way's runs with its interval, in us.

    The speedup at 180 us and the faults per task come as well.
    """
    lengths = [group for _, group in runs.groupby("length")]
    again = [crossing(pd.concat(_drawn(group, rng) for group in lengths)) for _ in range(_RESAMPLES)]
    low, high = np.nanquantile(again, [0.025, 0.975])
    share, cost = fitted(runs)
    return {
        "crossing_us": crossing(runs) / 1e3,
        "low": low / 1e3,
        "high": high / 1e3,
        "at 180 us": 1 / (share + cost / _AT_NS),
        "faults": float(runs["faults"].median()),
    }


def main() -> int:
    """Measure, print, judge."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--lengths", default="130,170,210,260")
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    print(machine())
    runs = measured(asked.rounds, [int(one) for one in asked.lengths.split(",")], asked.seed)
    rng = np.random.default_rng(asked.seed)
    found = pd.DataFrame({way: summed(runs[runs["way"].eq(way)], rng) for way in WAYS}).T
    medians = runs.pivot_table(index="way", columns="length", values="speedup", aggfunc="median").loc[
        list(WAYS)
    ]
    print(found.join(medians).to_string(float_format="{:.4g}".format))
    lab, loop = found.loc[LAB], found.loc[SAME]
    return int(bool(lab["low"] > loop["high"]) or bool(loop["low"] > lab["high"]))


if __name__ == "__main__":
    sys.exit(main())
