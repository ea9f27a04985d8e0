"""Cells whose rounds fall into kinds: a row of the table for each kind, and a line on what tells them apart."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from breakeven.analysis.frames.factors import name_cells
from breakeven.analysis.frames.kinds import Cause, cause_of
from breakeven.analysis.frames.load import Lab
from breakeven.analysis.frames.rows import Row
from breakeven.analysis.summary.caution import KINDS, Caution
from breakeven.analysis.units import format_ratio, format_time, plural

_SPLIT = "of"
"""The column of kinds that estimates of cells lack."""


def one_row_a_kind(estimates: pd.DataFrame, kinds: pd.DataFrame) -> pd.DataFrame:
    """Return ``estimates`` with a row for each of the ``kinds`` in place of their cells.

    It has the column ``kind`` if there are any.
    """
    if kinds.empty:
        return estimates
    rows = kinds.reset_index("kind")
    whole = estimates[~estimates.index.isin(rows.index)]
    places = {cell: place for place, cell in enumerate(estimates.index)}
    shown = pd.concat([whole, rows])
    return shown.iloc[shown.index.map(places).argsort(kind="stable")]


def name_kind(row: Row) -> str:
    """Return the kind of a row and its share of the cell's rounds; nothing if it stands for a whole cell."""
    return "" if pd.isna(row[_SPLIT]) else f"{row['kind']}, {row['rounds']} of {row[_SPLIT]:.0f} rounds"


def falls_into_kinds(lab: Lab) -> Iterator[Caution]:
    """Yield a caution for each cause, with the cell whose kinds are farthest apart, and what fixes either kind."""
    kinds = lab.kinds
    for column in dict.fromkeys(kinds["cause"]):
        cells = kinds[kinds["cause"].eq(column)]
        ratios = _values(cells).groupby(level="cell_id").agg(lambda both: both.max() / both.min())
        worst = str(ratios.idxmax())
        count = f"the rounds of {len(ratios)} of {plural(len(lab.estimates), 'cell')} fall into two kinds"
        of_worst = cells[cells.index.get_level_values("cell_id") == worst]
        worst_of = "most: " if len(ratios) > 1 else ""
        text = f"{count}{_why(cause_of(column))}: {worst_of}{_describe(lab, of_worst, worst)}; {_remedy(cause_of(column))}"
        yield Caution(KINDS, text, frozenset(map(str, ratios.index)), "k")


def fixed_by_a_knob(lab: Lab) -> set[str]:
    """Return the cells whose kinds a knob can choose.

    What is of two kinds does not narrow with more rounds.
    """
    kinds = lab.kinds
    fixed = kinds["cause"].map(lambda column: any(cause_of(column).remedies))
    return set(kinds.index.get_level_values("cell_id")[fixed.astype(bool)])


def _values(cells: pd.DataFrame) -> pd.Series[float]:
    return cells["latency_p50_ns"].where(cells["latency_p50_ns"].notna(), cells["speedup"]).astype("float64")


def _why(cause: Cause) -> str:
    return f" by {cause.name}" if cause.column else ", and nothing that was recorded tells them apart"


def _describe(lab: Lab, kinds: pd.DataFrame, cell: str) -> str:
    """Name a cell and its kinds, the more frequent first, with their values and shares."""
    write = format_time if kinds["latency_p50_ns"].notna().all() else format_ratio
    ordered = kinds.assign(value=_values(kinds)).sort_values("rounds", ascending=False, kind="stable")
    columns = (ordered[name] for name in ("value", "rounds", "of"))
    rows = zip(ordered.index.get_level_values("kind"), *columns, strict=True)
    each = (f"{write(value)} ({kind}, {rounds} of {of} rounds)" for kind, value, rounds, of in rows)
    return f"{name_cells(lab.estimates)[cell]} {' and '.join(each)}"


def _remedy(cause: Cause) -> str:
    """Return what measures one kind only; ``cause`` may have none."""
    named = zip((cause.low, cause.high), cause.remedies, strict=True)
    fixes = [f"{remedy} measures {kind} only" for kind, remedy in named if remedy]
    return (
        ", ".join(fixes)
        or "what differs between them stays to be found, and a mean over both stands for neither"
    )
