"""What a process happens to hold or inherit, each as a factor: how many times as long things take with it.

    python -m benchmarks.surroundings [--rounds 8] [FACTOR ...]

One sweep for each factor, which measures both of its values in the same randomised rounds: memory that the
allocator keeps (MALLOC_TOP_PAD_), transparent huge pages for the heap (GLIBC_TUNABLES), how workers are started, and
what the parent holds before it starts them. What is compared is one value of a fresh process each. An effect whose
interval holds 1 is none that was seen, and the interval says how large it can be.
"""

from __future__ import annotations

import argparse
import sys
from typing import NamedTuple

import pandas as pd

from benchmarks.sweeps import machine, swept
from breakeven.analysis.comparing.effect import Welch

_TRIPS = ("pattern=pingpong", "model=process", "ipc=pipe", "workers=1", "tasks=200", "affinity=scatter")
_STARTED = (
    *("model=process", "ipc=pipe", "workers=1", "tasks=8", "affinity=scatter"),
    *("workload=function", "workload.target=benchmarks.ballast:count"),
)
_SHORT = ("measure.max_time=500ms", "measure.max_trials=20", "progress=quiet")
_LARGE = "payload=64KiB,1MiB"


class Factor(NamedTuple):
    """One factor: what it is, the cells it is tried on, its two settings, and the column that is compared."""

    name: str
    cells: tuple[str, ...]
    key: str
    settings: tuple[str, str]
    column: str


FACTORS = (
    Factor(
        "kept heap", (*_TRIPS, _LARGE), "environment.MALLOC_TOP_PAD_", ("null", "16777216"), "latency_p50_ns"
    ),
    Factor(
        "huge pages",
        (*_TRIPS, _LARGE),
        "environment.GLIBC_TUNABLES",
        ("null", "glibc.malloc.hugetlb=1"),
        "latency_p50_ns",
    ),
    Factor(
        "spawned", (*_TRIPS, "payload=64B,1MiB"), "model.start_method", ("fork", "spawn"), "latency_p50_ns"
    ),
    Factor("spawned", _STARTED, "model.start_method", ("fork", "spawn"), "startup_ns"),
    Factor("parent holds 512 MiB", _STARTED, "environment.BALLAST_MIB", ("0", "512"), "startup_ns"),
    Factor("parent holds 512 MiB", _STARTED, "environment.BALLAST_MIB", ("0", "512"), "speedup"),
)


def measure(factor: Factor, rounds: int) -> pd.DataFrame:
    """Return one row per payload: the value without and with the factor, and the ratio with its 95 % interval."""
    axis = f"{factor.key}={','.join(factor.settings)}"
    with swept(*factor.cells, axis, f"rounds={rounds}", *_SHORT) as folder:
        runs = pd.read_parquet(folder / "runs")
    runs = runs[runs["status"].eq("ok")]
    stored = "start_method" if factor.key.endswith("start_method") else "variables"
    with_it = runs[stored].astype(str).str.contains(factor.settings[1], regex=False)
    rows = []
    for payload, cell in runs.assign(with_it=with_it).groupby("payload_bytes"):
        plain, changed = (
            cell.loc[cell["with_it"].eq(side), factor.column].to_numpy(float) for side in (False, True)
        )
        found = Welch().compare(plain, changed)
        interval = f"[{found.low:.2f}, {found.high:.2f}]"
        seen = "no effect seen" if found.low <= 1 <= found.high else ""
        values = (pd.Series(side).median() for side in (plain, changed))
        rows.append((factor.name, factor.column, payload, *values, found.effect, interval, seen))
    columns = ["factor", "column", "payload", "without", "with", "times", "95 %", ""]
    return pd.DataFrame(rows, columns=columns)


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=8)
    parser.add_argument("factor", nargs="*", help="such as 'huge pages'; all if none is named")
    asked = parser.parse_args()
    print(machine())
    chosen = [factor for factor in FACTORS if not asked.factor or factor.name in asked.factor]
    found = pd.concat([measure(factor, asked.rounds) for factor in chosen])
    print(found.to_string(index=False, float_format="{:.4g}".format))
    return 0


if __name__ == "__main__":
    sys.exit(main())
