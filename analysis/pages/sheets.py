"""Tables of a page: texts as they are printed, and the values by which rows are sorted and copied."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import pandas as pd


@dataclass(frozen=True)
class Cell:
    """A text, and what it is sorted by: a number if it has one."""

    text: str
    key: str


@dataclass(frozen=True)
class Row:
    """The cells of a row, which is about what ``id`` is to the explorer; ``fields`` are those of its line of CSV."""

    id: str
    cells: tuple[Cell, ...]
    fields: tuple[str, ...]


@dataclass(frozen=True)
class Sheet:
    """A table with its headings, whether each is of numbers, and the names of its columns in CSV."""

    name: str
    about: str
    headings: tuple[str, ...]
    numeric: tuple[bool, ...]
    columns: tuple[str, ...]
    rows: tuple[Row, ...]


def to_plain(sheet: Sheet) -> dict[str, Any]:
    """Return the lines of CSV of a sheet as JSON knows them, without the heading's and the fields' quotes."""
    return {"columns": sheet.columns, "rows": [row.fields for row in sheet.rows]}


def to_fields(values: Iterable[Any]) -> tuple[str, ...]:
    """Return ``values`` as fields of CSV: what is missing is empty."""
    return tuple("" if pd.isna(value) else str(value) for value in values)
