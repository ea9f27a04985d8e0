"""Files that hold several runs: written run after run, sealed, and divided into their runs again."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import IO, Self

import pyarrow as pa
import pyarrow.parquet as pq

from breakeven.base.keys import Key
from breakeven.base.layout import compacted, stem
from breakeven.base.schema import TABLES
from breakeven.base.table_files import INDEX, NoIndex, index_text, read_index
from breakeven.runner.store.sealed import MANY_ROWS, Damaged, check_file, seal_file

MOST_RUNS = 1000
"""A damaged file costs the runs that it holds, so there are no more than these in one."""

MOST_ROWS = 1 << 22
"""A file with as many rows takes no further run."""

GROUP_ROWS = 1 << 18
"""A row group with as many rows takes no further run: readers that look for a run skip the others."""


class CompactedWriter:
    """Writes the parts of runs of one table, in the order of their names, into files of ``folder``.

    As few files as the limits allow. A context, whose end ends the last file.
    """

    def __init__(self, folder: Path, table: str) -> None:
        self._folder = folder
        self._schema = TABLES[table]
        self._file: IO[bytes] | None = None
        self._writer: pq.ParquetWriter | None = None
        self._waiting: list[pa.Table] = []
        self._groups: list[list[tuple[Key, int]]] = []
        self._group: list[tuple[Key, int]] = []
        self._rows = self._runs = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: object, trace: object) -> None:
        if kind is None:
            self.close()
            return
        with suppress(OSError):  # what is written so far is removed: report the first error
            if self._writer is not None:
                self._writer.close()
        with suppress(OSError):
            if self._file is not None:
                self._file.close()

    def add(self, key: Key, part: pa.Table) -> None:
        """Add one run; raise OSError."""
        if self._writer is None:
            # Opened here: Arrow takes a path as UTF-8, which the name of a folder need not be.
            self._file = (self._folder / compacted(stem(*key))).open("x+b")
            self._writer = pq.ParquetWriter(pa.PythonFile(self._file, "w"), self._schema, **MANY_ROWS)
        self._waiting.append(part)
        self._group.append((key, len(part)))
        self._rows += len(part)
        self._runs += 1
        if sum(map(len, self._waiting)) >= GROUP_ROWS:
            self._end_group()
        if self._rows >= MOST_ROWS or self._runs >= MOST_RUNS:
            self.close()

    def close(self) -> None:
        """End the present file; raise OSError."""
        if self._writer is None or self._file is None:
            return
        self._end_group()
        self._writer.add_key_value_metadata({INDEX: index_text(self._groups)})
        self._writer.close()
        with self._file as file:
            seal_file(file)
            file.flush()
            os.fsync(file.fileno())
        self._writer, self._file, self._groups = None, None, []
        self._rows = self._runs = 0

    def _end_group(self) -> None:
        """Write what waits as one row group, or as several if one run alone is much more than that."""
        if not self._group or self._writer is None:
            return
        rows = pa.concat_tables(self._waiting)
        for begin, part in _parted(self._group):
            count = sum(length for _, length in part)
            self._writer.write_table(rows.slice(begin, count).combine_chunks(), row_group_size=max(count, 1))
            self._groups.append(part)
        self._waiting, self._group = [], []


def _parted(group: list[tuple[Key, int]]) -> Iterator[tuple[int, list[tuple[Key, int]]]]:
    """Divide a row group whose last run is long: yield where each part begins, and its runs with their rows there."""
    *before, (key, length) = group
    at = sum(rows for _, rows in before)
    first = min(length, max(GROUP_ROWS - at, 1)) if length > 2 * GROUP_ROWS else length
    yield 0, [*before, (key, first)]
    for begin in range(first, length, GROUP_ROWS):
        yield at + begin, [(key, min(GROUP_ROWS, length - begin))]


def rows_in(path: Path) -> int:
    """Return how many rows a compacted file has, by its footer; raise OSError."""
    with path.open("rb") as opened:
        return int(pq.read_metadata(opened).num_rows)


def divide(path: Path) -> Iterator[tuple[Key, pa.Table]]:
    """Yield the runs in a compacted file with their rows, in their order; raise Damaged, or OSError."""
    with path.open("rb") as opened:
        check_file(opened)
        opened.seek(0)
        try:
            lengths = _lengths(path)
            with pq.ParquetFile(pa.PythonFile(opened), page_checksum_verification=True) as file:
                rows = file.read(use_threads=False)
        except (pa.ArrowException, ValueError, NoIndex) as error:
            raise Damaged(" ".join(str(error).split()).removesuffix(".")) from error
    begin = 0
    for key, length in lengths.items():
        yield key, rows.slice(begin, length)
        begin += length


def _lengths(path: Path) -> dict[Key, int]:
    """Return the number of rows of each run, in their order."""
    found = dict[Key, int]()
    for group in read_index(path):
        for key, rows in group:
            found[key] = found.get(key, 0) + rows
    return found
