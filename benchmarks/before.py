"""How this version's numbers stand beside those of a version before, and beside loops written by hand.

    python -m benchmarks.before FOLDER [--repetitions 12] [--sizes 64,65536,1048576] [override ...]

FOLDER is a checkout of the other version, with its environment: `git worktree add FOLDER REVISION && make -C FOLDER
.venv/installed`. Round trips over a pipe and a queue, and the start of a forked worker and of two threads, are measured
by three: a run of this version, a run of the other, and the plain programs `benchmarks.plain_echo` and
`benchmarks.plain_start`, which share no line with either. Each is a fresh process; in every repetition the kinds come
in seeded random order, and so do the three. Prints the medians, and the ratios of either version's to the plain
program's: the closer to 1, the better a run stands for the program it is about. A repetition takes most of a minute;
Ctrl-C prints what was measured until then.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import NamedTuple

import pandas as pd

from benchmarks.plain_echo import CHANNELS
from benchmarks.sweeps import ROOT, SweepFailed, machine
from breakeven.analysis.units import format_size, format_time

NOW, BEFORE, HAND = "now", "before", "hand"
_QUICK = ("pattern=map", "rounds=1", "workload=spin", "task=1ms", "tasks=4", "measure.max_time=10ms")
_STARTS = {"process": "fork", "thread": "-"}
_WORKERS = {"process": 1, "thread": 2}
_SEEDS = 2**31


class Kind(NamedTuple):
    """What is measured: its name, the overrides and the column of a run, and the command of the plain program."""

    what: str
    overrides: tuple[str, ...]
    column: str
    command: tuple[str, ...]


def kinds(sizes: Sequence[int]) -> list[Kind]:
    """Return what is measured with payloads of these sizes, in bytes."""
    trips = [
        Kind(
            f"{channel}, {format_size(size)}",
            (
                "pattern=pingpong",
                "model=process",
                "workers=1",
                "rounds=1",
                "tasks=1000",
                f"ipc={channel}",
                f"payload={size}B",
            ),
            "latency_p50_ns",
            ("-m", "benchmarks.plain_echo", channel, str(size), "--placement=none"),
        )
        for channel in CHANNELS
        for size in sizes
    ]
    starts = [
        Kind(
            f"start of {_WORKERS[model]}, {model}",
            (*_QUICK, f"model={model}", f"workers={_WORKERS[model]}"),
            "startup_ns",
            ("benchmarks/plain_start.py", model, method, str(_WORKERS[model])),
        )
        for model, method in _STARTS.items()
    ]
    return trips + starts


def by_a_version(folder: Path, python: str, overrides: Sequence[str], kind: Kind, seed: int) -> float:
    """Return what a run of the version in ``folder`` measures, in ns; raise SweepFailed."""
    with TemporaryDirectory() as base:
        named = (f"outputs={base}", "sweep=one", f"seed={seed}")
        command = [python, "-m", "runner", *named, *kind.overrides, *overrides]
        ended = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
        if ended.returncode:
            raise SweepFailed(f"{folder}: {kind.what}:\n{ended.stdout}{ended.stderr}")
        return float(pd.read_parquet(Path(base, "one", "runs"), columns=[kind.column])[kind.column].iloc[0])


def by_hand(kind: Kind, seed: int) -> float:
    """Return what the plain program measures, in ns."""
    environment = {**os.environ, "PYTHONHASHSEED": str(seed)}
    return float(
        subprocess.check_output([sys.executable, *kind.command], cwd=ROOT, env=environment).split()[0]
    )


def measure(
    repetitions: int, seed: int, wanted: Sequence[Kind], ways: dict[str, Callable[[Kind, int], float]]
) -> Iterator[tuple[str, str, float]]:
    """Yield what is measured, by which of ``ways``, and the time in ns."""
    random = Random(seed)
    for _ in range(repetitions):
        for kind in random.sample(wanted, len(wanted)):
            drawn = random.randrange(_SEEDS)
            for by in random.sample(sorted(ways), len(ways)):
                yield kind.what, by, ways[by](kind, drawn)


def table(found: pd.DataFrame) -> pd.DataFrame:
    """Return one row per kind.

    The medians, with the least and the largest, and the ratios of the medians to the program's.
    """
    rows = []
    for what, kind in found.groupby("what", sort=False):
        times = {by: kind["ns"][kind["by"].eq(by)] for by in (BEFORE, NOW, HAND)}
        medians = {by: float(each.median()) for by, each in times.items()}
        shown = {
            by: f"{format_time(medians[by])} ({format_time(each.min())} to {format_time(each.max())})"
            for by, each in times.items()
        }
        ratios = {f"{by} / {HAND}": medians[by] / medians[HAND] for by in (BEFORE, NOW)}
        rows.append({"what": what, **shown, **ratios})
    return pd.DataFrame(rows)


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--repetitions", type=int, default=12)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--sizes", default="64,65536,1048576")
    parser.add_argument("override", nargs="*")
    asked = parser.parse_args()
    other = asked.folder.resolve()
    python = other / ".venv/bin/python"
    if not python.exists():
        parser.error(f"{python} does not exist; make -C {asked.folder} .venv/installed makes it")
    print(machine())
    ways: dict[str, Callable[[Kind, int], float]] = {
        NOW: partial(by_a_version, ROOT, sys.executable, asked.override),
        BEFORE: partial(by_a_version, other, str(python), asked.override),
        HAND: by_hand,
    }
    wanted = kinds([int(size) for size in asked.sizes.split(",")])
    found = []
    try:
        for row in measure(asked.repetitions, asked.seed, wanted, ways):
            found.append(row)  # noqa: PERF402  # what was found before an interruption is kept
    except KeyboardInterrupt:
        print("interrupted")
    print(
        table(pd.DataFrame(found, columns=["what", "by", "ns"])).to_string(
            index=False, float_format="{:.3f}".format
        )
    )
    print(f"load now {os.getloadavg()[0]:.2f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
