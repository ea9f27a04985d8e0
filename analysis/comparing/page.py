"""The page of a comparison.

Conclusions, each ratio with its interval, all pairs, what could not be compared, where both come from.
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import pandas as pd
from markupsafe import Markup

from breakeven.analysis.comparing.comparison import COLUMNS, Comparison
from breakeven.analysis.comparing.points import explore
from breakeven.analysis.comparing.show import (
    FIRST,
    HEADINGS,
    conditions,
    in_order,
    name_sides,
    runs_not_compared,
    unpaired,
    write_band,
    write_disturbed,
    write_effect,
    write_pair,
)
from breakeven.analysis.comparing.verdict import CANNOT_TELL, FASTER, SAME, SLOWER
from breakeven.analysis.comparing.words import call_sides, say_all, say_each
from breakeven.analysis.pages.library import vega
from breakeven.analysis.pages.page import Page, Section, asset, fill
from breakeven.analysis.pages.points import name_machine
from breakeven.analysis.pages.provenance import describe_origin, trace
from breakeven.analysis.pages.sheets import Cell, Row, Sheet, to_fields, to_plain
from breakeven.analysis.pages.statements import FOLDED, Statement, tell
from breakeven.analysis.pages.strips import Scale, Strip, Value, draw, write_ratio
from breakeven.analysis.units import plural
from breakeven.base.program import NAME

TONES = {FASTER: "good", SLOWER: "bad", SAME: "even", CANNOT_TELL: "open"}
_LABELS = {CANNOT_TELL: "not decided"}
_REASON = "why"

_SORTED_BY = {HEADINGS[1]: "effect", "p adj.": "p_adjusted", "A": "value_a", "B": "value_b"}
"""The column of numbers by which that of a heading is sorted; the others are sorted by their texts."""


class Pair(NamedTuple):
    """A pair in a line: its name, what is to be noted, its ratio with the interval, and the same as a picture."""

    name: str
    note: str
    ratio: str
    strip: Strip | None


class Group(NamedTuple):
    """The pairs of one verdict."""

    label: str
    tone: str
    size: str
    pairs: Sequence[Pair]


def describe_comparison(comparison: Comparison, typed: Sequence[str]) -> Page:
    """Return the page of ``comparison``, which was ``typed`` so."""
    cells = in_order(comparison.cells)
    pictures, sheet, points = _Pictures.of(comparison), _sheet(cells), explore(comparison)
    explored = bool(points["cells"])
    sections = [
        Section("verdicts", "Conclusions", tell(_statements(comparison, pictures))),
        Section("pairs", "Every pair", _pairs(comparison, cells, pictures)),
        *([Section("explore", "Explore the pairs", fill("explorer"), scripted=True)] if explored else []),
        Section("cells", "All numbers", fill("sheets", tables=[sheet], flags=[])),
        _not_compared(comparison),
        Section(
            "rule",
            "By which rule",
            fill("notes", lines=conditions(comparison), listed=[], command=_command(typed)),
        ),
        Section(
            "origin",
            "Where both come from",
            describe_origin(
                {side.name: trace(side.path, side.runs) for side in (comparison.a, comparison.b)}
            ),
        ),
    ]
    both = pd.concat([comparison.a.runs, comparison.b.runs])
    return Page(
        source=" v ".join(call_sides(comparison)),
        headline=say_all(comparison),
        facts=[*name_sides(comparison), name_machine(both)],
        sections=[section for section in sections if section.body],
        data={**points, "tables": [to_plain(sheet)]},
        scripts=[asset("table.js"), *([asset("explorer.js")] if explored else [])],
        libraries=[vega()] if explored else [],
    )


@dataclass(frozen=True)
class _Pictures:
    """The pictures of ratios, on one scale for all pairs, above the band in which nothing is said to differ."""

    scale: Scale | None
    band: tuple[float, float]

    @classmethod
    def of(cls, comparison: Comparison) -> _Pictures:
        """Choose the scale of a comparison."""
        most = 1 + comparison.question.band
        values = [_value(row) for _, row in comparison.cells.iterrows()]
        return cls(Scale.of(values, (1 / most, 1.0, most)), (1 / most, most))

    def draw(self, cells: pd.DataFrame) -> Strip | None:
        """Return the picture of ``cells``."""
        if self.scale is None:
            return None
        values = [(TONES[row["verdict"]], _value(row)) for _, row in cells.iterrows()]
        return draw(values, self.scale, write_ratio, one=True, band=self.band)


def _value(row: pd.Series[Any]) -> Value:
    return Value(*(float(row[name]) for name in ("effect", "low", "high")))


def _statements(comparison: Comparison, pictures: _Pictures) -> list[Statement]:
    cells = comparison.cells
    return [
        Statement(
            about=f"{comparison.counts[verdict]} of {plural(len(cells), 'cell')}",
            tone=TONES[verdict],
            label=_LABELS.get(verdict, verdict),
            head=head,
            details=details,
            strip=pictures.draw(cells[cells["verdict"].eq(verdict)]),
        )
        for verdict, head, details in say_each(comparison)
    ]


def _pairs(comparison: Comparison, cells: pd.DataFrame, pictures: _Pictures) -> Markup:
    """Return each ratio with its interval, verdict by verdict; nothing if no ratio can be drawn."""
    if pictures.scale is None:
        return Markup()
    groups = [
        Group(
            _LABELS.get(verdict, verdict),
            TONES[verdict],
            plural(len(own), "cell"),
            [_pair(row, pictures) for _, row in own.iterrows()],
        )
        for verdict in FIRST
        for own in [cells[cells["verdict"].eq(verdict)]]
        if len(own)
    ]
    a, b = call_sides(comparison)
    key = [
        *(
            (TONES[verdict], f"{b} is {verdict}")
            for verdict in (FASTER, SLOWER)
            if comparison.counts[verdict]
        ),
        *(
            (TONES[verdict], _LABELS.get(verdict, verdict))
            for verdict in (SAME, CANNOT_TELL)
            if comparison.counts[verdict]
        ),
        ("band", f"within {write_band(comparison)} nothing is said to differ"),
    ]
    about = f"How many times as fast {b} is as {a}, with the 95 % interval over fresh processes."
    return fill(
        "pairs", about=about, groups=groups, axis=pictures.draw(cells.iloc[:0]), folded=FOLDED, key=key
    )


def _pair(row: pd.Series[Any], pictures: _Pictures) -> Pair:
    picture = pictures.draw(row.to_frame().T)
    return Pair(str(row["cell"]), write_disturbed(row), write_effect(row, "x"), picture)


def _sheet(cells: pd.DataFrame) -> Sheet:
    """Return all pairs as a table; its lines of CSV are those of `breakeven compare --format csv`."""
    headings = (*HEADINGS, *([_REASON] if cells["reason"].ne("").any() else []))
    rows = [
        Row(
            id=str(row["cell_id_a"]),
            cells=tuple(
                Cell(text, *(to_fields([row[_SORTED_BY[heading]]]) if heading in _SORTED_BY else [text]))
                for heading, text in zip(headings, (*write_pair(row), str(row["reason"])), strict=False)
            ),
            fields=to_fields(row[list(COLUMNS)]),
        )
        for _, row in cells.iterrows()
    ]
    numeric = tuple(heading in _SORTED_BY for heading in headings)
    return Sheet("pairs", f"{plural(len(cells), 'pair')} of cells", headings, numeric, COLUMNS, tuple(rows))


def _not_compared(comparison: Comparison) -> Section:
    lines, alone = runs_not_compared(comparison), unpaired(comparison)
    body = fill("notes", lines=lines, listed=alone, command="") if lines or alone else Markup()
    return Section("alone", "What could not be compared", body)


def _command(typed: Sequence[str]) -> str:
    return shlex.join([NAME, "compare", *typed])
