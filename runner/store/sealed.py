"""One run's part of a table as Parquet bytes, and the row of a run, read back only if it is as it was written.

Page checksums (Parquet format, PageHeader.crc) cover only the pages. A file of ``runs`` therefore has a seal: the
CRC-32 of all its other bytes, placed between pages and footer, where the format leaves room and readers do not look.
"""

from __future__ import annotations

import os
import zlib
from collections.abc import Iterable, Sequence
from typing import IO, Any

import pyarrow as pa
import pyarrow.parquet as pq

from breakeven.base.schema import TABLES, VERSION, conform

_RUNS = "runs"
_MAGIC = b"PAR1"
_MARK = b"breakeven CRC-32"
_CRC_BYTES = 4
_SEAL_BYTES = len(_MARK) + _CRC_BYTES
_BLOCK_BYTES = 1 << 20
_ENDING_BYTES = 8  # the footer's length, 4 bytes, and the magic
_NEEDED = ("cell_id", "round", "status")

# For a few rows, dictionaries, statistics and compression only cost time: writing takes a third without them.
_FEW = 64
_FEW_ROWS = {
    "write_page_checksum": True,
    "compression": "none",
    "use_dictionary": False,
    "write_statistics": False,
}
MANY_ROWS = {"compression": "zstd", "write_page_checksum": True}
"""How files of many rows are written."""


class Damaged(Exception):
    """Raised when bytes are not an intact row of ``runs``; the message is the reason."""


def encode(table: str, part: pa.Table) -> bytes:
    """Return ``part``, which has the schema of ``table``, as Parquet bytes."""
    sink = pa.BufferOutputStream()
    options = _FEW_ROWS if part.num_rows <= _FEW else MANY_ROWS
    pq.write_table(part, sink, **options)
    encoded: bytes = sink.getvalue().to_pybytes()
    return _seal(encoded) if table == _RUNS else encoded


def decode(table: str, data: bytes) -> pa.Table:
    """Return the rows of a file of one run, with the schema of ``table``; raise Damaged."""
    if table == _RUNS:
        _check_seal(data)
    try:
        with pq.ParquetFile(pa.BufferReader(data), page_checksum_verification=True, pre_buffer=False) as file:
            return conform(table, file.read(use_threads=False))
    except (pa.ArrowException, OSError, ValueError, KeyError) as error:
        raise Damaged(" ".join(str(error).split()).removesuffix(".")) from error


def read_row(data: bytes, columns: Sequence[str]) -> dict[str, Any]:
    """Return the row of a file of ``runs``, with None for the ``columns`` it lacks; raise Damaged.

    For a file that is older than seals, only the page checksums are checked.
    """
    sealed = _check_seal(data)
    rows = _rows(pa.BufferReader(data), columns, sealed)
    if len(rows) != 1:
        raise Damaged(f"it holds {len(rows)} rows instead of one")
    return rows[0]


def read_rows(opened: IO[bytes], columns: Sequence[str]) -> list[dict[str, Any]]:
    """Return the rows of a compacted file of ``runs``, whose seal `check_file` checks; otherwise as `read_row`."""
    return _rows(pa.PythonFile(opened), columns, sealed=True)


def _rows(source: pa.NativeFile, columns: Sequence[str], sealed: bool) -> list[dict[str, Any]]:
    try:
        with pq.ParquetFile(source, page_checksum_verification=True, pre_buffer=False) as file:
            present = _check_schema(file.schema_arrow, columns, sealed)
            table = file.read(columns=present, use_threads=False)
    except (pa.ArrowException, OSError, ValueError) as error:  # what Arrow raises for invalid bytes
        raise Damaged(" ".join(str(error).split()).removesuffix(".")) from error
    lacking = dict.fromkeys(columns)
    return [
        lacking | dict(zip(table.column_names, values, strict=True))
        for values in zip(*map(_to_list, table.columns), strict=True)
    ]


def _to_list(column: pa.ChunkedArray) -> Iterable[Any]:
    """Return the values of ``column``: each distinct text is one object, since most are alike in all runs."""
    if not pa.types.is_string(column.type):
        values: list[Any] = column.to_pylist()
        return values
    known = column.dictionary_encode(null_encoding="encode")  # a null is one of the texts
    return (
        text
        for chunk in known.chunks
        for text in map(chunk.dictionary.to_pylist().__getitem__, chunk.indices.to_pylist())
    )


