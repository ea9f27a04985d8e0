"""Runs put into a results folder by hand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pyarrow as pa

from breakeven.base.schema import conform
from breakeven.runner.results import RunResult
from breakeven.runner.store import Sweep, write_atomically
from breakeven.runner.store.sealed import encode


def commit(sweep: Sweep, row: Mapping[str, Any], **tables: Mapping[str, Any] | pa.Table) -> None:
    """Store a run with the columns ``row``, and its parts of the other tables."""
    parts = {name: conform(name, columns) for name, columns in tables.items()}
    sweep.commit(RunResult(row=row, tables=parts))


def leave(sweep: Sweep, table: str, key: tuple[str, int], columns: Mapping[str, Any] | pa.Table) -> None:
    """Store one run's part of ``table`` alone, as a write that was cut short leaves it."""
    write_atomically(sweep.file(table, *key), encode(table, conform(table, columns)))
