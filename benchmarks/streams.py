"""Whether pattern=stream agrees with a loop written by hand.

    python -m benchmarks.streams [--repetitions 5] [--load 0.5] [--seed 1] [override ...]

Pipe and Queue, 64 B and 64 KiB, one way to one process: runs of the lab beside `benchmarks.plain_stream`, each in fresh processes that
take turns in random order, on two CPUs. Prints for rate and latencies the medians of both and their ratio, and how far each differs in itself. Judges
nothing: a rate whose processes differ by themselves as much as both do is as good as the other.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from itertools import product
from random import Random

import pandas as pd

from benchmarks.sweeps import ROOT, machine, swept
from breakeven.analysis.frames.load import load
from breakeven.analysis.units import format_ratio

CHANNELS, SIZES = ("pipe", "queue"), (64, 65536)
NAMES = ("messages_per_s", "latency_p50_ns", "latency_p99_ns")


def by_the_lab(channel: str, size: int, share: float, seed: int, overrides: list[str]) -> dict[str, float]:
    """Return what one run without a load, and one with it, observed."""
    cell = ("pattern=stream", "model=process", "workers=1", "affinity=scatter", "rounds=1", f"ipc={channel}")
    with swept(*cell, f"payload={size}B", f"pattern.load=null,{share}", f"seed={seed}", *overrides) as folder:
        lab = load(folder)
        found = lab.observed[lab.observed["kind"].eq("parallel")]
        loaded = found["cell_id"].isin(found.loc[found["quantity"].eq("offered_per_s"), "cell_id"])
        values = found.set_index("quantity")["value"]
        saturated = values[~loaded.to_numpy()]
        return {
            NAMES[0]: saturated[NAMES[0]],
            **{name: values[loaded.to_numpy()][name] for name in NAMES[1:]},
        }


def by_hand(channel: str, size: int, share: float) -> dict[str, float]:
    """Return what the loop found."""
    asked = (channel, str(size), f"--load={share}", "--placement=scatter")
    said = subprocess.check_output([sys.executable, "-m", "benchmarks.plain_stream", *asked], cwd=ROOT)
    return dict(zip(NAMES, map(float, said.split()), strict=True))


def main() -> None:
    """Measure by turns and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--repetitions", type=int, default=5)
    parser.add_argument("--load", type=float, default=0.5)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("overrides", nargs="*")
    asked = parser.parse_args()
    random, rows = Random(asked.seed), []
    for repetition in range(asked.repetitions):
        for channel, size in random.sample(list(product(CHANNELS, SIZES)), 4):
            for by in random.sample(("lab", "hand"), 2):
                found = (
                    by_hand(channel, size, asked.load)
                    if by == "hand"
                    else by_the_lab(channel, size, asked.load, asked.seed + repetition, asked.overrides)
                )
                rows += [(channel, size, name, by, value) for name, value in found.items()]
    print(machine())
    frame = pd.DataFrame(rows, columns=["channel", "size", "quantity", "by", "value"])
    keys = ["channel", "size", "quantity"]
    table = frame.pivot_table(index=keys, columns="by", values="value", aggfunc=["min", "median", "max"])
    table[("ratio", "of medians")] = (table[("median", "lab")] / table[("median", "hand")]).map(format_ratio)
    print(table.to_string(float_format="{:.0f}".format))


if __name__ == "__main__":
    main()
