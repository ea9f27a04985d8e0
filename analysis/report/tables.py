"""The tables of a summary for a page."""

from __future__ import annotations

import pandas as pd

from breakeven.analysis.pages.sheets import Cell, Row, Sheet, to_fields
from breakeven.analysis.summary.cells import FLAGS, LEFT, Table
from breakeven.analysis.summary.screen import Summary


def describe_tables(summary: Summary) -> list[Sheet]:
    """Return the tables of all patterns, every cell and every column."""
    return [_sheet(name, table) for name, table in summary.cells.items()]


def _sheet(name: str, table: Table) -> Sheet:
    titles = tuple(map(str, table.texts.columns))
    columns = ("cell_id", *map(str, table.raw.columns), "flags")
    flags = table.texts[FLAGS] if FLAGS in table.texts else pd.Series("", table.texts.index)
    keys = {title: _keys(table, title) for title in titles}
    rows = [
        Row(
            id=str(cell),
            cells=tuple(Cell(str(table.texts.iloc[place][title]), keys[title][place]) for title in titles),
            fields=(str(cell), *to_fields(table.raw.iloc[place]), str(flags.iloc[place])),
        )
        for place, cell in enumerate(table.texts.index)
    ]
    numeric = tuple(title != FLAGS and title not in LEFT and _is_number(table, title) for title in titles)
    return Sheet(name, table.about, titles, numeric, columns, tuple(rows))


def _keys(table: Table, title: str) -> list[str]:
    """Return what a column is sorted by: the values behind it if they are numbers, or else its texts."""
    if _is_number(table, title):
        return list(to_fields(table.raw[table.sources[title]]))
    return list(table.texts[title])


def _is_number(table: Table, title: str) -> bool:
    source = table.sources.get(title)
    return source is not None and pd.api.types.is_numeric_dtype(table.raw[source])
