"""What the explorer and the table of a page read: a sweep's cells with their factors, estimates, machine and command."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from breakeven.analysis.figures.context import Context
from breakeven.analysis.frames.asked import answers_alike
from breakeven.analysis.frames.factors import is_varied, label_mechanisms, name_cells, varying, write
from breakeven.analysis.frames.hosts import name_hosts
from breakeven.analysis.frames.load import Lab
from breakeven.analysis.summary.cells import ESTIMATES, IMPLIED, Text, heading, measured
from breakeven.analysis.summary.next_command import repeat
from breakeven.analysis.units import plural, time_unit
from breakeven.base.factors import FACTORS
from breakeven.base.text import printable

MECHANISM = "mechanism"
_NO_VALUE = "none"
_NS = "_ns"
_RATE = "_per_s"
_RATIO = "speedup"
_DIGITS = 6
"""Significant digits of a number that is drawn."""


def explore(lab: Lab) -> dict[str, Any]:
    """Return the ``factors`` that vary, the ``measures`` that there are, and the ``cells``, as JSON knows them.

    A cell's ``at`` are places in its factors' values, its ``of`` an estimate, the ends of its interval and the same as text by measure.
    """
    cells = measured(lab)
    if cells.empty:
        return {"factors": [], "measures": [], "cells": []}
    factors = dict(_factors(cells))
    measures = {title: (column, text) for title, column, text in ESTIMATES if cells[column].notna().any()}
    texts = {title: cells.apply(text, axis=1) for title, (_, text) in measures.items()}
    measures = {title: found for title, found in measures.items() if texts[title].ne("").any()}
    units = {title: _unit(cells[column]) for title, (column, _) in measures.items()}
    names = name_cells(cells) + ", " + cells["workers"].map(lambda count: plural(int(count), "worker"))
    runs = {str(cell): rows for cell, rows in lab.runs.groupby("cell_id")}
    return {
        "factors": [_describe_factor(name, values) for name, values in factors.items()],
        "measures": [_describe_measure(title, measures[title][0], units[title]) for title in measures],
        "cells": [
            {
                "id": cell,
                "name": printable(str(names[cell])),
                "at": [int(values.cat.codes[cell]) for values in factors.values()],
                "of": _estimates(row, measures, units, {title: texts[title][cell] for title in measures}),
                "n": _sample(row),
                **_provenance(lab, runs[cell]),
            }
            for cell, row in ((str(cell), row) for cell, row in cells.iterrows())
        ],
    }


def _factors(cells: pd.DataFrame) -> Iterator[tuple[str, pd.Series[Any]]]:
    """Yield what varies as categories of texts, numbers in their order, other values as they come; the mechanism as a whole first."""
    without = {"function", *(["payload_out_asked_bytes"] if answers_alike(cells) else [])}
    names = [name for name in varying(cells, (*FACTORS, "variant")) if name not in without]
    mechanisms = label_mechanisms(cells)
    if is_varied(mechanisms) and not any(mechanisms.eq(cells[name]).all() for name in names):
        yield MECHANISM, _categories(mechanisms, mechanisms)
    for name in names:
        yield heading(name), _categories(cells[name], write(cells, name))


def _categories(values: pd.Series[Any], texts: pd.Series[str]) -> pd.Series[Any]:
    written = texts.fillna("").replace("", _NO_VALUE).astype("str").map(printable)
    numeric = pd.api.types.is_numeric_dtype(values)
    ordered = (
        written.loc[values.sort_values(kind="stable", na_position="first").index] if numeric else written
    )
    return written.astype(pd.CategoricalDtype(list(dict.fromkeys(ordered))))


def _describe_factor(name: str, values: pd.Series[Any]) -> dict[str, Any]:
    """Return a factor; one that is ``implied`` by others, such as the number of tasks, is not drawn unless asked for."""
    return {"name": name, "values": list(values.cat.categories), "implied": name in map(heading, IMPLIED)}


def _unit(values: pd.Series[Any]) -> tuple[float, str]:
    """Return what a column is divided by, and what it is then in."""
    column = str(values.name)
    if column.endswith(_NS):
        return time_unit(float(values.astype("float64").median()))
    return 1.0, f"{'bytes' if 'bytes' in column else 'calls'} per second" if column.endswith(_RATE) else ""


def _describe_measure(title: str, column: str, unit: tuple[float, str]) -> dict[str, Any]:
    """Return how a measure is drawn: ratios, times and rates on logarithmic axes."""
    plain = title.partition(" [")[0]
    is_ratio = column.startswith(_RATIO)
    return {
        "name": plain,
        "axis": f"{plain}, {unit[1]}" if unit[1] else plain,
        "log": is_ratio or column.endswith((_NS, _RATE)),
        "one": is_ratio,
        "format": "~s" if column.endswith(_RATE) else ",.3~r",
    }


def _estimates(
    row: pd.Series[Any],
    measures: Mapping[str, tuple[str, Text]],
    units: Mapping[str, tuple[float, str]],
    texts: Mapping[str, str],
) -> list[list[Any] | None]:
    """Return of each measure the value, the ends of its interval and the text; None if the cell has no such value."""
    found: list[list[Any] | None] = []
    for title, (column, _) in measures.items():
        numbers = [_number(row.get(f"{column}{end}"), units[title][0]) for end in ("", "_low", "_high")]
        found.append([*numbers, texts[title]] if texts[title] and numbers[0] is not None else None)
    return found


def _number(value: Any, scale: float) -> float | None:
    if value is None or pd.isna(value) or not math.isfinite(value):
        return None
    return float(f"{float(value) / scale:.{_DIGITS}g}")


def _sample(row: pd.Series[Any]) -> str:
    return f"{plural(int(row['rounds']), 'run')}, {plural(int(row['samples']), 'trial')}"


def _provenance(lab: Lab, runs: pd.DataFrame) -> dict[str, str]:
    """Return the machine of a cell's ``runs`` and the command that measures it again."""
    hosts = ", ".join(name_hosts(runs))
    machine = Context.of(runs).caption(*filter(None, [hosts]))
    overrides = runs["overrides"].dropna()
    typed = str(overrides.iloc[0]) if len(overrides) else None
    return {"machine": printable(machine), "command": printable(repeat(lab.path, typed))}
