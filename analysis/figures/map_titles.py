"""What follows from maps, as one clause: from which length each mechanism pays, and where that leaves the grid."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from breakeven.analysis.figures.pays import (
    FROM,
    HERE_AND_THERE,
    NOWHERE,
    THROUGHOUT,
    UNDECIDED,
    Line,
    Pays,
    where_it_pays,
)
from breakeven.analysis.figures.sheets import AXES, PAYLOAD, TASK, Axis, Map
from breakeven.analysis.units import format_ratio

HARDLY = 1.1
"""A mechanism whose largest gain is below this is said to gain at most so much, and not from where on."""


_NAMED = 3
"""The most mechanisms that a clause names, and one more if there is only one more."""


class Saying(NamedTuple):
    """What is said of a mechanism, and how much it gains: its largest speedup, which orders what is said."""

    gain: float
    name: str
    text: str


def describe_maps(maps: Sequence[Map], most: int) -> str:
    """Return where each mechanism of ``maps`` pays, as many of them as fit ``most`` characters, at least one.

    Those of which the same is to be said share a clause; the one that gains most comes first.
    """
    found = [saying for one in maps for saying in (_say_map(one) if one.y else _say_rows(one))]
    clauses: dict[str, list[str]] = {}
    for saying in sorted(found, key=lambda saying: -saying.gain):
        clauses.setdefault(saying.text, []).append(saying.name)
    texts = [_clause(names, text, first=not place) for place, (text, names) in enumerate(clauses.items())]
    kept = texts[:1]
    for text in texts[1:]:
        if len("; ".join([*kept, text])) <= most:
            kept.append(text)
    more = len(texts) - len(kept)
    return "; ".join(kept) + (f"; {more} more below" if more else "")


def _clause(names: Sequence[str], text: str, *, first: bool) -> str:
    """Return a clause such as ``process pays from 320 us``; later ones go without the verb."""
    many = len(names) > 1
    few = names if len(names) <= _NAMED + 1 else [*names[:_NAMED], f"{len(names) - _NAMED} more"]
    subject = f"{', '.join(few[:-1])} and {few[-1]}" if many else names[0]
    if text.startswith(_GAINS):
        return f"{subject} {'gain' if many else 'gains'}{text.removeprefix(_GAINS)}"
    return f"{subject} {'pay' if many else 'pays'} {text}" if first else f"{subject} {text}"


def _say_map(one: Map) -> Iterator[Saying]:
    """Say of a map where it pays at its first row and at its last."""
    rows = [(size, line) for size, line in zip(one.rows, lines_of(one), strict=True) if len(line.places)]
    found = [where_it_pays(line) for _, line in rows]
    text = _say_little([line for _, line in rows], "nowhere on this grid")
    if text is None and {pays.kind for pays in found} == {THROUGHOUT}:
        text = f"{say(found[0], rows[0][1], one.x)} at any payload"
    elif text is None:
        ends = dict.fromkeys([0, len(rows) - 1])
        said = [
            f"{say(found[end], rows[end][1], one.x)} at {AXES[PAYLOAD].write(rows[end][0])}" for end in ends
        ]
        text = ", ".join(said)
    yield Saying(_most([line for _, line in rows]), one.title, text)


def _say_rows(one: Map) -> Iterator[Saying]:
    """Say of each row of a strip where it pays."""
    for name, line in reversed(list(zip(one.rows, lines_of(one), strict=True))):
        if len(line.places):
            text = _say_little([line], "nowhere here") or say(where_it_pays(line), line, one.x)
            yield Saying(_most([line]), f"{name} ({one.title})" if one.title else str(name), text)


def _say_little(lines: Sequence[Line], nowhere: str) -> str | None:
    """Return what to say if nothing is gained, not decided or hardly worth it; otherwise None."""
    kinds = {where_it_pays(line).kind for line in lines}
    if kinds == {NOWHERE}:
        return nowhere
    if kinds <= {NOWHERE, UNDECIDED}:
        return "nowhere that is decided"
    most = _most(lines)
    return f"{_GAINS} {format_ratio(most)}x at most" if most < HARDLY else None


_GAINS = "gains"


def _most(lines: Sequence[Line]) -> float:
    return max((float(line.values.max()) for line in lines), default=0.0)


def say(pays: Pays, line: Line, axis: Axis) -> str:
    """Return where it pays: ``from 320 us``, ``already at the shortest task (30 us)`` or ``not up to 10 ms``."""
    first, last = (axis.write(line.places[end]) for end in (0, -1))
    texts = {
        THROUGHOUT: f"already at the shortest task ({first})"
        if axis.column == TASK
        else f"throughout, {first} to {last}",
        NOWHERE: f"not up to {last}",
        UNDECIDED: "not decided",
        HERE_AND_THERE: "here and there",
    }
    if pays.kind in texts:
        return texts[pays.kind]
    if np.isfinite(pays.at):
        return f"{pays.kind} {axis.about(pays.at)}"
    clear, sure = (pays.high, "at most") if pays.kind == FROM else (pays.low, "at least")
    return f"{pays.kind} {sure} {axis.write(clear)}"


def lines_of(one: Map) -> list[Line]:
    """Return the speedups of each row of a map."""
    values, lows, highs = (one.grid(f"speedup{end}") for end in ("", "_low", "_high"))
    return [Line(one.places, *row).known() for row in zip(values, lows, highs, strict=True)]
