"""The result of one run, as typed data and as bytes that an engine can carry between machines."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

import pyarrow as pa

from breakeven.base.keys import Key
from breakeven.base.schema import TABLES, VERSION, conform

_MAGIC = b"breakeven run\n"
_LENGTH_BYTES = 8
_ROW = "runs"


class NotARunResult(ValueError):
    """Raised when bytes are not a result that this version can read; the message is the reason."""


@dataclass(frozen=True, kw_only=True)
class RunResult:
    """One run, ready to be stored: its row of the table ``runs`` and its parts of the other tables.

    ``row`` maps columns to values, missing columns are null; ``tables`` holds Arrow tables with the schemas
    of `breakeven.base.schema`, without empty ones.
    """

    row: Mapping[str, Any]
    tables: Mapping[str, pa.Table] = field(default_factory=dict)

    @property
    def status(self) -> str:
        """Return ok, incompatible, failed, timeout or crashed."""
        return str(self.row["status"])

    @property
    def key(self) -> Key:
        """Return the key under which the run is stored."""
        return self.row["cell_id"], self.row["round"]

    def to_bytes(self) -> bytes:
        """Return the result as bytes: a JSON head with the sizes, then an Arrow IPC stream for each table."""
        row = conform(_ROW, {name: [value] for name, value in self.row.items()})
        streams = {name: _to_stream(part) for name, part in {_ROW: row, **self.tables}.items()}
        head = {"schema": VERSION, "tables": {name: len(stream) for name, stream in streams.items()}}
        text = json.dumps(head).encode()
        return b"".join((_MAGIC, len(text).to_bytes(_LENGTH_BYTES, "little"), text, *streams.values()))

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Parse the output of `to_bytes`; raise NotARunResult for anything else. Nothing is unpickled."""
        sizes, at = _read_head(data)
        tables = {}
        for name, size in sizes.items():
            tables[name] = _from_stream(name, data[at : at + size])
            at += size
        if at != len(data):
            raise NotARunResult(f"it has {len(data)} bytes instead of {at}")
        rows = tables.pop(_ROW).to_pylist()
        if len(rows) != 1:
            raise NotARunResult(f"it holds {len(rows)} rows of {_ROW} instead of one")
        return cls(row=rows[0], tables=tables)


def _read_head(data: bytes) -> tuple[dict[str, int], int]:
    """Return the sizes of the streams by table, and the offset of the first one; raise NotARunResult."""
    begin = len(_MAGIC) + _LENGTH_BYTES
    if not data.startswith(_MAGIC) or len(data) < begin:
        raise NotARunResult("it does not begin like a run's result")
    end = begin + int.from_bytes(data[len(_MAGIC) : begin], "little")
    try:
        head = json.loads(data[begin:end])
        version, sizes = head["schema"], {str(name): int(size) for name, size in head["tables"].items()}
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise NotARunResult(f"its head cannot be read: {error}") from error
    if version != VERSION:
        raise NotARunResult(
            f"it has schema version {version}, this breakeven {VERSION}: use one version everywhere"
        )
    if _ROW not in sizes or not sizes.keys() <= TABLES.keys() or min(sizes.values()) < 0:
        raise NotARunResult(
            f"it holds the tables {', '.join(sizes) or 'none'}; there are {', '.join(TABLES)}"
        )
    return sizes, end


def _to_stream(table: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as stream:
        stream.write_table(table)
    data: bytes = sink.getvalue().to_pybytes()
    return data


def _from_stream(name: str, data: bytes) -> pa.Table:
    try:
        with pa.ipc.open_stream(data) as stream:
            table = stream.read_all()
            table.validate(full=True)
    except (pa.ArrowException, OSError, ValueError) as error:
        raise NotARunResult(f"its table {name} cannot be read: {error}") from error
    if not table.schema.equals(TABLES[name]):
        raise NotARunResult(f"its table {name} does not have this version's schema")
    return table
