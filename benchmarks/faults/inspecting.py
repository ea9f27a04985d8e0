"""What must hold of a sweep's folder and of the machine, after a fault and at the end."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.faults.launches import Violated
from benchmarks.faults.surroundings import SHARED, Surroundings

TABLES = ("runs", "trials", "spans", "activity", "workers")
_PARQUET = "*.parquet"
Leftover = tuple[Path, int]


@dataclass(frozen=True)
class Kept:
    """A stored run: its key and status, and the checksums of all its files by table."""

    key: tuple[str, int]
    status: str
    sums: Mapping[str, int]


@dataclass
class Stock:
    """The runs that a sweep holds, and the files that were damaged and not set aside yet, with their checksums."""

    folder: Path
    runs: dict[str, Kept] = field(default_factory=dict)
    damaged: dict[Path, int] = field(default_factory=dict)
    set_aside: int = 0

    @property
    def done(self) -> int:
        """Return how many runs are stored and ok."""
        return sum(kept.status == "ok" for kept in self.runs.values())

    def take(self) -> None:
        """Read all stored runs; raise Violated if one is torn, or an earlier one is gone or changed."""
        spoilt = {path.stem for path in self.damaged}
        found = {path.stem: read(self.folder, path.stem) for path in self._rows() if path.stem not in spoilt}
        for name, kept in self.runs.items():
            if kept.status == "ok" and name not in spoilt and found.get(name) != kept:
                raise Violated(f"run {name} was stored and is {'gone' if name not in found else 'changed'}")
        self.runs = found

    def damage(self, path: Path, data: bytes) -> None:
        """Replace the bytes of a stored file by damaged ones."""
        path.write_bytes(data)
        self.damaged[path] = zlib.crc32(data)
        self.runs.pop(path.stem, None)

    def check_set_aside(self) -> None:
        """Raise Violated if a damaged file is still in its place, or was not kept aside."""
        sums = {(path.name, _sum(path)) for path in (self.folder / "aside").rglob(_PARQUET)}
        for path, damaged in self.damaged.items():
            if path.exists() and _sum(path) == damaged:
                raise Violated(f"{path} is damaged and was left in its place")
            if (path.name, damaged) not in sums:
                raise Violated(f"{path} was damaged and is not among the files set aside")
        self.set_aside += len(self.damaged)
        self.damaged.clear()

    def _rows(self) -> list[Path]:
        return _files(self.folder / "runs")


def read(folder: Path, name: str) -> Kept:
    """Read a stored run whole; raise Violated if any of it is not what its row says."""
    row = _row(folder / "runs" / f"{name}.parquet")
    key = row["cell_id"], row["round"]
    if name != f"{key[0]}-{key[1]:03d}":
        raise Violated(f"runs/{name}.parquet holds run {key}")
    if row["status"] != "ok" and not row["reason"]:
        raise Violated(f"run {name} is {row['status']} without a reason")
    sums = {"runs": _sum(folder / "runs" / f"{name}.parquet")}
    for line in row["parts"].splitlines():
        table, size, told = line.split()
        path = folder / table / f"{name}.parquet"
        if not path.exists() or path.stat().st_size != int(size) or _sum(path) != int(told, 16):
            raise Violated(f"{table}/{name}.parquet does not match its run's row")
        sums[table] = int(told, 16)
    return Kept(key, row["status"], sums)


def _row(path: Path) -> dict[str, Any]:
    try:
        rows: list[dict[str, Any]] = pq.read_table(path, page_checksum_verification=True).to_pylist()
    except (pa.ArrowException, OSError) as error:
        raise Violated(f"{path} cannot be read: {error}") from error
    if len(rows) != 1:
        raise Violated(f"{path} holds {len(rows)} rows")
    return rows[0]


def check_complete(stock: Stock, runs: int) -> None:
    """Raise Violated if a sweep that says it is complete does not hold each run once, whole, and nothing else."""
    stock.check_set_aside()
    keys = {kept.key for kept in stock.runs.values()}
    others = [f"{name} {kept.status}" for name, kept in stock.runs.items() if kept.status != "ok"]
    if len(keys) != runs or len(stock.runs) != runs or others:
        raise Violated(
            f"complete with {len(stock.runs)} runs, {len(keys)} keys instead of {runs}; not ok: {others}"
        )
    for table in TABLES:
        known = {name for name, kept in stock.runs.items() if table in kept.sums}
        there = {path.stem for path in _files(stock.folder / table)}
        if there != known:
            raise Violated(f"{table} holds {sorted(there ^ known)} against what the runs say")
        for path in _files(stock.folder / table):
            pq.read_table(path, page_checksum_verification=True)


def leftovers(folder: Path, temporary: Path, here: Surroundings) -> set[Leftover]:
    """Return what is there and only needed while a sweep is made, as path and inode.

    One put in its place is another.
    """
    hidden = [path for path in folder.rglob("*") if path.name.startswith(".")]
    links = list(folder.parent.glob(".*"))
    shared = [SHARED / name for name in here.shared()]
    return {(path, path.lstat().st_ino) for path in [*hidden, *links, *temporary.iterdir(), *shared]}


def check_clean(left: set[Leftover], before: set[Leftover]) -> None:
    """Raise Violated if something is left that was not there ``before``."""
    if left - before:
        raise Violated(f"left behind: {', '.join(str(path) for path, _ in sorted(left - before))}")


def check_nobody(here: Surroundings) -> None:
    """Raise Violated if a process is left after a bounded time."""
    left = here.await_nobody()
    if left:
        raise Violated(f"processes are left: {left}")


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.glob(_PARQUET) if not path.name.startswith("."))


def _sum(path: Path) -> int:
    return zlib.crc32(path.read_bytes())


def overlap(spans: Iterable[tuple[str, str]]) -> bool:
    """Return whether any two spans of time have a moment in common."""
    ordered = sorted(spans)
    return any(later[0] < earlier[1] for earlier, later in pairwise(ordered))
