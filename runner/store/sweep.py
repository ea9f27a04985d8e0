"""A results folder: write runs to it, read them, and move runs out of it."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Callable, Collection, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from breakeven.base.keys import Key
from breakeven.base.layout import LATEST, PART, RUNS, SweepPaths, is_compacted, is_part, stem
from breakeven.base.schema import TABLES, conform
from breakeven.base.table_files import TableFiles
from breakeven.runner.environment.process_table import start_of
from breakeven.runner.errors import NotStored, OutputsUnwritable
from breakeven.runner.results import RunResult
from breakeven.runner.store.atomic import write_atomically
from breakeven.runner.store.compacted import divide
from breakeven.runner.store.compaction import ROW_LAST, Merged, compact, take_out
from breakeven.runner.store.integrity import Part, Stored, list_tables, read_stored
from breakeven.runner.store.sealed import encode
from breakeven.runner.store.swapping import folder_at_rest

_LONGEST_REASON = 40
_LATEST_PART = f".{LATEST}-"


@dataclass(frozen=True)
class Sweep(SweepPaths):
    """The results folder of a sweep."""

    # --- writing -----------------------------------------------------------------------------------------

    def create(self) -> None:
        """Create the folders and check that they can be written; raise OutputsUnwritable."""
        try:
            for name in TABLES:
                self.table(name).mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=self.path) as file:
                file.write(b"x")
        except OSError as error:
            raise OutputsUnwritable.from_os_error(error, f"results to {self.path}") from error

    def point_latest(self) -> None:
        """Point ``latest``, next to the sweep, at it."""
        aside = self.latest.with_name(f"{_LATEST_PART}{os.getpid()}{PART}")
        with suppress(FileNotFoundError):
            aside.unlink()
        aside.symlink_to(self.path.name, target_is_directory=True)
        aside.replace(self.latest)

    def describe(self, yaml: str) -> None:
        """Store the overrides and the resolved configuration of the sweep, as YAML text."""
        write_atomically(self.description, yaml.encode())

    def keep_calibrations(self, text: str) -> None:
        """Store the calibrations of the sweep, as JSON text; raise NotStored."""
        _keep(self.calibration, text)

    def keep_search(self, text: str) -> None:
        """Store how the runs are chosen, as JSON text; raise NotStored."""
        _keep(self.search, text)

    def commit(self, result: RunResult) -> None:
        """Store a run; raise NotStored.

        Its parts of the other tables come first, then its row, which commits the run.

        The row lists the parts with their sizes and checksums. The threads end with the writing: a process that forks
        should have no others.
        """
        with self._unmoved():
            with ThreadPoolExecutor(max(len(result.tables), 1)) as pool:
                writing = [
                    pool.submit(self._write, table, result.key, part) for table, part in result.tables.items()
                ]
            parts = [each.result() for each in writing]
            row = dict(result.row) | {"parts": "\n".join(map(str, parts))}
            self._write("runs", result.key, conform("runs", {name: [value] for name, value in row.items()}))

    def _unmoved(self) -> AbstractContextManager[None]:
        """Keep `compact` from exchanging the folders of tables for the length of the body."""
        return folder_at_rest(self.path)

    def _write(self, table: str, key: Key, part: pa.Table) -> Part:
        path = self.file(table, *key)
        data = encode(table, part)
        try:
            write_atomically(path, data)
        except OSError as error:
            kept = "what was stored before is kept, this run is not"
            raise NotStored.from_os_error(error, f"store {path}", kept=kept) from error
        return Part.of(table, data)

    # --- reading -----------------------------------------------------------------------------------------

    def read_run(self, cell_id: str, round_: int) -> dict[str, Any] | None:
        """Return the stored row of a run, or None if the run is not (completely) stored."""
        path = self.file(RUNS, cell_id, round_)
        if not path.exists():
            path_ = TableFiles.of(self.table(RUNS)).in_compacted.get(stem(cell_id, round_))
            found = [] if path_ is None else [rows for key, rows in divide(path_) if key == (cell_id, round_)]
            return found[0].to_pylist()[0] if found else None
        # A single file: no dataset discovery. Opened here, since Arrow takes a path as UTF-8.
        with path.open("rb") as opened, pq.ParquetFile(opened, pre_buffer=False) as file:
            rows: list[dict[str, Any]] = file.read(use_threads=False).to_pylist()
        return rows[0]

    def stored(self, *, check_parts: bool = True) -> Stored:
        """Read the rows of all runs at once, and find the damaged files; raise OutputsUnreadable.

        ``check_parts`` also compares the other tables' files with the checksums in the row; without it, which takes a
        fraction of the time, they need only be there and have the size that the row tells.
        """
        return read_stored(self.path, check_parts=check_parts)

    # --- merging -----------------------------------------------------------------------------------------

    def compact(self, notify: Callable[[Merged], None]) -> Stored:
        """Merge the files of finished runs, and return what was stored.

        Raise NotStored or OutputsUnreadable.

        ``notify`` is called for each table. Only one process may do so at a time, and it need not be the sweep's
        writer.
        """
        stored = self.stored()
        compact(self, stored, notify)
        return stored

    # --- moving out --------------------------------------------------------------------------------------

    def set_aside(self, keys: Iterable[Key], why: str) -> Path | None:
        """Move all files of those runs into a new folder in `aside`, named after the time and ``why``.

        Return that folder, or None if those runs have no files. Raise NotStored.
        """
        return self._move({stem(*key) for key in keys}, why)

    def set_aside_damaged(self, stored: Stored) -> Path | None:
        """Move all files of runs with a damaged file, like `set_aside`, and write the reasons beside them.

        Of a damaged file that holds several runs, all are moved; of one that holds what another file holds, too, only
        the file.
        """
        stems, files = self._of_damaged(stored)
        folder = self._move(stems, "damaged", files)
        if folder is not None:
            notes = (f"{path.relative_to(self.path)}: {why}\n" for path, why in stored.damaged.items())
            with _storing(folder):
                write_atomically(folder / "why.txt", "".join(notes).encode())
        return folder

    def _of_damaged(self, stored: Stored) -> tuple[set[str], list[Path]]:
        """Return the runs that are not to be believed, and the damaged files that are not of one such run."""
        tables = list_tables(self)
        believed = {stem(*key) for key in stored.rows}
        files = [path for path in stored.damaged if is_compacted(path.name)]
        stems = {name for listed in tables.values() for name in listed} - believed if files else set()
        for path in stored.damaged:
            if path.stem in believed:
                files.append(path)
            elif not is_compacted(path.name):
                stems.add(path.stem)
        return stems, files

    def _move(self, stems: Collection[str], why: str, files: Collection[Path] = ()) -> Path | None:
        """Move ``files`` and those of the runs, rows last: if interrupted, the rest is found damaged and moved."""
        with _storing(self.aside), self._unmoved():
            take_out(self, stems, files)
            found = [
                (table, path)
                for table in ROW_LAST
                for path in _named(self.table(table), stems)
                + [file for file in files if file.parent.name == table]
            ]
            if not found:
                return None
            folder = self._new_aside(why)
            for table, path in found:
                (folder / table).mkdir(exist_ok=True)
                path.rename(folder / table / path.name)
        return folder

    def _new_aside(self, why: str) -> Path:
        self.aside.mkdir(exist_ok=True)
        reason = re.sub(r"[^A-Za-z0-9]+", "-", why).strip("-")[:_LONGEST_REASON]
        name = f"{datetime.now(UTC):%Y-%m-%dT%H%M%SZ}-{reason}"
        for number in count(1):
            folder = self.aside / (name if number == 1 else f"{name}-{number}")
            with suppress(FileExistsError):
                folder.mkdir()
                return folder
        raise AssertionError  # pragma: no cover  # count() never ends

    def tidy(self) -> int:
        """Delete the leftovers of interrupted writes and return the number of files; raise NotStored.

        Leftovers are partly written files, and other tables' files of runs without a row. Only the sweep's
        writer may call this.
        """
        with _storing(self.path), self._unmoved():
            left = [*self._parts_of_files(), *self._tables_without_run()]
            for path in left:
                path.unlink(missing_ok=True)
        return len(left)

    def _parts_of_files(self) -> Iterator[Path]:
        for folder in (self.path, *map(self.table, TABLES)):
            with os.scandir(folder) as entries:
                yield from (folder / entry.name for entry in entries if is_part(entry.name))
        # These may be from other sweeps, whose writers may still be at work.
        for link in self.path.parent.glob(f"{_LATEST_PART}*{PART}"):
            pid = link.name.removeprefix(_LATEST_PART).removesuffix(PART)
            if not pid.isdecimal() or start_of(int(pid)) is None:
                yield link

    def _tables_without_run(self) -> Iterator[Path]:
        tables = list_tables(self)
        runs = tables.pop(RUNS)
        if runs.unread:  # it may hold any run
            return
        orphans = {name for listed in tables.values() for name in listed if name not in runs}
        take_out(self, orphans)
        for table in tables:
            yield from _named(self.table(table), orphans)


def _named(folder: Path, stems: Collection[str]) -> list[Path]:
    return [path for name, path in TableFiles.of(folder).single.items() if name in stems]


@contextmanager
def _storing(path: Path) -> Iterator[None]:
    """Raise NotStored if the body raises OSError."""
    try:
        yield
    except OSError as error:
        raise NotStored.from_os_error(error, f"write {error.filename or path}") from error


def _keep(path: Path, text: str) -> None:
    try:
        write_atomically(path, text.encode())
    except OSError as error:
        raise NotStored.from_os_error(
            error, f"store {path}", kept="what was stored before is kept"
        ) from error
