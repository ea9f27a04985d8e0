"""All runs of a sweep at once, and which of them cannot be believed."""

from __future__ import annotations

import os
import stat
import zlib
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from breakeven.base.keys import Key
from breakeven.base.layout import RUNS, SUFFIX, SweepPaths, is_stored, stem
from breakeven.base.schema import TABLES
from breakeven.base.text import printable
from breakeven.runner.errors import OutputsUnreadable
from breakeven.runner.store.sealed import Damaged, read_row

COLUMNS = (
    *("cell_id", "round", "status", "reason", "wall_ns", "code", "python_version"),
    *("implementation", "python_build", "source", "hostname", "cpu_model", "cpu_count", "kernel", "seed"),
    *("breakeven_version", "workload", "model", "ipc", "pattern", "workers"),
)
"""The columns of ``runs`` that tell what a run was and how it ended."""

_PARTS = "parts"
_READERS = 4
_BLOCK_BYTES = 1 << 20


@dataclass(frozen=True)
class Stored:
    """The runs of a sweep: the rows of those that are whole, and the files that cannot be believed, with the reason.

    A run with a damaged file is not among ``rows``. A row has the columns `COLUMNS`; those that an older sweep
    lacks are None.
    """

    rows: Mapping[Key, dict[str, Any]]
    damaged: Mapping[Path, str]


@dataclass(frozen=True)
class Part:
    """What the row of a run says of one of its files in another table: the bytes and their CRC-32."""

    table: str
    size: int
    crc: int

    @classmethod
    def of(cls, table: str, data: bytes) -> Part:
        """Describe ``data``, one run's part of ``table``."""
        return cls(table, len(data), zlib.crc32(data))

    @classmethod
    def read(cls, line: str) -> Part:
        """Read what `__str__` wrote; raise Damaged."""
        try:
            table, size, crc = line.split(" ")
            return cls(table, int(size), int(crc, 16))
        except ValueError as error:
            raise Damaged(f"it describes a file as {printable(line)}") from error

    def __str__(self) -> str:
        return f"{self.table} {self.size} {self.crc:08x}"


def listing(folder: Path) -> dict[str, Path]:
    """Return the Parquet files of a table's folder by the name of their run; none where there is no folder.

    Raise OutputsUnreadable.
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
    """Return for a file of ``runs`` its row, or which files of that run are damaged and why."""

    paths: SweepPaths
    others: Mapping[str, Mapping[str, Path]]
    check_parts: bool

    def __call__(self, file: Path) -> tuple[dict[str, Any] | None, dict[Path, str]]:
        try:
            row = _read(file)
            if row is None:
                return None, {}
            parts = row.pop(_PARTS)
            told = [Part.read(line) for line in (parts or "").splitlines()]
        except Damaged as error:
            return None, {file: str(error)}
        if parts is None or not self.check_parts:  # None in a sweep from before there was such a column
            return row, {}
        damaged = dict(self._damaged_parts(file.stem, {part.table: part for part in told}))
        return (None if damaged else row), damaged

    def _damaged_parts(self, name: str, told: Mapping[str, Part]) -> Iterator[tuple[Path, str]]:
        for table, files in self.others.items():
            file = self.paths.table(table) / f"{name}{SUFFIX}"
            if table not in told and name in files:
                yield file, "its run does not know it: it is left from a write that was cut short"
            elif table in told and (why := _why_not(file, told[table])):
                yield file, why


def _read(file: Path) -> dict[str, Any] | None:
    """Return the row that ``file`` holds, None if it was taken out just now.

    Raise Damaged, or OutputsUnreadable where it may not be opened.
    """
    try:
        if not stat.S_ISREG(file.stat().st_mode):
            raise Damaged("it is not a file")
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


def _why_not(file: Path, told: Part) -> str | None:
    """Tell why ``file`` is not what was written, None if it is."""
    try:
        with file.open("rb") as opened:
            size = os.fstat(opened.fileno()).st_size
            if size != told.size:
                return f"it has {size} bytes instead of {told.size}"
            return None if _crc(opened) == told.crc else "its bytes do not fit their checksum"
    except FileNotFoundError:
        return "it is missing"
    except PermissionError as error:
        raise OutputsUnreadable.from_os_error(error) from error
    except OSError as error:
        return f"it cannot be read: {error.strerror}"


def _crc(opened: IO[bytes]) -> int:
    crc = 0
    while block := opened.read(_BLOCK_BYTES):
        crc = zlib.crc32(block, crc)
    return crc
