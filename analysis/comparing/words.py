"""What follows from a comparison, in words."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from breakeven.analysis.comparing.comparison import Comparison
from breakeven.analysis.comparing.show import FIRST, count_reasons, in_order, write_band, write_effect
from breakeven.analysis.comparing.verdict import CANNOT_TELL, FASTER, SAME, SLOWER
from breakeven.analysis.units import format_ratio, plural

_LONGEST = 40
"""The most characters of what a side is called in a sentence."""


def call_sides(comparison: Comparison) -> tuple[str, str]:
    """Return what to call the sides in a sentence: how they differ, or A and B if that is long."""
    a, b = comparison.a, comparison.b
    names = tuple(",".join(map(str, side.conditions)) for side in (a, b))
    if a.path != b.path:
        names = (a.path.name, b.path.name) if not any(names) else ("", "")
    one, other = names
    told = one and other and one != other and max(map(len, names)) <= _LONGEST
    return (one, other) if told else ("A", "B")


def say_all(comparison: Comparison) -> str:
    """Return in one sentence in how many cells B is faster, slower, the same, and in how many nothing is decided."""
    (a, b), counts, of = call_sides(comparison), comparison.counts, len(comparison.cells)
    if counts[CANNOT_TELL] == of:
        return f"None of {plural(of, 'cell')} decides whether {b} is faster than {a}"
    band = write_band(comparison)
    first = {
        FASTER: f"{b} is faster than {a}",
        SLOWER: f"{b} is slower than {a}",
        SAME: f"{b} is as fast as {a}, within {band},",
    }
    more = {SLOWER: "slower", SAME: f"the same within {band}", CANNOT_TELL: "not decided"}
    said = next(verdict for verdict in first if counts[verdict])
    rest = [
        f"{text} in {counts[verdict]}"
        for verdict, text in more.items()
        if counts[verdict] and verdict != said
    ]
    return ", ".join([f"{first[said]} {_where(counts[said], of)}", *rest])


def _where(count: int, of: int) -> str:
    if of == 1:
        return "in the one cell that both have"
    return f"in {count} of {plural(of, 'cell')}" if count < of else f"in all {plural(of, 'cell')}"


def say_each(comparison: Comparison) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """Yield each verdict, the most informative first: a sentence on its cells, and further lines."""
    cells = in_order(comparison.cells)
    for verdict in FIRST:
        own = cells[cells["verdict"].eq(verdict)]
        if own.empty:
            continue
        if verdict == CANNOT_TELL:
            first, *others = [
                f"{plural(count, 'cell')}: {reason}" for reason, count in count_reasons(comparison).items()
            ]
            yield verdict, first, tuple(others)
        else:
            yield verdict, _range(own, verdict, write_band(comparison)), ()


def _range(cells: pd.DataFrame, verdict: str, band: str) -> str:
    """Return the effect of one cell, or the range of several and the most extreme one."""
    first = cells.iloc[0]
    if len(cells) == 1:
        return f"{write_effect(first, 'x')}: {first['cell']}"
    ends = (f"{format_ratio(end)}x" for end in (cells["effect"].min(), cells["effect"].max()))
    if verdict == SAME:
        return f"{' to '.join(ends)}, and every interval lies within {band}"
    return f"{' to '.join(ends)}, most {write_effect(first, 'x')}: {first['cell']}"
