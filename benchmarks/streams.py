"""Whether pattern=stream agrees with a loop written by hand.

    python -m benchmarks.streams [--producers 2 --consumers 2] [--repetitions 5] [--load 0.5] [--seed 1] [override ...]

Pipe and Queue, 64 B and 64 KiB, one way: runs of the lab beside `benchmarks.plain_stream`, from one process to another,
or with --producers beside `benchmarks.plain_peers`, from so many workers to so many others; each in fresh processes
that take turns in random order, on two CPUs. Prints for rate and latencies the medians of both and their ratio, and how
far each differs in itself. Judges nothing: a rate whose processes differ by themselves as much as both do is as good as
the other.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from itertools import product
from random import Random
from typing import NamedTuple

import pandas as pd

from benchmarks.sweeps import ROOT, machine, swept
from breakeven.analysis.frames.load import load
from breakeven.analysis.units import format_ratio

CHANNELS, SIZES = ("pipe", "queue"), (64, 65536)
NAMES = ("messages_per_s", "latency_p50_ns", "latency_p99_ns")


class Ends(NamedTuple):
    """How many workers send to how many others; the parent sends to one worker if none does."""

    producers: int
    consumers: int

    @property
    def overrides(self) -> tuple[str, ...]:
        """Return them as the lab has them."""
        own = (f"pattern.producers={self.producers}",) if self.producers else ()
        return (*own, f"workers={self.producers + self.consumers}")

    @property
    def command(self) -> tuple[str, ...]:
        """Return the program by hand."""
        if not self.producers:
            return ("benchmarks.plain_stream",)
        return ("benchmarks.plain_peers", f"--producers={self.producers}", f"--consumers={self.consumers}")


class Way(NamedTuple):
    """A channel, the size of its messages, and the ends."""

    channel: str
    size: int
    ends: Ends


def by_the_lab(way: Way, share: float, seed: int, overrides: list[str]) -> dict[str, float]:
    """Return what one run without a load, and one with it, observed."""
    channel, size, ends = way
    cell = (
        "pattern=stream",
        "model=process",
        "affinity=scatter",
        "rounds=1",
        f"ipc={channel}",
        *ends.overrides,
    )
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


def by_hand(way: Way, share: float) -> dict[str, float]:
    """Return what the loop found."""
    channel, size, ends = way
    asked = (*ends.command, channel, str(size), f"--load={share}", "--placement=scatter")
    said = subprocess.check_output([sys.executable, "-m", *asked], cwd=ROOT)
    return dict(zip(NAMES, map(float, said.split()), strict=True))


def main() -> None:
    """Measure by turns and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--producers", type=int, default=0)
    parser.add_argument("--consumers", type=int, default=1)
    parser.add_argument("--repetitions", type=int, default=5)
    parser.add_argument("--load", type=float, default=0.5)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("overrides", nargs="*")
    asked = parser.parse_args()
    random, rows, ends = Random(asked.seed), [], Ends(asked.producers, asked.consumers)
    for repetition in range(asked.repetitions):
        for channel, size in random.sample(list(product(CHANNELS, SIZES)), 4):
            for by in random.sample(("lab", "hand"), 2):
                way = Way(channel, size, ends)
                found = (
                    by_hand(way, asked.load)
                    if by == "hand"
                    else by_the_lab(way, asked.load, asked.seed + repetition, asked.overrides)
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
