"""Every path and file name of a sweep, and Parquet that is either whole or absent.

A table's file is written aside, synced and renamed; the run's own row comes last and is the commit mark:
where it is missing, the other tables' files of that run are leftovers of an interrupted write.
"""

from __future__ import annotations

import os
import secrets
import tempfile
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from runner.errors import OutputsUnwritable
from runner.schema import TABLES


class NotStored(Exception):
    """Raised when a result cannot be stored while a sweep runs: a full disk, a folder that is gone."""


def write_atomically(path: Path, data: bytes) -> None:
    """Put ``data`` at ``path`` so that a reader finds the old bytes or the new, never a part."""
    aside = path.with_name(f".{path.name}-{secrets.token_hex(4)}.part")
    descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)  # less the user's umask
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        aside.replace(path)
    except BaseException:
        with suppress(FileNotFoundError):
            aside.unlink()
        raise
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@dataclass(frozen=True)
class Sweep:
    """A results folder, ``outputs/NAME``: the one place that knows its paths and file names."""

    path: Path

    @property
    def description(self) -> Path:
        """Give the path of the overrides and the resolved configuration, ``sweep.yaml``."""
        return self.path / "sweep.yaml"

    @property
    def figures(self) -> Path:
        """Give the folder of the figures."""
        return self.path / "figures"

    def table(self, name: str) -> Path:
        """Give the folder of table ``name``."""
        return self.path / name

    def file(self, table: str, cell_id: str, round_: int) -> Path:
        """Give the path of one run's part of ``table``."""
        return self.table(table) / f"{cell_id}-{round_:03d}.parquet"

    def create(self) -> None:
        """Make the folders, and show that they can be written; raises OutputsUnwritable."""
        try:
            for name in TABLES:
                self.table(name).mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=self.path) as file:
                file.write(b"x")
        except OSError as error:
            raise OutputsUnwritable(
                f"cannot write results to {self.path}: {error.strerror}; "
                "free or unlock that folder, or choose another with outputs=FOLDER"
            ) from error

    def point_latest(self) -> None:
        """Let ``latest``, beside the sweep, lead to it."""
        link = self.path.parent / "latest"
        aside = self.path.parent / f".latest-{os.getpid()}"
        with suppress(FileNotFoundError):
            aside.unlink()
        aside.symlink_to(self.path.name, target_is_directory=True)
        aside.replace(link)

    def describe(self, yaml: str) -> None:
        """Store the overrides and the resolved configuration of the sweep, as YAML text."""
        write_atomically(self.description, yaml.encode())

    def write(self, table: str, cell_id: str, round_: int, columns: Mapping[str, Any] | pa.Table) -> None:
        """Store one run's part of ``table``; columns that the schema has and ``columns`` lacks are null.

        Raises NotStored.
        """
        path = self.file(table, cell_id, round_)
        try:
            write_atomically(path, _encode(table, columns))
        except OSError as error:
            raise NotStored(
                f"cannot store {path}: {error.strerror}; what was stored before is kept, this run is not"
            ) from error

    def write_run(self, row: Mapping[str, Any]) -> None:
        """Store the row of one run in ``runs``: from here on the run exists."""
        self.write("runs", row["cell_id"], row["round"], {name: [value] for name, value in row.items()})

    def read_run(self, cell_id: str, round_: int) -> dict[str, Any] | None:
        """Give the stored row of a run, or None where it was not (wholly) stored."""
        path = self.file("runs", cell_id, round_)
        if not path.exists():
            return None
        rows: list[dict[str, Any]] = pq.read_table(path).to_pylist()  # a single file: no dataset discovery
        return rows[0]


def _encode(table: str, columns: Mapping[str, Any] | pa.Table) -> bytes:
    schema = TABLES[table]
    if isinstance(columns, pa.Table):
        columns = {name: columns.column(name) for name in columns.column_names}
    unknown = _unknown(columns, schema)
    if unknown:
        raise KeyError(f"table {table} has no column {', '.join(unknown)}")
    length = len(next(iter(columns.values())))
    arrays = [_array(columns.get(field.name), field.type, length) for field in schema]
    sink = pa.BufferOutputStream()
    pq.write_table(pa.Table.from_arrays(arrays, schema=schema), sink, compression="zstd")
    encoded: bytes = sink.getvalue().to_pybytes()
    return encoded


def _unknown(columns: Iterable[str], schema: pa.Schema) -> list[str]:
    return sorted(set(columns) - set(schema.names))


def _array(values: Any, kind: pa.DataType, length: int) -> pa.Array | pa.ChunkedArray:
    if values is None:
        return pa.nulls(length, kind)
    if isinstance(values, pa.ChunkedArray | pa.Array):
        return values if values.type == kind else values.cast(kind)
    return pa.array(values, type=kind)
