"""Read all runs of a sweep at once, and find those with damaged files."""

from __future__ import annotations

import os
import stat
import zlib
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from breakeven.base.conditions import CONDITIONS
from breakeven.base.keys import Key
from breakeven.base.layout import RUNS, SUFFIX, SweepPaths, is_stored, stem
from breakeven.base.schema import TABLES
from breakeven.base.text import printable
from breakeven.runner.errors import OutputsUnreadable
from breakeven.runner.store.sealed import Damaged, read_row

COLUMNS = (
    *("cell_id", "round", "order", "status", "reason", "wall_ns", "seed", *CONDITIONS),
    *("breakeven_version", "workload", "function", "model", "ipc", "pattern", "workers"),
    *("payload_bytes", "payload_out_bytes", "task_ns", "tasks", "task_calibrated_ns", "executable"),
    *("speedup", "latency_p50_ns", "source", "order"),
)
"""The columns of ``runs`` that identify a run, its conditions and its ending, and by which its cell is decided."""

MISSING = "it is missing"
_PARTS = "parts"
_READERS = 4
_BLOCK_BYTES = 1 << 20


@dataclass(frozen=True)
class Stored:
    """The runs of a sweep: the rows of the intact ones, and the damaged files with the reason.

    A file that was deleted counts as damaged. A run with a damaged file is not among ``rows``. A row has the columns `COLUMNS`; those that an older
    sweep lacks are None.
    """

    rows: Mapping[Key, dict[str, Any]]
    damaged: Mapping[Path, str]

    @property
    def missing(self) -> tuple[Path, ...]:
        """Return the files of stored runs that were deleted."""
        return tuple(path for path, why in self.damaged.items() if why == MISSING)


@dataclass(frozen=True)
class Part:
    """One of a run's files in another table, as recorded in the run's row: its size and CRC-32."""

    table: str
    size: int
    crc: int

    @classmethod
    def of(cls, table: str, data: bytes) -> Part:
        """Describe ``data``, one run's part of ``table``."""
        return cls(table, len(data), zlib.crc32(data))

    @classmethod
    def read(cls, line: str) -> Part:
        """Parse the output of `__str__`; raise Damaged."""
        try:
            table, size, crc = line.split(" ")
            return cls(table, int(size), int(crc, 16))
        except ValueError as error:
            raise Damaged(f"it describes a file as {printable(line)}") from error

    def __str__(self) -> str:
        return f"{self.table} {self.size} {self.crc:08x}"


def listing(folder: Path) -> dict[str, Path]:
    """Return the Parquet files of a table's folder by the name of their run; raise OutputsUnreadable.

    The result is empty if there is no folder.
    """
    try:
        with os.scandir(folder) as entries:
            names = [entry.name for entry in entries]
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise OutputsUnreadable.from_os_error(error) from error
    return {name.removesuffix(SUFFIX): folder / name for name in names if is_stored(name)}


def read_stored(path: Path, *, check_parts: bool) -> Stored:
    """Read the rows of all runs in the results folder ``path``; raise OutputsUnreadable."""
    paths = SweepPaths(path)
    files = {table: listing(paths.table(table)) for table in TABLES}
    runs = files.pop(RUNS)
    judge = _Judge(paths, files, check_parts)
    with ThreadPoolExecutor(_READERS) as pool:
        judged = list(pool.map(judge, runs.values()))
    damaged = {file: why for _, found in judged for file, why in found.items()}
    rows = {(row["cell_id"], row["round"]): row for row, _ in judged if row is not None}
    return Stored(rows, dict(sorted(damaged.items())))


@dataclass(frozen=True)
class _Judge:
    """Returns the row of a file of ``runs``, or the damaged files of that run with the reasons."""

    paths: SweepPaths
    others: Mapping[str, Mapping[str, Path]]
    check_parts: bool

    def __call__(self, file: Path) -> tuple[dict[str, Any] | None, dict[Path, str]]:
        try:
            row = _read(file)
            if row is None:
                return None, {}
            parts = row.pop(_PARTS)
            listed = [Part.read(line) for line in (parts or "").splitlines()]
        except Damaged as error:
            return None, {file: str(error)}
        if parts is None:  # in a sweep older than that column
            return row, {}
        found = {part.table: part for part in listed}
        damaged = dict(
            self._damaged_parts(file.stem, found)
            if self.check_parts
            else self._missing_parts(file.stem, found)
        )
        return (None if damaged else row), damaged

    def _missing_parts(self, name: str, listed: Iterable[str]) -> Iterator[tuple[Path, str]]:
        """Yield the files that were deleted; no file is read."""
        for table in listed:
            if name not in self.others.get(table, {}):
                yield self.paths.table(table) / f"{name}{SUFFIX}", MISSING

    def _damaged_parts(self, name: str, listed: Mapping[str, Part]) -> Iterator[tuple[Path, str]]:
        for table, files in self.others.items():
            file = self.paths.table(table) / f"{name}{SUFFIX}"
            if table not in listed and name in files:
                yield file, "its run does not list it: it is left over from an interrupted write"
            elif table in listed and (why := _why_not(file, listed[table])):
                yield file, why


def _read(file: Path) -> dict[str, Any] | None:
    """Return the row that ``file`` holds, None if the file was removed meanwhile.

    Raise Damaged, or OutputsUnreadable if this user may not open it.
    """
    try:
        if not stat.S_ISREG(file.stat().st_mode):
            raise Damaged("it is not a regular file")
        row = read_row(file.read_bytes(), (*COLUMNS, _PARTS))
    except FileNotFoundError:
        return None
    except PermissionError as error:
        raise OutputsUnreadable.from_os_error(error) from error
    except OSError as error:
        raise Damaged(f"it cannot be read: {error.strerror}") from error
    if None in (row["cell_id"], row["round"], row["status"]):
        raise Damaged("it lacks the cell, the round or the status")
    name = stem(row["cell_id"], row["round"])
    if file.stem != name:
        raise Damaged(f"it holds the run {printable(name)}")
    return row


def _why_not(file: Path, listed: Part) -> str | None:
    """Return why ``file`` is not what was written, None if it is."""
    try:
        with file.open("rb") as opened:
            size = os.fstat(opened.fileno()).st_size
            if size != listed.size:
                return f"it has {size} bytes instead of {listed.size}"
            return None if _crc(opened) == listed.crc else "its bytes do not match their checksum"
    except FileNotFoundError:
        return MISSING
    except PermissionError as error:
        raise OutputsUnreadable.from_os_error(error) from error
    except OSError as error:
        return f"it cannot be read: {error.strerror}"


def _crc(opened: IO[bytes]) -> int:
    crc = 0
    while block := opened.read(_BLOCK_BYTES):
        crc = zlib.crc32(block, crc)
    return crc
