"""How far processes of one cell differ, and what a process costs, for each value of a knob such as trial or affinity.

    python -m benchmarks.spread KNOB=A,B,C [--rounds 10] [override ...]
    python -m benchmarks.spread trial=4ms,8ms,16ms,32ms,64ms,128ms
    python -m benchmarks.spread affinity=none,compact,scatter

Measures a few cells once for each value, all in one sweep, so that the order of their runs is random. What counts is
how narrow an interval a second of measuring buys: half its width falls with the square root of the number of processes,
so the price of a value is the time of a process times the variance between processes. The last column is that price
against the best value's, the median over cells.
"""

from __future__ import annotations

import argparse
import sys

import numpy as np
import pandas as pd

from benchmarks.sweeps import machine, swept
from breakeven.base.factors import COLUMNS

CELLS = (
    "{model:process,ipc:queue,workers:2}",
    "{model:thread,workers:2}",
    "{model:process_pool,workers:2}",
    "{model:process,ipc:shared_memory,workers:2,payload:64KiB}",
    "{model:process,ipc:pipe,workers:1,pattern:pingpong}",
    "{model:process,ipc:'queue,shared_memory',workers:1,pattern:pingpong,payload:64KiB}",
)
_FEW = ("measure.max_trials=6", "measure.traced=0", "measure.max_time=10s", "progress=quiet")


def measure(knob: str, values: str, rounds: int, overrides: list[str]) -> pd.DataFrame:
    """Return one row per cell and value of the knob: the spread between processes, a process's time, their price."""
    grids = f"hydra.sweeper.grids=[{','.join(CELLS)}]"
    with swept(f"{knob}={values}", f"rounds={rounds}", grids, *_FEW, *overrides) as folder:
        runs = pd.read_parquet(folder / "runs")
    runs = runs[runs["status"].eq("ok")]
    value = runs["latency_p50_ns"].where(runs["pattern"].eq("pingpong"), runs["speedup"]).astype(float)
    names = runs[["pattern", "model", "ipc", "payload_bytes"]].astype(str).agg(" ".join, axis=1)
    column = COLUMNS.get(knob, knob)
    cells = runs.assign(log=np.log(value), cell=names).groupby(["cell", column], sort=False)
    found = cells.agg(spread=("log", "std"), mean=("log", "mean"), wall=("wall_ns", "mean")).reset_index()
    found = found.assign(value=np.exp(found["mean"]), seconds=found["wall"] / 1e9)
    price = found["seconds"] * found["spread"] ** 2
    found["price"] = price / price.groupby(found["cell"]).transform("min")
    return found.rename(columns={column: knob})


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("knob")
    parser.add_argument("--rounds", type=int, default=10)
    asked, overrides = parser.parse_known_args()
    knob, _, values = asked.knob.partition("=")
    found = measure(knob, values, asked.rounds, overrides)
    print(machine())
    for what, form in (("spread", "{:.1%}"), ("value", "{:.4g}")):
        print(f"\n{what} (of a speedup, or of a round trip in ns):")
        table = found.pivot_table(index="cell", columns=knob, values=what)
        print(table.to_string(float_format=form.format))
    print()
    print(
        found.groupby(knob)[["spread", "seconds", "price"]].median().to_string(float_format="{:.3f}".format)
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
