"""Ways to sum the spans of a sweep by run, trial, worker and phase, in one process, by turns.

    python -m benchmarks.sums FOLDER [--repetitions 3]

``FOLDER`` is a results folder, such as one that ``python -m benchmarks.scale --folder FOLDER`` grew. ``row groups`` is
what the analysis does (`frames.adding`), ``acero`` the same in one pass of Arrow's streaming engine, ``duckdb`` the
same in DuckDB, and ``bare`` DuckDB's grouping by cell and phase alone. Prints least, median and largest seconds, of the
clock and of all CPUs.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from pathlib import Path

import duckdb
import pandas as pd
import pyarrow as pa
import pyarrow.acero as ac
import pyarrow.compute as pc

from benchmarks.sweeps import machine
from breakeven.analysis.frames.adding import add_up
from breakeven.analysis.frames.files import open_table

_BY = ["cell_id", "round", "trial", "worker", "phase"]
_SUMS = ["duration_ns", "on_cpu_ns"]


def row_groups(folder: Path) -> int:
    """Sum as the analysis does; return the number of sums."""
    return int(add_up(open_table(folder, "spans"), _BY, _SUMS).num_rows)


def acero(folder: Path) -> int:
    """Sum in one pass of Arrow's streaming engine."""
    columns = [
        pc.field(name).cast(pa.string()) if name == "phase" else pc.field(name) for name in [*_BY, *_SUMS]
    ]
    steps = [
        ac.Declaration("scan", ac.ScanNodeOptions(open_table(folder, "spans"), columns=[*_BY, *_SUMS])),
        ac.Declaration("project", ac.ProjectNodeOptions(columns, [*_BY, *_SUMS])),
        ac.Declaration(
            "aggregate", ac.AggregateNodeOptions([(name, "hash_sum", None, name) for name in _SUMS], keys=_BY)
        ),
    ]
    return int(ac.Declaration.from_sequence(steps).to_table().num_rows)


def in_duckdb(folder: Path) -> int:
    """Sum in DuckDB."""
    return _query(folder, _BY)


def bare(folder: Path) -> int:
    """Sum in DuckDB by cell and phase alone."""
    return _query(folder, ["cell_id", "phase"])


def _query(folder: Path, by: list[str]) -> int:
    spans = duckdb.read_parquet(f"{folder}/spans/*.parquet")
    sums = ", ".join(f"sum({name})::bigint" for name in _SUMS)
    return len(spans.aggregate(f"{', '.join(by)}, {sums}", ", ".join(by)).to_arrow_table())


WAYS: dict[str, Callable[[Path], int]] = {
    "row groups": row_groups,
    "acero": acero,
    "duckdb": in_duckdb,
    "bare": bare,
}


def measure(folder: Path, repetitions: int) -> pd.DataFrame:
    """Return one row per way and repetition: seconds of the clock and of the CPUs."""
    rows = []
    for _ in range(repetitions):
        for name, way in WAYS.items():
            wall, cpu = time.perf_counter(), time.process_time()
            sums = way(folder)
            rows.append((name, sums, time.perf_counter() - wall, time.process_time() - cpu))
    return pd.DataFrame(rows, columns=["way", "sums", "wall_s", "cpu_s"])


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--repetitions", type=int, default=3)
    options = parser.parse_args()
    print(machine())
    table = measure(options.folder, options.repetitions).groupby(["way", "sums"], sort=False)
    print(table[["wall_s", "cpu_s"]].agg(["min", "median", "max"]).to_string(float_format="{:.2f}".format))
    return 0


if __name__ == "__main__":
    sys.exit(main())
