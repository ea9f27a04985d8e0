"""What a sweep of many spans and runs costs to look at: time and memory of whole processes, beside DuckDB and one file.

    python -m benchmarks.scale [--spans 10_000_000] [--runs 1000] [--folder FOLDER] [--compacted] [--only WORD]

A few real runs are measured and grown (`benchmarks.grown`) to a sweep of so many spans in so many runs, in FOLDER,
which is kept and used again if it is given. Then, each in a fresh process whose wall time and peak of memory count:

- ``breakeven show --no-figures``, at most 3 times DuckDB's bare group-by of the same spans by cell and phase, and 1
  GiB;
- ``breakeven show``, at most 6 s more;
- ``pandas.read_parquet`` of each table, at most 3 times what it takes with one file of the same rows;
- reading all runs as ``breakeven status`` and as a resumed sweep does, checksums included, and listing the
  folder: 5 s.

``--compacted`` measures the same sweep after ``breakeven compact``. The import of the packages counts, and stands
apart, too. Exits with 1 if a bound is missed. Spans of more than 20 million are read by pandas without their texts:
with them they would not fit into memory.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd
import pyarrow.dataset as ds
import pyarrow.parquet as pq

from benchmarks.grown import grow, templates
from benchmarks.sweeps import ROOT, machine, swept
from breakeven.base.schema import TABLES

MOST_RATIO, MOST_BYTES, MOST_FIGURES_S, MOST_LISTING_S = 3.0, 1 << 30, 6.0, 5.0
_REAL = (
    *("model=thread,process", "ipc=queue,pipe", "workers=2", "payload=1KiB,64KiB", "task=200us", "rounds=1"),
    *("measure.min_trials=3", "measure.max_trials=4"),
)
_MANY = 20_000_000
_MEASURE = """
import os, sys, time
began, quiet = time.perf_counter(), os.open(os.devnull, os.O_WRONLY)
actions = [(os.POSIX_SPAWN_DUP2, quiet, number) for number in (1, 2)]
pid = os.posix_spawn(sys.argv[1], [sys.argv[1], "-c", sys.argv[2]], os.environ, file_actions=actions)
_, status, used = os.wait4(pid, 0)
print(time.perf_counter() - began, used.ru_maxrss, os.waitstatus_to_exitcode(status))
"""
_SHOW = "import sys; from breakeven.command import main; sys.exit(main({words!r}))"
_GROUP_BY = (
    'import duckdb; duckdb.sql("select cell_id, phase, count(*), sum(duration_ns), sum(on_cpu_ns) '
    "from '{folder}/spans/*.parquet' group by all\").fetchall()"
)
_READ = "import pandas; pandas.read_parquet({path!r}, columns={columns!r})"
_STORED = "from pathlib import Path; from breakeven.runner.store import Sweep; Sweep(Path({path!r})).stored()"
_LISTED = (
    "from pathlib import Path; from breakeven.base.results import left_out, other_folders; "
    "other_folders(Path({path!r}).parent); left_out(Path({path!r}), {tables!r})"
)


@dataclass(frozen=True)
class Cost:
    """What one process took."""

    seconds: float
    peak_bytes: int


def cost(code: str) -> Cost:
    """Return the wall time and the peak of memory of a fresh process that executes ``code``.

    Raise CalledProcessError if it fails.

    Exit code 1 is no failure: runs are missing. The process is started by a small one, since a peak begins with that of
    its parent.
    """
    command = [sys.executable, "-S", "-c", _MEASURE, sys.executable, code]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=ROOT, env=environment, check=True, capture_output=True, text=True)
    seconds, kibibytes, status = done.stdout.split()
    if int(status) not in (0, 1):
        raise subprocess.CalledProcessError(int(status), code)
    return Cost(float(seconds), int(kibibytes) << 10)


def analysis(folder: Path) -> Iterator[tuple[str, Cost, float, float]]:
    """Yield what is measured of the analysis: its name, its cost, and the most seconds and bytes."""
    text, unbound = str(folder), float("inf")
    yield "import duckdb", cost("import duckdb"), unbound, unbound
    yield "import breakeven.analysis.show", cost("import breakeven.analysis.show"), unbound, unbound
    bare = cost(_GROUP_BY.format(folder=text))
    yield "DuckDB: group by cell, phase", bare, unbound, unbound
    plain = cost(_SHOW.format(words=["show", text, "--no-figures"]))
    yield "show --no-figures", plain, MOST_RATIO * bare.seconds, MOST_BYTES
    drawn = cost(_SHOW.format(words=["show", text, "--format=png"]))
    yield "show --format=png", drawn, plain.seconds + MOST_FIGURES_S, MOST_BYTES


def reading(folder: Path) -> Iterator[tuple[str, Cost, float, float]]:
    """Yield the same of `pandas.read_parquet` of each table."""
    unbound = float("inf")
    with TemporaryDirectory(dir=folder.parent) as aside:
        for table in TABLES:
            files = [str(file) for file in sorted((folder / table).glob("*.parquet"))]
            if not files:
                continue
            dataset = ds.dataset(files, schema=TABLES[table])
            whole = Path(aside, f"{table}.parquet")
            rows = _write(dataset, whole)
            columns = None if rows < _MANY else ["trial", "worker", "duration_ns"]
            one = cost(_READ.format(path=str(whole), columns=columns))
            yield f"pandas: {table}, one file", one, unbound, unbound
            many = cost(_READ.format(path=str(folder / table), columns=columns))
            yield f"pandas: {table}, {len(files)} files", many, MOST_RATIO * one.seconds, unbound
            whole.unlink()


def _write(dataset: ds.Dataset, whole: Path) -> int:
    rows = 0
    with pq.ParquetWriter(whole, dataset.schema, compression="zstd") as writer:
        for batch in dataset.to_batches(batch_readahead=1, fragment_readahead=1):
            writer.write_batch(batch)
            rows += len(batch)
    return rows


def listing(folder: Path) -> Iterator[tuple[str, Cost, float, float]]:
    """Yield the same for listing, resuming and status."""
    path, unbound = str(folder), float("inf")
    yield "status", cost(_SHOW.format(words=["status", path])), MOST_LISTING_S, unbound
    yield "resume: all runs, checked", cost(_STORED.format(path=path)), MOST_LISTING_S, unbound
    yield "list the folder", cost(_LISTED.format(path=path, tables=list(TABLES))), MOST_LISTING_S, unbound


PARTS = {"analysis": analysis, "reading": reading, "listing": listing}


def measure(folder: Path, only: str) -> pd.DataFrame:
    """Return one row for everything that is measured: seconds, MiB, their bounds, and whether both are kept."""
    rows = [line for name, part in PARTS.items() if only in name for line in part(folder)]
    table = pd.DataFrame(
        [(name, found.seconds, most_s, found.peak_bytes, most) for name, found, most_s, most in rows],
        columns=["what", "s", "at_most_s", "peak_MiB", "at_most_MiB"],
    ).set_index("what")
    table[["peak_MiB", "at_most_MiB"]] /= 1 << 20
    kept = table["s"].le(table["at_most_s"]) & table["peak_MiB"].le(table["at_most_MiB"])
    return table.assign(kept=kept)


@contextmanager
def grown(folder: Path | None, spans: int, runs: int) -> Iterator[Path]:
    """Yield a sweep of so many spans in so many runs.

    ``folder`` if it is there, else a new one there or in a place that is removed.
    """
    with TemporaryDirectory() as base:
        made = folder or Path(base, "grown")
        if not made.exists():
            with swept(*_REAL) as real:
                grow(made, templates(real), spans, runs)
        yield made


def main() -> int:
    """Grow a sweep, measure, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--spans", type=int, default=10_000_000)
    parser.add_argument("--runs", type=int, default=1000)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--compacted", action="store_true")
    parser.add_argument("--only", default="", metavar="WORD", help=f"one of {', '.join(PARTS)}")
    options = parser.parse_args()
    print(machine())
    with grown(options.folder, options.spans, options.runs) as folder:
        if options.compacted:
            taken = cost(_SHOW.format(words=["compact", str(folder)]))
            print(f"compact: {taken.seconds:.1f} s, {taken.peak_bytes >> 20} MiB")
        table = measure(folder.resolve(), options.only)
    print(table.to_string(float_format="{:.2f}".format))
    return 0 if table["kept"].all() else 1


if __name__ == "__main__":
    sys.exit(main())
