"""What follows from maps, as one clause: from which length each mechanism pays, and where that leaves the grid."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from breakeven.analysis.figures.pays import (
    FROM,
    HERE_AND_THERE,
    NOWHERE,
    THROUGHOUT,
    UNDECIDED,
    UP_TO,
    Line,
    Pays,
    where_it_pays,
)
from breakeven.analysis.figures.sheets import AXES, PAYLOAD, Axis, Map

_ORDER = (FROM, UP_TO, THROUGHOUT)


def describe_maps(maps: Sequence[Map], most: int) -> str:
    """Return where each mechanism of ``maps`` pays, as many of them as fit ``most`` characters, at least one.

    Those of which the same is to be said share a clause; that with the earliest break-even comes first.
    """
    found = [saying for one in maps for saying in (_say_map(one) if one.y else _say_rows(one))]
    clauses: dict[str, list[str]] = {}
    for _, name, text in sorted(found, key=lambda saying: saying[0]):
        clauses.setdefault(text, []).append(name)
    texts = [f"{_and(names)}{'' if place else ' pays'} {text}" for place, (text, names) in enumerate(clauses.items())]
    kept = texts[:1]
    for text in texts[1:]:
        if len("; ".join([*kept, text])) <= most:
            kept.append(text)
    more = len(texts) - len(kept)
    return "; ".join(kept) + (f"; {more} more below" if more else "")


Saying = tuple[tuple[int, float], str, str]
"""What orders it, the mechanism, and what is said of it."""


def _say_map(one: Map) -> Iterator[Saying]:
    """Say of a map where it pays at its first row and at its last."""
    rows = [(size, line) for size, line in zip(one.rows, lines_of(one), strict=True) if len(line.places)]
    found = [where_it_pays(line) for _, line in rows]
    kinds = {pays.kind for pays in found}
    if kinds == {NOWHERE}:
        text = "nowhere on this grid"
    elif kinds <= {NOWHERE, UNDECIDED}:
        text = "nowhere that is decided"
    elif kinds == {THROUGHOUT}:
        text = f"{say(found[0], rows[0][1], one.x)} at any payload"
    else:
        ends = dict.fromkeys([0, len(rows) - 1])
        said = [f"{say(found[end], rows[end][1], one.x)} at {AXES[PAYLOAD].write(rows[end][0])}" for end in ends]
        text = ", ".join(said)
    yield _rank(found[0]), one.title, text


def _say_rows(one: Map) -> Iterator[Saying]:
    """Say of each row of a strip where it pays."""
    for name, line in reversed(list(zip(one.rows, lines_of(one), strict=True))):
        pays = where_it_pays(line)
        text = "nowhere here" if pays.kind == NOWHERE else say(pays, line, one.x)
        yield _rank(pays), f"{name} ({one.title})" if one.title else str(name), text


def say(pays: Pays, line: Line, axis: Axis) -> str:
    """Return such as ``from 320 us``, ``already at the shortest task (30 us)`` or ``not up to 10 ms``."""
    first, last = (axis.write(line.places[end]) for end in (0, -1))
    texts = {
        THROUGHOUT: f"already at {axis.shortest} ({first})",
        NOWHERE: f"not up to {last}",
        UNDECIDED: "not decided",
        HERE_AND_THERE: "here and there",
    }
    if pays.kind in texts:
        return texts[pays.kind]
    if np.isfinite(pays.at):
        return f"{pays.kind} {axis.about(pays.at)}"
    clear, sure = (pays.high, "at the latest") if pays.kind == FROM else (pays.low, "at least")
    return f"{pays.kind} {axis.write(clear)} {sure}"


def lines_of(one: Map) -> list[Line]:
    """Return the speedups of each row of a map."""
    values, lows, highs = (one.grid(f"speedup{end}") for end in ("", "_low", "_high"))
    return [Line(one.places(), *row).known() for row in zip(values, lows, highs, strict=True)]


def _rank(pays: Pays) -> tuple[int, float]:
    if pays.kind not in _ORDER:
        return len(_ORDER), 0.0
    at = pays.at if np.isfinite(pays.at) else pays.high
    return (0, at) if pays.kind == FROM else (_ORDER.index(pays.kind), 0.0)


def _and(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
