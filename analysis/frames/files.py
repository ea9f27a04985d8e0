"""Parquet folders as Arrow tables and datasets, each file checked before any of its rows is used."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache, partial
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq

from breakeven.analysis.errors import OtherSchema, ResultsDamaged
from breakeven.base.errors import ResultsUnreadable
from breakeven.base.keys import Key
from breakeven.base.layout import SweepPaths, stem
from breakeven.base.schema import LATER, TABLES, VERSION
from breakeven.base.table_files import TableFiles

_DESCRIPTORS = "/proc/self/fd/"
_MANY = 16  # files, which one thread reads one after the other
_MOST_THREADS = 4


def open_table(folder: Path, table: str) -> ds.Dataset:
    """Return the dataset of ``folder/table`` without reading its rows; one with no rows if it has no file.

    Files that breakeven did not name are left out, such as those of a write that was cut short. Raise
    ResultsUnreadable, ResultsDamaged or OtherSchema.
    """
    return _open(_stored_files(folder, table), table)


def read_whole(folder: Path, table: str, columns: Sequence[str]) -> pa.Table:
    """Read all rows of ``folder/table``; otherwise as `open_table`.

    Of many files, each is read by itself in one of several threads: a dataset opens one after the other to check them,
    keeps all footers, which take more memory than the rows of small files, and divides the work more finely.
    """
    files = _stored_files(folder, table)
    if len(files) < _MANY:
        return read_table(_open(files, table), columns)
    schema = pa.schema([TABLES[table].field(name) for name in columns])
    parts = [files[first : first + _MANY] for first in range(0, len(files), _MANY)]
    with ThreadPoolExecutor(reading_threads()) as pool:
        return pa.concat_tables(pool.map(partial(_read_files, table=table, schema=schema), parts))


def reading_threads() -> int:
    """Return how many threads read files: as many as there are CPUs, but only a few."""
    return min(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 1, _MOST_THREADS)


def _stored_files(folder: Path, table: str) -> Sequence[Path]:
    try:
        return SweepPaths(_as_utf8(folder)).stored_files(table)
    except OSError as error:
        raise ResultsUnreadable.from_os_error(error, SweepPaths(folder).table(table)) from error


def _read_files(paths: Sequence[Path], table: str, schema: pa.Schema) -> pa.Table:
    """Read files as one piece: whatever reads a thousand pieces of a row each takes far longer than for the rows."""
    return pa.concat_tables(_read_file(path, table, schema) for path in paths).combine_chunks()


def _read_file(path: Path, table: str, schema: pa.Schema) -> pa.Table:
    """Read the columns of ``schema`` from one file; null where a file of an earlier version lacks one."""
    try:
        with pq.ParquetFile(path) as file:
            stored = file.schema_arrow
            _check(str(path), stored, table)
            there = frozenset(stored.names)
            found = file.read([name for name in schema.names if name in there], use_threads=False)
    except (pa.ArrowInvalid, OSError) as error:
        raise _unusable(str(path), error) from error
    if found.schema.equals(schema):
        return found
    columns = (
        found[field.name] if field.name in there else pa.nulls(len(found), field.type) for field in schema
    )
    return pa.table(list(columns), schema.names).cast(schema)


def list_table(folder: Path, table: str) -> TableFiles:
    """Return where the rows of each run are in ``folder/table``; raise ResultsUnreadable."""
    try:
        return TableFiles.of(SweepPaths(_as_utf8(folder)).table(table))
    except OSError as error:
        raise ResultsUnreadable.from_os_error(error, SweepPaths(folder).table(table)) from error


def read_part(files: TableFiles, table: str, key: Key, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
    """Read the rows of one run piece by piece, and only the file that holds them.

    Otherwise as `open_table`.
    """
    name = stem(*key)
    found = files.single.get(name) or files.in_compacted.get(name)
    dataset = _open([] if found is None else [found], table)
    where = (ds.field("cell_id") == key[0]) & (ds.field("round") == key[1])
    yield from read_batches(dataset, columns, where)


def _open(files: Sequence[Path], table: str) -> ds.Dataset:
    if not files:
        return ds.dataset(TABLES[table].empty_table())
    dataset = ds.dataset([str(path) for path in files], schema=TABLES[table], format="parquet")
    for fragment in dataset.get_fragments():
        _check(fragment.path, _schema_of(fragment), table)
    return dataset


def _schema_of(fragment: ds.Fragment) -> pa.Schema:
    """Read the footer of one file, which Arrow keeps for the scan."""
    try:
        return fragment.physical_schema
    except (pa.ArrowInvalid, OSError) as error:
        raise _unusable(fragment.path, error) from error


def _as_utf8(folder: Path) -> Path:
    """Return ``folder``, or another path to it if its name is not UTF-8, which is all that Arrow takes."""
    try:
        str(folder).encode()
    except UnicodeEncodeError:
        return Path(f"{_DESCRIPTORS}{_descriptor(folder)}")
    return folder


@cache
def _descriptor(folder: Path) -> int:
    """Return a descriptor of ``folder``, which stays open as long as this process lives."""
    return os.open(folder, os.O_RDONLY | os.O_DIRECTORY)


def read_table(dataset: ds.Dataset, columns: Sequence[str], where: ds.Expression | None = None) -> pa.Table:
    """Read the rows of ``dataset`` that match; raise ResultsDamaged."""
    with Reading(dataset):
        return dataset.to_table(columns=list(columns), filter=where)


def to_frame(table: pa.Table) -> pd.DataFrame:
    """Return ``table`` as a frame."""
    frame: pd.DataFrame = table.to_pandas()
    return frame


def read_batches(
    dataset: ds.Dataset, columns: Sequence[str], where: ds.Expression | None
) -> Iterator[pa.RecordBatch]:
    """Read matching rows piece by piece, so that memory stays bounded; raise ResultsDamaged."""
    with Reading(dataset):
        yield from dataset.to_batches(columns=list(columns), filter=where)


class Reading:
    """Turns Arrow's error for damaged pages, which may name no file, into one that does."""

    def __init__(self, dataset: ds.Dataset) -> None:
        self._dataset = dataset

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, pa.ArrowInvalid | OSError):
            raise _unusable(_find_damaged(self._dataset), error) from error


