"""A table of cells in the width that there is: which columns, which rows, and what is said by number below it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pandas as pd
from rich.cells import cell_len

from breakeven.analysis.summary.cells import DROPPED, LEFT, NUMBER, Table
from breakeven.base.wrapping import fold, pad, wrap

GAP = 2
"""The spaces between two columns."""

INDENT = "   "


def lay_out(table: Table, width: int, rows: int | None) -> Iterator[str]:
    """Yield the lines of ``table``: those ``rows`` that are best of their question.

    All of them, with all columns, if ``rows`` is None.

    Columns in `DROPPED` go first if the others do not fit, in that order. If that is not enough, what distinguishes
    cells is said below the table, with the numbers of the cells, the widest column first. No line is wider than
    ``width``.
    """
    texts = table.texts if rows is None else table.texts.loc[_best(table.ranks, rows)]
    columns, keyed = _fit(texts, table.factors, width)
    yield from _write(texts[columns], width)
    if rows is None:
        yield from _continue(texts, [name for name in _names(texts) if name not in (*columns, *keyed)], width)
    for name in keyed:
        yield from _key(texts, name, table.texts[NUMBER].tolist(), width)


def _names(texts: pd.DataFrame) -> list[str]:
    return list(map(str, texts.columns))


def _best(ranks: Sequence[int], rows: int) -> list[bool]:
    """Return which rows are shown: the best of each question, then the second best, and so on."""
    by_rank = sorted(range(len(ranks)), key=lambda place: ranks[place])
    chosen = set(by_rank[:rows])
    return [place in chosen for place in range(len(ranks))]


def _fit(texts: pd.DataFrame, factors: Sequence[str], width: int) -> tuple[list[str], list[str]]:
    """Return the columns that fit and those that have to be said below."""
    widths = {name: _width(texts[name], name) for name in _names(texts)}
    columns, keyed = list(widths), []
    extras = [name for name in DROPPED if name in columns and name not in factors]
    widest = sorted(factors, key=lambda name: widths[name])
    while sum(widths[name] + GAP for name in columns) - GAP > width and (extras or widest):
        if extras:
            columns.remove(extras.pop(0))
        else:
            keyed.append(widest.pop())
            columns.remove(keyed[-1])
    return columns, [name for name in factors if name in keyed]


def _width(column: pd.Series[str], name: str) -> int:
    return max(map(cell_len, [name, *column.tolist()]))


def _write(texts: pd.DataFrame, width: int) -> Iterator[str]:
    """Yield the heading and the rows, columns of numbers to the right."""
    parts = []
    for name in _names(texts):
        column = texts[name]
        wide, right = _width(column, name), _is_right(column, name)
        parts.append([pad(text, wide, right=right) for text in (name, *column.tolist())])
    for row in zip(*parts, strict=True):
        yield from fold((" " * GAP).join(row).rstrip(), width)


def _is_right(column: pd.Series[str], name: str) -> bool:
    """Return whether a column is of numbers, maybe with units, which are easier to compare one above the other."""
    return name == NUMBER or (
        name not in LEFT and all(text[:1].isdigit() for text in column.tolist() if text)
    )


def _continue(texts: pd.DataFrame, names: list[str], width: int) -> Iterator[str]:
    """Yield the columns that did not fit in further tables, as many in each as do."""
    while names:
        count = len(names)
        while count > 1 and _total(texts, [NUMBER, *names[:count]]) > width:
            count -= 1
        yield ""
        yield from _write(texts[[NUMBER, *names[:count]]], width)
        names = names[count:]


def _total(texts: pd.DataFrame, names: list[str]) -> int:
    return sum(_width(texts[name], name) + GAP for name in names) - GAP


def _key(texts: pd.DataFrame, name: str, numbers: Sequence[str], width: int) -> Iterator[str]:
    """Yield which cells have which value of the column ``name``."""
    for value, rows in texts.groupby(texts[name].map(str), sort=False):
        if value:
            yield from wrap(f"{name} {value}: {in_words(rows[NUMBER], numbers)}", width, INDENT)


def in_words(some: Sequence[str] | pd.Series[str], numbers: Sequence[str]) -> str:
    """Return ``some`` of the ``numbers`` of all rows in order, neighbours as a range: ``1-4, 9a``."""
    places = sorted(map(list(numbers).index, some))
    parts: list[list[int]] = []
    for place in places:
        if parts and place == parts[-1][-1] + 1:
            parts[-1].append(place)
        else:
            parts.append([place])
    ends = (dict.fromkeys((numbers[part[0]], numbers[part[-1]])) for part in parts)
    return ", ".join("-".join(end) for end in ends)
