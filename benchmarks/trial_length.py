"""How long a trial should be: the spread between processes against what a process costs, by length of its trials.

    python -m benchmarks.trial_length [--rounds 12] [--trials 4ms,8ms,16ms,32ms,64ms,128ms] [override ...]

Measures the same few cells once for each length, the lengths one after the other in one sweep, so that the order of their
runs is random over all. What counts is how narrow an interval a second of measuring buys: its half-width falls with
the square root of the number of processes, so the worth of a length is the time of a process times the variance
between processes. The last column is that product against the best length's; the median over cells.
"""

from __future__ import annotations

import argparse
import sys

import numpy as np
import pandas as pd

from benchmarks.sweeps import machine, swept
from breakeven.base.units import read_time

CELLS = (
    "{model:process,ipc:queue,workers:2}",
    "{model:thread,workers:2}",
    "{model:process_pool,workers:4}",
    "{model:process,ipc:shared_memory,workers:2,payload:64KiB}",
    "{model:process,ipc:pipe,workers:1,pattern:pingpong}",
    "{model:process,ipc:queue,workers:1,pattern:pingpong,payload:64KiB}",
)
_ROUNDS = 12


def measure(rounds: int, trials: list[str], overrides: list[str]) -> pd.DataFrame:
    """Return one row per cell and length: the spread between processes, a process's time, their product."""
    grids = ",".join(CELLS)
    with swept(
        *("-m", f"trial={','.join(trials)}", f"rounds={rounds}", f"hydra.sweeper.grids=[{grids}]"),
        *("measure.max_trials=6", "measure.traced=0", "measure.max_time=10s", *overrides),
    ) as folder:
        runs = pd.read_parquet(folder / "runs")
    runs = runs[runs["status"].eq("ok")]
    value = runs["latency_p50_ns"].where(runs["pattern"].eq("pingpong"), runs["speedup"])
    kind = runs["pattern"] + " " + runs["model"] + " " + runs["ipc"] + " " + runs["payload_bytes"].astype(str)
    groups = runs.assign(log=np.log(value.astype(float)), cell=kind).groupby(["cell", "trial_ns"])
    found = groups.agg(spread=("log", "std"), seconds=("wall_ns", lambda wall: wall.mean() / 1e9))
    found["cost"] = found["seconds"] * found["spread"] ** 2
    return found.reset_index()


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=_ROUNDS)
    parser.add_argument("--trials", default="4ms,8ms,16ms,32ms,64ms,128ms")
    asked, overrides = parser.parse_known_args()
    lengths = asked.trials.split(",")
    for length in lengths:
        read_time(length, "--trials")
    found = measure(asked.rounds, lengths, overrides)
    best = found.groupby("cell")["cost"].transform("min")
    found["against_best"] = found["cost"] / best
    found["trial_ms"] = found["trial_ns"] / 1e6
    print(machine())
    print(
        found.pivot_table(index="cell", columns="trial_ms", values="spread").to_string(
            float_format="{:.1%}".format
        )
    )
    by_length = found.groupby("trial_ms")[["spread", "seconds", "against_best"]].median()
    print(by_length.to_string(float_format="{:.3f}".format))
    return 0


if __name__ == "__main__":
    sys.exit(main())
