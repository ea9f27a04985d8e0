"""What the explorer of a sweep's page reads: its cells with their factors, estimates, machine and command."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from breakeven.analysis.figures.roles import place_hues
from breakeven.analysis.frames.asked import answers_alike
from breakeven.analysis.frames.factors import IMPLIED, is_varied, label_mechanisms, name_cells, varying, write
from breakeven.analysis.frames.load import Lab
from breakeven.analysis.frames.rows import Row, to_rows
from breakeven.analysis.pages.points import (
    NOTHING,
    Estimate,
    Measure,
    Point,
    categories,
    measure_again,
    name_machine,
    to_explore,
    to_number,
)
from breakeven.analysis.summary.cells import ESTIMATES, Text, heading, measured
from breakeven.analysis.units import plural, time_unit
from breakeven.base.factors import FACTORS

MECHANISM = "mechanism"
_NS = "_ns"
_RATE = "_per_s"
_RATIO = "speedup"


def explore(lab: Lab) -> dict[str, Any]:
    """Return the factors that vary, the measures that there are, and the cells, as JSON knows them."""
    cells = measured(lab)
    if cells.empty:
        return NOTHING
    measures = {title: (column, text) for title, column, text in ESTIMATES if cells[column].notna().any()}
    rows = to_rows(cells)
    texts = {
        title: pd.Series([text(row) for row in rows], cells.index) for title, (_, text) in measures.items()
    }
    measures = {title: found for title, found in measures.items() if texts[title].ne("").any()}
    units = {title: _unit(cells[column]) for title, (column, _) in measures.items()}
    names = name_cells(cells) + ", " + cells["workers"].map(lambda count: plural(int(count), "worker"))
    runs = {str(cell): found for cell, found in lab.runs.groupby("cell_id")}
    points = [
        Point(
            id=cell,
            name=str(names[cell]),
            of=_estimates(row, measures, units, {title: texts[title][cell] for title in measures}),
            n=f"{plural(int(row['rounds']), 'run')}, {plural(int(row['samples']), 'trial')}",
            machine=name_machine(runs[cell]),
            command=measure_again(lab.path, runs[cell]),
        )
        for cell, row in zip(map(str, cells.index), rows, strict=True)
    ]
    shown = [_describe_measure(title, measures[title][0], units[title]) for title in measures]
    return to_explore(dict(_factors(cells)), [heading(name) for name in IMPLIED], shown, points)


def _factors(cells: pd.DataFrame) -> Iterator[tuple[str, pd.Series[Any]]]:
    """Yield what varies as categories of texts; the mechanism as a whole first.

    Values are in the order of the figures, by which they have their colours.
    """
    without = {"function", *(["payload_out_asked_bytes"] if answers_alike(cells) else [])}
    names = [name for name in varying(cells, (*FACTORS, "variant")) if name not in without]
    mechanisms = label_mechanisms(cells)
    if is_varied(mechanisms) and not any(mechanisms.eq(cells[name]).all() for name in names):
        yield MECHANISM, categories(place_hues(cells), mechanisms)
    for name in names:
        yield heading(name), categories(place_hues(cells, [name]), write(cells, name))


def _unit(values: pd.Series[Any]) -> tuple[float, str]:
    """Return what a column is divided by, and what it is then in."""
    column = str(values.name)
    if column.endswith(_NS):
        return time_unit(float(values.astype("float64").median()))
    return 1.0, f"{'bytes' if 'bytes' in column else 'calls'} per second" if column.endswith(_RATE) else ""


def _describe_measure(title: str, column: str, unit: tuple[float, str]) -> Measure:
    """Return how a measure is drawn: ratios, times and rates on logarithmic axes."""
    plain = title.partition(" [")[0]
    is_ratio = column.startswith(_RATIO)
    return Measure(
        name=plain,
        axis=f"{plain}, {unit[1]}" if unit[1] else plain,
        log=is_ratio or column.endswith((_NS, _RATE)),
        one=is_ratio,
        format="~s" if column.endswith(_RATE) else ",.3~r",
    )


def _estimates(
    row: Row,
    measures: Mapping[str, tuple[str, Text]],
    units: Mapping[str, tuple[float, str]],
    texts: Mapping[str, str],
) -> list[Estimate | None]:
    """Return each measure's value, interval ends and text; None if the cell has no such value."""
    found: list[Estimate | None] = []
    for title, (column, _) in measures.items():
        value, low, high = (
            to_number(row.get(f"{column}{end}"), units[title][0]) for end in ("", "_low", "_high")
        )
        found.append((value, low, high, texts[title]) if texts[title] and value is not None else None)
    return found
