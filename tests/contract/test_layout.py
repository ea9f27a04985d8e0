"""The table of cells and everything around it, over made-up sweeps and all widths: it fits, and nothing is lost."""

from __future__ import annotations

import shlex
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from breakeven.analysis.summary.cells import DROPPED, NUMBER, Table
from breakeven.analysis.summary.layout import in_words, lay_out
from breakeven.base.text import printable
from breakeven.base.wrapping import wrap, wrap_command

FACTORS = ("label", "workload", "payload", "interpreter", "environment", "model", "ipc", "workers")
VALUES = st.text("ab /=_-写", min_size=1, max_size=60).map(str.strip).filter(bool)
WIDTHS = st.integers(40, 200)


@st.composite
def made_up(draw: st.DrawFn) -> Table:
    """Return a table with up to eight factors of any values, and estimates as wide as they get."""
    factors = draw(st.lists(st.sampled_from(FACTORS), unique=True, max_size=len(FACTORS)))
    extras = draw(st.lists(st.sampled_from(DROPPED), unique=True))
    count = draw(st.integers(1, 30))
    texts: dict[str, list[str]] = {NUMBER: [str(number) for number in range(1, count + 1)]}
    for name in factors:
        values = draw(st.lists(VALUES, min_size=1, max_size=4))
        texts[name] = [values[place % len(values)] for place in range(count)]
    texts["speedup [95 %]"] = ["1.83 [1.79, 1.88]"] * count
    texts |= {name: ["12.3 ms"] * count for name in extras}
    texts[""] = [draw(st.sampled_from(("", "d", "dwk"))) for _ in range(count)]
    return Table("map: spin", pd.DataFrame(texts), tuple(factors), tuple(range(count)))


def _plain(text: str) -> str:
    return "".join(text.split())


@given(made_up(), WIDTHS, st.one_of(st.none(), st.integers(1, 40)))
def test_no_line_is_wider_than_the_screen(table: Table, width: int, rows: int | None) -> None:
    """Whatever varies and however it is written."""
    for line in lay_out(table, width, rows):
        assert cell_len(line) <= width


@given(made_up(), WIDTHS, st.integers(1, 40))
def test_every_number_stands_once_and_nothing_that_varies_is_lost(
    table: Table, width: int, rows: int
) -> None:
    """A value stands in a column of its row, or below with the row's number."""
    lines = list(lay_out(table, width, rows))
    shown = min(rows, len(table.texts))
    body = lines[1 : shown + 1]
    assert [line.split()[0] for line in body] == table.texts[NUMBER].tolist()[:shown]
    heading, below = lines[0], _plain("".join(lines[shown + 1 :]))
    for name in table.factors:
        values = table.texts[name].tolist()[:shown]
        in_column = all(_plain(value) in _plain(line) for value, line in zip(values, body, strict=True))
        assert (name in heading and in_column) or all(_plain(f"{name} {value}:") in below for value in values)


@given(made_up(), WIDTHS)
def test_all_columns_of_all_rows_are_there_if_asked_for(table: Table, width: int) -> None:
    """In further tables, each with the numbers."""
    text = _plain("".join(lay_out(table, width, None)))
    assert all(_plain(str(name)) in text for name in table.texts)


@given(made_up())
def test_extras_are_dropped_in_the_written_order(table: Table) -> None:
    """What goes at one width is gone at every smaller one, the first of the list first; factors only after all of them."""
    extras = [name for name in DROPPED if name in table.texts]
    for width in range(160, 39, -40):
        heading = next(lay_out(table, width, 50))
        there = [f"  {name}" in heading for name in extras]
        assert there == sorted(there)
        if any(there):
            assert all(name in heading for name in table.factors)


@pytest.mark.parametrize(
    ("some", "text"),
    [("1", "1"), ("1 2 3", "1-3"), ("1 3a 3b 4", "1, 3a-4"), ("4 2", "2, 4"), ("3b", "3b")],
)
def test_neighbours_are_written_as_a_range(some: str, text: str) -> None:
    """In the order of the rows."""
    assert (
        in_words(
            some.split(),
            ["1", "2", "3", "3a", "3b", "4"] if "3 " in f"{some} " else ["1", "2", "3a", "3b", "4"],
        )
        == text
    )


@given(st.text(), st.integers(8, 200), st.sampled_from(("", "   ")))
def test_wrapped_text_fits_and_is_whole(text: str, width: int, indent: str) -> None:
    """Every character but space, in order, written out if a terminal would obey it."""
    found: list[str] = wrap(text, width, indent)
    assert all(cell_len(line) <= width for line in found)
    assert _plain("".join(found)) == printable(_plain(text))


@given(st.lists(st.text("ab '\"$\\=/-", min_size=1), min_size=1), st.integers(40, 120))
def test_a_wrapped_command_is_pasted_as_it_was(words: list[str], width: int) -> None:
    """Lines go on after a backslash, and no wider than they must be: only a single word may be."""
    lines = wrap_command("", shlex.join(words), width, "   ")
    assert all(line.endswith(" \\") for line in lines[:-1])
    assert (
        shlex.split(" ".join([*(line[:-1] for line in lines[:-1]), lines[-1]])) == words
    )  # as a shell joins them
    for line in lines:
        assert cell_len(line) <= width or len(shlex.split(line.removesuffix("\\"))) == 1


def test_words_stay_whole_where_they_fit() -> None:
    """Only what is wider than a line is broken."""
    long: Any = "x" * 12
    assert wrap(f"one two {long} three", 10, "  ") == ["one two", "  xxxxxxxx", "  xxxx", "  three"]
