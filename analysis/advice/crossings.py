"""Where the lines of a bisection begin to pay.

It follows from the file that was written before the bisection, and from the stored runs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from breakeven.analysis.advice.replay import damaged, read_search, runs_of
from breakeven.analysis.frames.aside import write_aside
from breakeven.analysis.frames.load import Lab
from breakeven.analysis.frames.rows import to_rows
from breakeven.analysis.units import format_size, format_time, plural
from breakeven.analysis.verdicts.words import is_one, name_mechanisms
from breakeven.base.json_text import json_text
from breakeven.base.layout import SweepPaths
from breakeven.base.version import __version__
from breakeven.base.wrapping import wrap
from breakeven.search.bisect import (
    ALWAYS,
    CROSSES,
    FAILED,
    FLAT,
    NEVER,
    Bisection,
    Found,
    Rule,
    replayed,
)

SCHEMA = 1
"""Of ``crossings.json``: changes if a key changes its meaning or is removed; keys may be added."""
_TASK = "task"


@dataclass(frozen=True)
class Crossing:
    """What was found of one line: its ``name``, the knob ``along``, the ``ends`` of the range.

    ``cells`` are in the order of their positions.
    """

    name: str
    along: str
    ends: tuple[float, float]
    rule: Rule
    found: Found
    cells: tuple[str, ...]
    positions: tuple[float, ...]

    @property
    def text(self) -> str:
        """Return what follows, as a sentence without its full stop."""
        low, high = map(self.write, self.ends)
        pays, does = ("pays", "does") if is_one(self.name) else ("pay", "do")
        found = self.found
        bracket = f"[{self.write(found.low)}, {self.write(found.high)}]"
        runs = plural(found.runs, "run")
        match found.word:
            case word if word == CROSSES:
                until = "from" if self.rule.larger_pays else "up to"
                return f"{self.name}: {pays} {until} {self.write(found.middle)}{self._each} {bracket}, {runs}"
            case word if word == ALWAYS:
                return f"{self.name}: {pays} throughout, {low} to {high}, {runs}"
            case word if word == NEVER:
                return f"{self.name}: {does} not pay anywhere from {low} to {high}, {runs}"
            case word if word == FLAT:
                return f"{self.name}: so close to serial that no {self._what} stands out {bracket}, {runs}"
            case word if word == FAILED:
                return f"{self.name}: not known, since runs failed"
        return f"{self.name}: not decided in {runs}; the crossing is within {bracket}"

    @property
    def _each(self) -> str:
        return " a task" if self.along == _TASK else ""

    @property
    def _what(self) -> str:
        return "length of a task" if self.along == _TASK else self.along

    def write(self, position: float) -> str:
        """Return a position with its unit."""
        return format_time(position) if self.along == _TASK else format_size(position)


def crossings(lab: Lab) -> list[Crossing] | None:
    """Return what a bisection found, line by line; None if the sweep was none. Raise ResultsDamaged."""
    return lab.once(_crossings)


def _crossings(lab: Lab) -> list[Crossing] | None:
    written = read_search(lab)
    if written is None or written.get("search") != "bisect":
        return None
    try:
        names = _names(lab, written["lines"], str(written["along"]))
        return [
            _crossing(lab, written, line, name) for line, name in zip(written["lines"], names, strict=True)
        ]
    except (ValueError, KeyError, TypeError) as error:
        raise damaged(lab, error) from error


def _crossing(lab: Lab, written: Mapping[str, Any], line: Mapping[str, Any], name: str) -> Crossing:
    rule = Rule(float(line["factor"]), int(line["most"]), bool(line["larger_pays"]))
    positions = tuple(float(one) for one in line["positions"])
    cells = tuple(str(one) for one in line["cell_ids"])
    bisection = replayed(Bisection(positions, rule, int(written["seed"])), runs_of(lab, cells))
    ends = float(written["low"]), float(written["high"])
    return Crossing(name, str(written["along"]), ends, rule, bisection.found, cells, positions)


def _names(lab: Lab, lines: list[Mapping[str, Any]], along: str) -> list[str]:
    """Return the lines in words, such as ``two processes over pipes at 64 KiB``.

    If that does not tell them apart, return them as the sweep named them.
    """
    written = [str(line["name"]) for line in lines]
    first = [next((cell for cell in line["cell_ids"] if cell in lab.cells.index), None) for line in lines]
    if any(cell is None for cell in first):
        return written
    cells = lab.cells.loc[first].assign(options="")
    at = (
        [format_size(float(size)) for size in cells["payload_bytes"]]
        if along == _TASK
        else [f"{format_time(float(time))} a task" if time else "" for time in cells["task_ns"].fillna(0)]
    )
    found = [
        f"{mechanism} at {where}" if where else mechanism
        for mechanism, where in zip(name_mechanisms(to_rows(cells)), at, strict=True)
    ]
    return found if len(set(found)) == len(found) else written


def crossing_lines(found: list[Crossing], width: int = 80) -> list[str]:
    """Return a sentence for each line, as lines of at most ``width`` columns."""
    return [line for one in found for line in wrap(one.text, width, "  ")]


COLUMNS = ("name", "along", "found", "crossing", "low", "high", "larger_pays", "runs", "sentence")


def crossing_table(found: list[Crossing] | None) -> pd.DataFrame:
    """Return one row per line; none if the sweep was no bisection.

    Its name, what was found, the bracket in ns or bytes, and its runs.
    """
    return pd.DataFrame(list(_rows(found or [])), columns=COLUMNS)


def _rows(found: list[Crossing]) -> Iterator[dict[str, Any]]:
    for one in found:
        crosses = one.found.word == CROSSES
        yield {
            "name": one.name,
            "along": one.along,
            "found": one.found.word,
            "crossing": one.found.middle if crosses else None,
            "low": one.found.low,
            "high": one.found.high,
            "larger_pays": one.rule.larger_pays,
            "runs": one.found.runs,
            "sentence": one.text,
        }


def write_crossings(lab: Lab) -> None:
    """Write ``crossings.json`` and ``crossings.parquet``, if the sweep was a bisection; raise VerdictsUnwritable."""
    found = crossings(lab)
    if found is None:
        return
    paths, rows = SweepPaths(lab.path), list(_rows(found))
    content = {"schema": SCHEMA, "breakeven_version": __version__, "lines": rows}
    text = json_text(content, indent=1) + "\n"
    write_aside(paths.crossings, lambda aside: aside.write_text(text, encoding="utf-8"))
    frame = crossing_table(found)
    write_aside(paths.crossings_table, lambda aside: frame.to_parquet(aside, index=False))
