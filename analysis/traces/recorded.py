"""The spans of one trial, as they were recorded."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import pyarrow as pa

from breakeven.analysis.frames.load import Lab
from breakeven.base.keys import Key
from breakeven.base.schema import TABLES

PARENT = -1
LIFETIMES = -1
"""The trial of startup and teardown."""


Row = Mapping[str, Any]
_AT_A_TIME = 2**12


class Span(NamedTuple):
    """One phase; its fields are columns of the table ``spans``."""

    trial: int
    worker: int
    pid: int
    thread_id: int
    task: int
    phase: str
    start_ns: int
    duration_ns: int
    on_cpu_ns: int | None

    @property
    def end_ns(self) -> int:
        """Return when it ended."""
        return self.start_ns + self.duration_ns


def read_trials(lab: Lab, key: Key) -> Iterator[list[Span]]:
    """Yield the spans of each trial of a run, which lie together; one trial at a time is held."""
    held: list[Span] = []
    for batch in lab.batches_of(key, "spans", Span._fields):
        for span in _rows(batch):
            if held and span.trial != held[0].trial:
                yield held
                held = []
            held.append(span)
    if held:
        yield held


def _rows(batch: pa.RecordBatch) -> Iterator[Span]:
    """Yield the spans of a batch, of which few are made at a time."""
    for start in range(0, batch.num_rows, _AT_A_TIME):
        part = batch.slice(start, _AT_A_TIME)
        columns = [_values(part.column(name)) for name in Span._fields]
        yield from map(Span._make, zip(*columns, strict=True))


def _values(column: pa.Array) -> list[Any]:
    """Return the values of a column; equal texts are one object."""
    if not isinstance(column, pa.DictionaryArray):
        found: list[Any] = column.to_pylist()
        return found
    texts = column.dictionary.to_pylist()
    return [texts[place] for place in column.indices.to_pylist()]


def read_rows(lab: Lab, key: Key, table: str) -> list[Row]:
    """Return a run's rows of ``table``."""
    batches = lab.batches_of(key, table, TABLES[table].names)
    return [row for batch in batches for row in batch.to_pylist()]


def read_placed(lab: Lab, key: Key) -> list[Row]:
    """Return a run's trials that say when they began; no other has a place in a trace."""
    return [row for row in read_rows(lab, key, "trials") if row["start_ns"] is not None]
