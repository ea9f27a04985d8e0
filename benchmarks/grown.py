"""Sweeps of any size, grown from a few real runs: their rows again and again, under other keys and with other times.

The real cells, all models and channels of them, are repeated for task lengths and payloads of a large grid, five rounds
each.

A grown run has the tables that a real one left, each written as the store writes it but for the wait for the disk.
Spans are repeated or cut to the number that is asked for, and every run has times of its own, within 10 % of the real
ones, so that no two compress alike.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds

from breakeven.base.layout import RUNS
from breakeven.base.schema import TABLES, conform
from breakeven.runner.store import Sweep
from breakeven.runner.store.integrity import Part
from breakeven.runner.store.sealed import encode

ROUNDS = 5
"""Rounds of a grown cell."""

SPREAD = 0.1
_SCALED = ("speedup", "speedup_low", "speedup_high", "task_measured_ns", "serial_wall_ns", "parallel_wall_ns")
_TIMES = ("duration_ns", "on_cpu_ns")
_RUN_NS = 10**9
_PAYLOADS, _FIRST_TASK_NS = 8, 20_000
_SIZES = ("payload_asked_bytes", "payload_out_asked_bytes", "payload_bytes", "payload_out_bytes")


@dataclass(frozen=True)
class Template:
    """One real run: its row and its tables."""

    row: dict[str, Any]
    tables: dict[str, pa.Table]


def templates(folder: Path) -> list[Template]:
    """Return the runs in the results folder ``folder`` that are ok and have spans, the first of each cell."""
    tables = {name: _read(folder, name) for name in TABLES}
    found: dict[str, Template] = {}
    for row in tables.pop(RUNS).to_pylist():
        if row["status"] != "ok" or row["cell_id"] in found:
            continue
        mine = (pc.field("cell_id") == row["cell_id"]) & (pc.field("round") == row["round"])
        parts = {name: table.filter(mine) for name, table in tables.items()}
        if parts["spans"].num_rows:
            found[row["cell_id"]] = Template(row, {name: part for name, part in parts.items() if len(part)})
    return list(found.values())


def _read(folder: Path, table: str) -> pa.Table:
    files = [str(file) for file in sorted((folder / table).glob("*.parquet"))]
    return ds.dataset(files, schema=TABLES[table]).to_table() if files else TABLES[table].empty_table()


def grow(folder: Path, real: list[Template], spans: int, runs: int) -> None:
    """Make a sweep in ``folder`` of ``runs`` runs that have as many ``spans`` together."""
    sweep = Sweep(folder)
    sweep.create()
    chance = np.random.default_rng(20)
    for number, size in enumerate(_sizes(spans, runs)):
        point, one = divmod(number // ROUNDS, len(real))
        _store(sweep, _vary(real[one], (number, point), size, chance))


def _sizes(spans: int, runs: int) -> Iterator[int]:
    for number in range(runs):
        yield spans * (number + 1) // runs - spans * number // runs


def _vary(real: Template, place: tuple[int, int], size: int, chance: np.random.Generator) -> Template:
    """Return a run like ``real`` with ``size`` spans and times of its own.

    ``place`` is its number, and that of its point in the grid.
    """
    number, point = place
    cell, round_ = divmod(number, ROUNDS)
    key = {"cell_id": hashlib.sha256(b"%d" % cell).hexdigest()[:16], "round": round_}
    factor = float(chance.uniform(1 - SPREAD, 1 + SPREAD))
    changes: dict[str, Any] = {
        "order": number,
        "began_ns": number * _RUN_NS,
        "ended_ns": (number + 1) * _RUN_NS,
        "task_ns": _FIRST_TASK_NS + 1000 * (point // _PAYLOADS),
        **{name: real.row[name] << point % _PAYLOADS for name in _SIZES},
        **{name: _times(real.row[name], factor) for name in _SCALED if real.row.get(name) is not None},
    }
    tables = {name: _rekeyed(part, key) for name, part in real.tables.items()}
    tables["spans"] = _resized(tables["spans"], size, chance)
    return Template(real.row | key | changes, tables)


def _times(value: float, factor: float) -> float:
    return type(value)(value * factor)


def _rekeyed(part: pa.Table, key: dict[str, Any]) -> pa.Table:
    for name, value in key.items():
        place = part.schema.get_field_index(name)
        field = part.schema.field(name)
        part = part.set_column(place, field, pa.repeat(pa.scalar(value, field.type), len(part)))
    return part


def _resized(spans: pa.Table, size: int, chance: np.random.Generator) -> pa.Table:
    """Return ``size`` spans with those times of ``spans``, one repetition after the other, each changed at random."""
    copies = -(-size // len(spans))
    taken = pa.concat_tables([spans] * copies).slice(0, size).combine_chunks()
    factors = chance.uniform(1 - SPREAD, 1 + SPREAD, size)
    shift = np.repeat(np.arange(copies), len(spans))[:size] * int(pc.max(spans["start_ns"]).as_py())
    changed = {name: pc.cast(pc.round(pc.multiply(taken[name], factors)), pa.int64()) for name in _TIMES}
    changed["start_ns"] = pc.add(taken["start_ns"], shift)
    for name, column in changed.items():
        place = taken.schema.get_field_index(name)
        taken = taken.set_column(place, taken.schema.field(name), column)
    return taken


def _store(sweep: Sweep, run: Template) -> None:
    """Write the files of a run as `Sweep.commit` does, without waiting for the disk."""
    key, parts = (run.row["cell_id"], run.row["round"]), []
    for table, part in run.tables.items():
        data = encode(table, part)
        sweep.file(table, *key).write_bytes(data)
        parts.append(Part.of(table, data))
    row = run.row | {"parts": "\n".join(map(str, parts))}
    sweep.file(RUNS, *key).write_bytes(encode(RUNS, conform(RUNS, {name: [row[name]] for name in row})))