def _find_damaged(dataset: ds.Dataset) -> str:
    for fragment in dataset.get_fragments():
        try:
            fragment.to_table()
        except (pa.ArrowInvalid, OSError):
            return str(fragment.path)
    return str(dataset.files[0])


def _check(path: str, schema: pa.Schema, table: str) -> None:
    """Raise OtherSchema if a file, by its footer, is not part of ``table``."""
    version = (schema.metadata or {}).get(b"breakeven_schema", b"none").decode(errors="replace")
    if version != VERSION:
        raise OtherSchema(
            f"{path} has schema version {version}; "
            f"this analysis reads version {VERSION}: "
            "use the breakeven that measured it, or measure the sweep again"
        )
    there = {*schema.names, *LATER}
    lacking = [name for name in TABLES[table].names if name not in there]
    if lacking:
        raise OtherSchema(
            f"{path} lacks {', '.join(lacking)}, which the analysis of table {table} needs; "
            "measure the sweep again"
        )


def _unusable(path: str, error: BaseException) -> ResultsUnreadable | ResultsDamaged:
    """Return the error for a file that cannot be read, or else, whose bytes are wrong."""
    if path.startswith(_DESCRIPTORS):
        path = os.path.realpath(path)
    try:
        with Path(path).open("rb") as file:
            file.read(1)
    except OSError as denied:
        return ResultsUnreadable.from_os_error(denied, path)
    cause = " ".join(str(error).split()).removesuffix(".")
    return ResultsDamaged(
        f"{path} is truncated or damaged ({cause}); "
        "run the sweep again, which moves the files of that run to aside/ and repeats it alone"
    )
