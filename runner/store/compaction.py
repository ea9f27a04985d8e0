"""Merge the files of finished runs into larger ones, and take runs out of these again.

The rows of a table stay the same.

Each table has a folder made of its own, which takes the place of the old one in one step (`swapping`). The table of
runs comes last when runs are merged, and first when they are taken out: a run whose row has a file of its own may have
the rest in larger ones, and never the other way round. Whatever ends the process, the next one finds each run once in
every table and goes on with what is left.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa

from breakeven.base.keys import Key
from breakeven.base.layout import RUNS, SUFFIX, SweepPaths, is_compacted, stem
from breakeven.base.schema import TABLES
from breakeven.base.table_files import TableFiles
from breakeven.runner.errors import NotStored
from breakeven.runner.store.atomic import write_synced
from breakeven.runner.store.compacted import MOST_ROWS, MOST_RUNS, CompactedWriter, divide, rows_in
from breakeven.runner.store.integrity import Part, Stored
from breakeven.runner.store.sealed import Damaged, decode, encode
from breakeven.runner.store.swapping import NO_EXCHANGE, Staged, folder_locked

ROW_LAST = (*(name for name in TABLES if name != RUNS), RUNS)
"""The tables in the order in which files of runs leave them."""

_ATTEMPTS = 3


@dataclass(frozen=True)
class Merged:
    """What compacting a table came to: how many files it had, and how many it has now."""

    table: str
    before: int
    after: int


def compact(paths: SweepPaths, stored: Stored, notify: Callable[[Merged], None]) -> None:
    """Merge the files of the runs in ``stored``, table by table; raise NotStored, after which nothing is lost.

    Only one process may do so at a time; the sweep's writer may store further runs meanwhile. Files that are damaged
    stay as they are.
    """
    staged = Staged(paths)
    try:
        staged.clear()
        for table in ROW_LAST:
            merged = _compact_table(paths, table, stored, staged)
            if merged is not None:
                notify(merged)
    except OSError as error:
        raise _not_merged(paths, error) from error
    finally:
        with suppress(OSError):  # as on a disk that fails: what is left there is removed next time
            staged.clear()


def _not_merged(paths: SweepPaths, error: OSError) -> NotStored:
    if error.errno in NO_EXCHANGE:
        return NotStored(
            f"cannot merge the files in {paths.path}: its file system cannot exchange two folders in one step; "
            "nothing was changed; compact a copy on a local disk"
        )
    kept = "all runs are kept, and the same command resumes with what is left"
    if error.errno:  # Arrow's have a text of its own
        error = OSError(error.errno, os.strerror(error.errno))
    return NotStored.from_os_error(error, f"merge the files in {paths.path}", kept=kept)


def _compact_table(paths: SweepPaths, table: str, stored: Stored, staged: Staged) -> Merged | None:
    """Merge the files of one table; return None if there is nothing to merge."""
    for _ in range(_ATTEMPTS):
        sources = _sources(TableFiles.of(paths.table(table)), stored)
        if not sources:
            return None
        staged.clear()
        taken = _merge(sources, table, stored, staged.begin(table))
        with folder_locked(paths.path):
            if all(_identity(path) == was for path, was in taken.items()):
                before = len(paths.stored_files(table))
                staged.replace(table, {path.name for path in taken})
                after = len(paths.stored_files(table))
                break
    else:  # the files were taken out meanwhile, each time: another sweep makes them again
        return None
    staged.clear()
    return Merged(table, before, after)


def _sources(files: TableFiles, stored: Stored) -> list[Path]:
    """Return the files to merge, in the order of their first runs.

    Those of single finished runs, and compacted ones that are less than half full.
    """
    finished = {stem(*key) for key in stored.rows}
    single = {name: path for name, path in files.single.items() if name in finished}
    partial = {
        min(names): path
        for path, names in files.compacted.items()
        if len(names) < MOST_RUNS // 2 and path not in stored.damaged and rows_in(path) < MOST_ROWS // 2
    }
    if not single and len(partial) <= 1:
        return []
    return [path for _, path in sorted([*single.items(), *partial.items()])]


def _identity(path: Path) -> tuple[int, int, int] | None:
    """Return what a file's content cannot change without; None if there is no such file."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns


