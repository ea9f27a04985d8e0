"""Runs put into a results folder by hand."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pyarrow as pa
import pyarrow.dataset as ds
import pytest

from breakeven.analysis.frames.load import Lab
from breakeven.base.schema import TABLES, conform
from breakeven.runner.results import RunResult
from breakeven.runner.store import Sweep, write_atomically
from breakeven.runner.store.sealed import encode

ROW = {"cell_id": "a1", "round": 0, "status": "ok", "workers": 2, "speedup": 1.5}
KEY = ("a1", 0)


@contextmanager
def unsynced() -> Iterator[None]:
    """Write files without waiting for the disk: those of a test need not survive a loss of power."""
    with patch("os.fsync", lambda _: None):
        yield


def commit(sweep: Sweep, row: Mapping[str, Any], **tables: Mapping[str, Any] | pa.Table) -> None:
    """Store a run with the columns ``row``, and its parts of the other tables."""
    parts = {name: conform(name, columns) for name, columns in tables.items()}
    sweep.commit(RunResult(row=row, tables=parts))


def leave(sweep: Sweep, table: str, key: tuple[str, int], columns: Mapping[str, Any] | pa.Table) -> None:
    """Store one run's part of ``table`` alone, as a write that was cut short leaves it."""
    write_atomically(sweep.file(table, *key), encode(table, conform(table, columns)))


def measured(sweep: Sweep, cell_id: str = "a1", round_: int = 0, **columns: Any) -> None:
    """Store a run with trials and spans."""
    row = ROW | {"cell_id": cell_id, "round": round_, "reason": "a reason"} | columns
    trials = {"trial": list(range(50)), "wall_ns": list(range(50))}
    spans = {"trial": list(range(500)), "duration_ns": list(range(500))}
    commit(sweep, row, trials=trials, spans=spans)


def store_without(columns: Mapping[str, AbstractSet[str]], source: Path, target: Path) -> None:
    """Store the runs of ``source`` once more, ``columns`` of its tables unknown."""
    lab, sweep = Lab.open(source), Sweep(target)
    sweep.create()
    for row in lab.table("runs").to_pylist():
        of_run = (ds.field("cell_id") == row["cell_id"]) & (ds.field("round") == row["round"])
        parts = {name: lab.table(name, where=of_run) for name in TABLES if name != "runs"}
        known = {
            name: part.select([one for one in part.column_names if one not in columns.get(name, ())])
            for name, part in parts.items()
            if len(part)
        }
        lacking = columns.get("runs", frozenset()) | {"parts"}
        with unsynced():
            commit(sweep, {name: value for name, value in row.items() if name not in lacking}, **known)


def why_damaged(sweep: Sweep) -> dict[str, str]:
    """Return why each damaged file is not believed, by its path within the sweep."""
    return {str(path.relative_to(sweep.path)): why for path, why in sweep.stored().damaged.items()}


@contextmanager
def small_disk(folder: Path) -> Iterator[None]:
    """Let ``folder`` be a file system of 256 KiB."""
    mount = shutil.which("mount")
    if os.geteuid() or mount is None:
        pytest.skip("only root can mount a small file system")
    made = subprocess.run(
        [mount, "-t", "tmpfs", "-o", "size=256k", "breakeven-test", str(folder)],
        capture_output=True,
        check=False,
    )
    if made.returncode:
        pytest.skip("no file system may be mounted here")
    try:
        yield
    finally:
        subprocess.run(["umount", str(folder)], check=True)  # noqa: S607  # beside mount
