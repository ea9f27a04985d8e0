"""Whether our round trips, and the speedup of a pool, agree with those of hand-written loops.

    python -m benchmarks.cross_check [--repetitions 12] [--seed 1] [--only pipe] [--sizes 64,1048576] [--placements
    none,compact] [--calm] [--kept FILE] [override ...]

Pipe and Queue, 64 B, 64 KiB and 1 MiB out and the same back: a run of the lab as a user starts it (pingpong, one worker
process) beside `benchmarks.plain_echo`; and `multiprocessing.Pool` with two processes: a run of the lab (map, mp_pool,
the same function) beside `benchmarks.plain_pool`. They share no line with the lab. Each is a fresh process; in every
repetition the combinations come in seeded random order, and so do the two of each. It takes half an hour; with --kept,
what was measured is written to the file at once, and the same command resumes. With --only, the pipes, TCP or ZeroMQ
of `benchmarks.plain_wires` as well (os_pipe, tcp, zeromq). Overrides go to the lab. Both are measured as the machine is
(placement none), on one CPU (compact) and on two (scatter); with --calm the round trips of both have one CPU and keep
freed memory, see `benchmarks.calm`, and the pool, which needs two, is left out. Exits with 1 if the ratio of the
medians is off by more than 15 %, or cannot be decided.

As the machine is, the scheduler puts some processes of either side on one CPU and some on two. Where both happened, how
many did so decides the medians, so that what is judged is the ratio of the medians of those on one CPU, and of those on
two, if there are three of each side; the table shows the shares.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from statistics import fmean
from typing import Any, NamedTuple

import pandas as pd

from benchmarks.calm import calm
from benchmarks.plain_echo import CHANNELS, PLACEMENTS
from benchmarks.plain_pool import STEPS, TASKS, WORKERS
from benchmarks.plain_wires import WIRES
from benchmarks.sweeps import ROOT, SweepFailed, machine, swept
from breakeven.analysis.frames.load import load
from breakeven.analysis.units import format_ratio, format_size, format_time

BOUND = 0.15
FEWEST = 3  # processes of each side on one CPU, or on two, to compare them
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
_KEY = ["channel", "size", "placement"]
_WORDS = {True: "yes", False: "no", None: "undecided"}


class Combination(NamedTuple):
    """What is sent, in bytes, over which channel, between processes placed how.

    Nothing is sent if it is the POOL that is measured.
    """

    channel: str
    size: int
    placement: str = PLACEMENTS[0]


class Found(NamedTuple):
    """A round trip in ns, or a speedup; and at which share of looks both processes were on one CPU, NaN of a pool."""

    value: float
    one_cpu: float


class Step(NamedTuple):
    """One fresh process to measure: the tool and the seed (of hashing and, in the lab, of everything)."""

    repetition: int
    combination: Combination
    by: str
    seed: int


ROUND_TRIPS = tuple(
    Combination(channel, size, placement)
    for channel in (*CHANNELS, *WIRES)
    for size in _SIZES
    for placement in PLACEMENTS
)
COMBINATIONS = (*(each for each in ROUND_TRIPS if each.channel in CHANNELS), Combination(POOL, 0))
Measure = Callable[[Combination, int], Found]


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
    """Return a function that measures one combination with the lab: p50 in ns, or speedup."""

    def measure(combination: Combination, seed: int) -> Found:
        if combination.channel == POOL:
            with swept(*_POOL_CELL, f"seed={seed}", *overrides) as folder:
                return Found(float(load(folder).runs["speedup"].iloc[0]), math.nan)
        sent = (f"ipc={combination.channel}", f"payload={combination.size}B", f"seed={seed}")
        with swept(*_CELL, *sent, f"affinity={combination.placement}", *overrides) as folder:
            run = load(folder).runs.iloc[0]
            return Found(float(run["latency_p50_ns"]), float(run["same_cpu"]))

    return measure


def by_hand(combination: Combination, seed: int) -> Found:
    """Measure one combination with a plain loop: its median round trip in ns, or its median speedup."""
    placed = (f"--placement={combination.placement}",)
    echo = ("benchmarks.plain_echo", combination.channel, str(combination.size), *placed)
    command = [sys.executable, "-m", *(("benchmarks.plain_pool",) if combination.channel == POOL else echo)]
    environment = {**os.environ, "PYTHONHASHSEED": str(seed)}
    said = subprocess.check_output(command, cwd=ROOT, env=environment).split()
    return Found(float(said[0]), float(said[1]) if len(said) > 1 else math.nan)


def kept_in(file: Path, ways: Mapping[str, Measure]) -> dict[str, Measure]:
    """Return ``ways`` that write what they find to ``file``, a line each, and measure only what is not there yet."""
    known = {}
    if file.exists():
        for line in file.read_text().splitlines():
            by, combination, seed, found = json.loads(line)
            known[by, Combination(*combination), seed] = Found(*found)

    def keeping(by: str) -> Measure:
        def measured(combination: Combination, seed: int) -> Found:
            key = by, combination, seed
            if key not in known:
                known[key] = ways[by](combination, seed)
                with file.open("a") as kept:
                    kept.write(json.dumps([*key, known[key]]) + "\n")
            return known[key]

        return measured

    return {by: keeping(by) for by in ways}


def measure(steps: Iterator[Step], ways: Mapping[str, Measure]) -> pd.DataFrame:
    """Return one row per pair of neighbours.

    Repetition, combination, and what ``lab`` and ``hand`` found; NaN for a run that failed.
    """
    rows: dict[tuple[Any, ...], dict[str, Any]] = {}
    for step in steps:
        try:
            found = ways[step.by](step.combination, step.seed)
        except SweepFailed as failure:
            print(f"{step.by}, {step.combination}, repetition {step.repetition}: {failure}", file=sys.stderr)
            found = Found(math.nan, math.nan)
        row = rows.setdefault((step.repetition, step.combination), {"repetition": step.repetition})
        row |= {**step.combination._asdict(), step.by: found.value, f"{step.by}_one_cpu": found.one_cpu}
    return pd.DataFrame(rows.values())


@dataclass(frozen=True)
class Agree:
    """Judge whether the ratio of the medians, lab by hand, is within ``bound`` of 1.

    It is given the placement, if there were two.
    """

    bound: float = BOUND
    fewest: int = FEWEST

    def __call__(self, pairs: pd.DataFrame) -> pd.DataFrame:
        """Return one row per combination: medians, their ratio, least, median and largest ratio of neighbours.

        ``hand_spread`` is the loop's own largest by its least: how far it agrees with itself. ``lab_one_cpu`` and
        ``hand_one_cpu`` are the shares of processes on one CPU, ``on_one`` and ``on_two`` the ratios of the medians of
        these and of the others. ``agree`` is None if there were two placements and too few processes of each, or if no
        pair was measured.
        """
        return pd.DataFrame(
            {**dict(zip(_KEY, key, strict=True)), **self._judge(cell)}
            for key, cell in pairs.groupby(_KEY, sort=False)
        )

    def _judge(self, asked: pd.DataFrame) -> dict[str, Any]:
        pairs = asked.dropna(subset=[LAB, HAND])
        medians = pairs[[LAB, HAND]].median()
        of_medians = medians[LAB] / medians[HAND]
        ratios = pairs[LAB] / pairs[HAND]
        shared = {by: pairs[f"{by}_one_cpu"].ge(0.5) for by in (LAB, HAND)}
        mixed = len({each for one in shared.values() for each in one}) > 1
        given = {
            name: self._ratio({by: pairs[by][on(pairs[f"{by}_one_cpu"], 0.5)] for by in (LAB, HAND)})
            for name, on in (("on_one", pd.Series.ge), ("on_two", pd.Series.lt))
        }
        judged = [ratio for ratio in given.values() if not math.isnan(ratio)] if mixed else [of_medians]
        return {
            "pairs": len(pairs),
            **medians,
            "of_medians": of_medians,
            **dict(zip(("least", "median", "largest"), ratios.quantile([0, 0.5, 1]), strict=True)),
            "hand_spread": pairs[HAND].max() / pairs[HAND].min(),
            **{
                f"{by}_one_cpu": fmean(shared[by])
                if len(pairs) and pairs[f"{by}_one_cpu"].notna().all()
                else math.nan
                for by in shared
            },
            **given,
            "agree": all(abs(ratio - 1) <= self.bound for ratio in judged) if judged and len(pairs) else None,
        }

    def _ratio(self, found: Mapping[str, pd.Series[float]]) -> float:
        """Return the ratio of the medians; NaN if there are too few of one side."""
        if min(map(len, found.values())) < self.fewest:
            return math.nan
        return float(found[LAB].median() / found[HAND].median())


def _chosen(asked: argparse.Namespace) -> list[Combination]:
    """Return the combinations that are asked for."""
    placements = PLACEMENTS[:1] if asked.calm else asked.placements.split(",")
    sizes = [int(size) for size in asked.sizes.split(",")]
    pool = asked.only in ("", POOL) and not asked.calm and PLACEMENTS[0] in placements
    return [
        *(
            each
            for each in ROUND_TRIPS
            if each.channel in ((asked.only,) if asked.only else CHANNELS)
            and each.size in sizes
            and each.placement in placements
        ),
        *([Combination(POOL, 0)] if pool else []),
    ]


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--repetitions", type=int, default=12)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", choices=["", *CHANNELS, *WIRES, POOL], default="")
    parser.add_argument("--sizes", default=",".join(map(str, _SIZES)))
    parser.add_argument("--placements", default=",".join(PLACEMENTS))
    parser.add_argument("--calm", action="store_true")
    parser.add_argument("--kept", type=Path)
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
    steps = in_order(asked.repetitions, asked.seed, _chosen(asked))
    ways: dict[str, Measure] = {LAB: by_the_lab(asked.override), HAND: by_hand}
    found = Agree()(measure(steps, kept_in(asked.kept, ways) if asked.kept else ways))
    words = [_WORDS[agree] for agree in found["agree"]]
    shown = found.assign(size=found["size"].map(format_size), agree=words)
    for by in (LAB, HAND):
        shown[by] = [
            _show(channel, value) for channel, value in zip(found["channel"], found[by], strict=True)
        ]
    print(shown.to_string(index=False, float_format="{:.3f}".format))
    print(f"load now {os.getloadavg()[0]:.2f}; {words.count('yes')} of {len(words)} within {BOUND:.0%}")
    return 0 if set(words) == {"yes"} else 1


if __name__ == "__main__":
    sys.exit(main())