def _merge(
    sources: list[Path], table: str, stored: Stored, folder: Path
) -> dict[Path, tuple[int, int, int] | None]:
    """Write the runs in ``sources`` to new files in ``folder``; return the sources that were taken, as they were."""
    taken = dict[Path, tuple[int, int, int] | None]()
    expected = {stem(*key): parts.get(table) for key, parts in stored.parts.items()}
    # A compacted file lies between single ones only by its first run: the rest may come later.
    waiting: dict[str, tuple[Key, pa.Table]] = {}
    with CompactedWriter(folder, table) as writer:
        for path in sources:
            was = _identity(path)
            try:
                runs = _runs_in(path, table, expected)
            except (Damaged, FileNotFoundError):
                continue
            taken[path] = was
            first = min(runs, default="")
            for name in sorted(name for name in waiting if name < first):
                writer.add(*waiting.pop(name))
            waiting |= runs
        for name in sorted(waiting):
            writer.add(*waiting[name])
    return taken


def _runs_in(path: Path, table: str, expected: Mapping[str, Part | None]) -> dict[str, tuple[Key, pa.Table]]:
    """Return the runs in a file by their names; raise Damaged, or OSError."""
    if is_compacted(path.name):
        return {stem(*key): (key, part) for key, part in divide(path)}
    data, known = path.read_bytes(), expected[path.stem]
    if known is not None and known != Part.of(table, data):
        raise Damaged("its bytes do not match their checksum")
    cell_id, _, round_ = path.stem.rpartition("-")
    return {path.stem: ((cell_id, int(round_)), decode(table, data))}


def take_out(paths: SweepPaths, names: Collection[str], broken: Collection[Path] = ()) -> None:
    """Move the named runs back into files of their own, except those in ``broken`` files; raise OSError.

    Hold `folder_locked`. The rows of each table stay as they are.
    """
    files = {table: TableFiles.of(paths.table(table)) for table in TABLES}
    opened = {table: _holding(listed, names, broken) for table, listed in files.items()}
    if not any(opened.values()):
        return
    staged = Staged(paths)
    staged.clear()
    taking = _Taking(staged, frozenset(names))
    for table in ROW_LAST:
        if opened[table]:
            taking.stage(table, opened[table])
    for table in reversed(ROW_LAST):
        if opened[table]:
            staged.replace(table, {path.name for path in opened[table]})
    staged.clear()


def _holding(files: TableFiles, names: Collection[str], broken: Collection[Path]) -> list[Path]:
    asked = frozenset(names)
    return [path for path, held in files.compacted.items() if path not in broken and asked & held]


@dataclass(frozen=True)
class _Taking:
    """Stages folders in which the runs of some names have files of their own."""

    staged: Staged
    names: frozenset[str]
    parts: dict[Key, dict[str, Part]] = field(default_factory=dict)

    def stage(self, table: str, opened: list[Path]) -> None:
        """Write what was in the ``opened`` files of a table to new ones.

        The table of runs comes last, since its rows name the other files.
        """
        folder = self.staged.begin(table)
        for path in opened:
            with CompactedWriter(folder, table) as writer:
                for key, rows in divide(path):
                    if stem(*key) in self.names:
                        self._write(folder, table, key, rows)
                    else:
                        writer.add(key, rows)

    def _write(self, folder: Path, table: str, key: Key, rows: pa.Table) -> None:
        data = encode(table, self._told(key, rows) if table == RUNS else rows)
        write_synced(folder / f"{stem(*key)}{SUFFIX}", data)
        self.parts.setdefault(key, {})[table] = Part.of(table, data)

    def _told(self, key: Key, row: pa.Table) -> pa.Table:
        """Return the row with the sizes and checksums of the files that were written again."""
        (text,) = row["parts"].to_pylist()
        if text is None:
            return row
        listed = {part.table: part for part in map(Part.read, text.splitlines())} | self.parts.get(key, {})
        place = row.schema.get_field_index("parts")
        return row.set_column(place, row.schema.field(place), [["\n".join(map(str, listed.values()))]])
