"""The tables of a summary for a page: texts as they are printed, and the values by which rows are sorted and copied."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd

from breakeven.analysis.summary.cells import FLAGS, LEFT, Table
from breakeven.analysis.summary.screen import Summary


@dataclass(frozen=True)
class Cell:
    """A text, and what it is sorted by: a number if it has one."""

    text: str
    key: str


@dataclass(frozen=True)
class Row:
    """The cells of a row, of the sweep's cell ``id``; ``fields`` are those of its line of CSV."""

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


def describe_tables(summary: Summary) -> list[Sheet]:
    """Return the tables of all patterns, every cell and every column."""
    return [_sheet(name, table) for name, table in summary.cells.items()]


def to_plain(sheet: Sheet) -> dict[str, Any]:
    """Return the lines of CSV of a sheet as JSON knows them, without the heading's and the fields' quotes."""
    return {"columns": sheet.columns, "rows": [row.fields for row in sheet.rows]}


def _sheet(name: str, table: Table) -> Sheet:
    titles = tuple(map(str, table.texts.columns))
    columns = ("cell_id", *map(str, table.raw.columns), "flags")
    flags = table.texts[FLAGS] if FLAGS in table.texts else pd.Series("", table.texts.index)
    keys = {title: _keys(table, title) for title in titles}
    rows = [
        Row(
            id=str(cell),
            cells=tuple(Cell(str(table.texts.iloc[place][title]), keys[title][place]) for title in titles),
            fields=(str(cell), *map(_field, table.raw.iloc[place]), str(flags.iloc[place])),
        )
        for place, cell in enumerate(table.texts.index)
    ]
    numeric = tuple(title != FLAGS and title not in LEFT and _is_number(table, title) for title in titles)
    return Sheet(name, table.about, titles, numeric, columns, tuple(rows))


def _keys(table: Table, title: str) -> list[str]:
    """Return what a column is sorted by: the values behind it if they are numbers, or else its texts."""
    if _is_number(table, title):
        return list(map(_field, table.raw[table.sources[title]]))
    return list(table.texts[title])


def _is_number(table: Table, title: str) -> bool:
    source = table.sources.get(title)
    return source is not None and pd.api.types.is_numeric_dtype(table.raw[source])


def _field(value: Any) -> str:
    return "" if pd.isna(value) else str(value)
