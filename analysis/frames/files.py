"""Parquet folders as Arrow datasets, each file checked before any of its rows is used."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.dataset as ds

from breakeven.analysis.errors import OtherSchema, ResultsDamaged
from breakeven.base.layout import SweepPaths
from breakeven.base.schema import LATER, TABLES, VERSION


def open_table(folder: Path, table: str) -> ds.Dataset:
    """Return the dataset of ``folder/table`` without reading its rows; one with no rows if it has no file.

    Hidden files (a write that was cut short) are left out. Raise ResultsDamaged or OtherSchema.
    """
    files = SweepPaths(folder).stored_files(table)
    if not files:
        return ds.dataset(TABLES[table].empty_table())
    dataset = ds.dataset([str(path) for path in files], schema=TABLES[table], format="parquet")
    for fragment in dataset.get_fragments():
        _check(fragment, table)
    return dataset


def read_table(dataset: ds.Dataset, columns: Sequence[str], where: ds.Expression | None = None) -> pa.Table:
    """Read the rows of ``dataset`` that match; raise ResultsDamaged."""
    with _Reading(dataset):
        return dataset.to_table(columns=list(columns), filter=where)


def to_frame(table: pa.Table) -> pd.DataFrame:
    """Return ``table`` as a frame."""
    frame: pd.DataFrame = table.to_pandas()
    return frame


def read_batches(
    dataset: ds.Dataset, columns: Sequence[str], where: ds.Expression | None
) -> Iterator[pa.RecordBatch]:
    """Read matching rows piece by piece, so that memory stays bounded; raise ResultsDamaged."""
    with _Reading(dataset):
        yield from dataset.to_batches(columns=list(columns), filter=where)


class _Reading:
    """Turns Arrow's error for damaged pages, which may name no file, into one that does."""

    def __init__(self, dataset: ds.Dataset) -> None:
        self._dataset = dataset

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, pa.ArrowInvalid | OSError):
            raise _damaged(_find_damaged(self._dataset), error) from error


def _find_damaged(dataset: ds.Dataset) -> str:
    for fragment in dataset.get_fragments():
        try:
            fragment.to_table()
        except (pa.ArrowInvalid, OSError):
            return str(fragment.path)
    return str(dataset.files[0])


def _check(fragment: ds.Fragment, table: str) -> None:
    """Read the footer of one file, which Arrow keeps for the scan; raise if it is not part of ``table``."""
    try:
        schema = fragment.physical_schema
    except (pa.ArrowInvalid, OSError) as error:
        raise _damaged(fragment.path, error) from error
    version = (schema.metadata or {}).get(b"breakeven_schema", b"none").decode(errors="replace")
    if version != VERSION:
        raise OtherSchema(
            f"{fragment.path} has schema version {version}; "
            f"this analysis reads version {VERSION}: "
            "use the breakeven that measured it, or measure the sweep again"
        )
    lacking = [name for name in TABLES[table].names if name not in (*schema.names, *LATER)]
    if lacking:
        raise OtherSchema(
            f"{fragment.path} lacks {', '.join(lacking)}, which the analysis of table {table} needs; "
            "measure the sweep again"
        )


def _damaged(path: str, error: BaseException) -> ResultsDamaged:
    cause = " ".join(str(error).split()).removesuffix(".")
    return ResultsDamaged(
        f"{path} is truncated or damaged ({cause}); "
        f"delete {Path(path).name} from runs/, trials/, workers/, spans/ and activity/, and run the sweep again: "
        "it repeats that run only"
    )