def _footer_at(data: bytes) -> int:
    """Return the offset of the footer, from the length stored at the end; raise Damaged."""
    if len(data) < _ENDING_BYTES + len(_MAGIC) or data[:4] != _MAGIC or data[-4:] != _MAGIC:
        raise Damaged(f"it is not a whole Parquet file ({len(data)} bytes)")
    at = len(data) - _ENDING_BYTES - int.from_bytes(data[-_ENDING_BYTES:-4], "little")
    if at < len(_MAGIC):
        raise Damaged("its footer is longer than the file")
    return at


def crc_of(opened: IO[bytes], size: int | None = None, crc: int = 0) -> int:
    """Return the CRC-32 of the next ``size`` bytes, after bytes of which it is ``crc``.

    Of all that follow if ``size`` is None.
    """
    while block := opened.read(_BLOCK_BYTES if size is None else min(size, _BLOCK_BYTES)):
        crc = zlib.crc32(block, crc)
        size = None if size is None else size - len(block)
    return crc


def seal_file(opened: IO[bytes]) -> None:
    """Put a seal into a Parquet file that was just written, which may be too large for memory; raise OSError."""
    opened.seek(0)
    crc = crc_of(opened)
    opened.seek(_footer_of(opened))
    footer = opened.read()
    opened.seek(-len(footer), os.SEEK_END)
    opened.write(_MARK + crc.to_bytes(_CRC_BYTES, "little") + footer)


def check_file(opened: IO[bytes]) -> None:
    """Check the seal of a large file; raise Damaged, or OSError."""
    end = _footer_of(opened)
    opened.seek(max(end - _SEAL_BYTES, 0))
    seal = opened.read(_SEAL_BYTES)
    if not seal.startswith(_MARK):
        raise Damaged("its checksum is missing")
    opened.seek(0)
    crc = crc_of(opened, end - _SEAL_BYTES)
    opened.seek(end)
    if crc_of(opened, crc=crc) != int.from_bytes(seal[len(_MARK) :], "little"):
        raise Damaged("its bytes do not match its checksum")


def _footer_of(opened: IO[bytes]) -> int:
    """Return the offset of the footer in a file; raise Damaged."""
    size = opened.seek(0, os.SEEK_END)
    opened.seek(max(size - _ENDING_BYTES, 0))
    ending = opened.read()
    if size < _ENDING_BYTES + len(_MAGIC) or ending[-4:] != _MAGIC:
        raise Damaged(f"it is not a whole Parquet file ({size} bytes)")
    at = size - _ENDING_BYTES - int.from_bytes(ending[:4], "little")
    if at < len(_MAGIC):
        raise Damaged("its footer is longer than the file")
    return at


def _seal(parquet: bytes) -> bytes:
    at = _footer_at(parquet)
    return parquet[:at] + _MARK + zlib.crc32(parquet).to_bytes(_CRC_BYTES, "little") + parquet[at:]


def _check_seal(data: bytes) -> bool:
    """Return whether ``data`` has a seal; raise Damaged if the seal is broken."""
    end = _footer_at(data)
    begin = end - _SEAL_BYTES
    seal = data[max(begin, 0) : end]
    if not seal.startswith(_MARK):
        return False
    found = zlib.crc32(data[end:], zlib.crc32(data[:begin]))
    if found != int.from_bytes(seal[len(_MARK) :], "little"):
        raise Damaged("its bytes do not match its checksum")
    return True


def _check_schema(schema: pa.Schema, columns: Sequence[str], sealed: bool) -> list[str]:
    """Return those of ``columns`` that ``schema`` has; raise Damaged if it is not the schema of ``runs``."""
    about = schema.metadata or {}
    table, version = (about.get(f"breakeven_{what}".encode(), b"none") for what in ("table", "schema"))
    if table != _RUNS.encode() or version != VERSION.encode():
        raise Damaged(f"it is not a table of runs of schema version {VERSION}")
    if "parts" in schema.names and not sealed:
        raise Damaged("its checksum is missing")
    present = [name for name in columns if name in schema.names]
    wrong = [name for name in present if schema.field(name).type != TABLES[_RUNS].field(name).type]
    wrong += [name for name in _NEEDED if name not in present]
    if wrong:
        raise Damaged(f"its column {wrong[0]} is missing or has the wrong type")
    return present
