"""Sums over all rows of a table, row group by row group.

Memory stays bounded, and no row is turned into an object of Python's.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq

from breakeven.analysis.frames.files import Reading, reading_threads

_ROWS = 1 << 18
"""Small files are read until there are so many rows: grouping costs per call."""

Piece = tuple[str, list[int]]
"""A file, and row groups of it."""


def add_up(
    dataset: ds.Dataset, by: Sequence[str], columns: Sequence[str], where: ds.Expression | None = None
) -> pa.Table:
    """Return the sums of ``columns`` over rows that are alike in ``by``, under the same names; raise ResultsDamaged.

    ``where`` is a hint: row groups of which no row matches are left out, by their statistics. ``cell_id`` comes as a
    dictionary. Each thread reads and groups row groups of its own, of which there are never more in memory than twice
    the threads.
    """
    with Reading(dataset):
        nothing = dataset.schema.empty_table().select([*by, *columns])
        sums = list(_parts(list(_work(dataset, where)), by, columns))
        return _grouped(pa.concat_tables(sums) if sums else nothing, by, columns)


def _parts(work: list[list[Piece]], by: Sequence[str], columns: Sequence[str]) -> Iterator[pa.Table]:
    threads = reading_threads()
    waiting: deque[Future[pa.Table]] = deque()
    with ThreadPoolExecutor(threads) as pool:
        for pieces in work:
            waiting.append(pool.submit(_add_up, pieces, by, columns))
            if len(waiting) > 2 * threads:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def _work(dataset: ds.Dataset, where: ds.Expression | None) -> Iterator[list[Piece]]:
    """Yield row groups, as many at a time as have `_ROWS` rows, of one large file or of many small ones."""
    held, rows = list[Piece](), 0
    fragments = (found for found in dataset.get_fragments() if isinstance(found, ds.ParquetFileFragment))
    for fragment in fragments:
        for part in fragment.split_by_row_group(where):
            held.append((part.path, [group.id for group in part.row_groups]))
            rows += sum(group.num_rows for group in part.row_groups)
            if rows >= _ROWS:
                yield held
                held, rows = [], 0
    if held:
        yield held


def _add_up(pieces: list[Piece], by: Sequence[str], columns: Sequence[str]) -> pa.Table:
    return _grouped(
        pa.concat_tables(_read(path, groups, [*by, *columns]) for path, groups in pieces), by, columns
    )


def _read(path: str, groups: list[int], columns: list[str]) -> pa.Table:
    # As a dictionary from the beginning: a file repeats few texts, and grouping compares small numbers.
    with pq.ParquetFile(path, read_dictionary=["cell_id"]) as file:
        return file.read_row_groups(groups, columns=columns, use_threads=False)


def _grouped(rows: pa.Table, by: Sequence[str], columns: Sequence[str]) -> pa.Table:
    sums = (
        rows.unify_dictionaries()
        .group_by(list(by), use_threads=False)
        .aggregate([(name, "sum") for name in columns])
    )
    return sums.select([*by, *(f"{name}_sum" for name in columns)]).rename_columns([*by, *columns])
