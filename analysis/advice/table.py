"""The candidates of a race as a table: speedup, runs and name, the fastest first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from breakeven.analysis.advice.advice import Advice, Choice
from breakeven.analysis.units import format_ratio
from breakeven.base.wrapping import wrap
from breakeven.search.race import EQUAL, FAILED, LEADER, OPEN, WORSE

_ROWS = 8
"""The most candidates that are shown, unless all are asked for."""
_LEAST = 20
"""Columns that a name needs beside its numbers; if there are fewer, it goes below them."""
_MORE = {
    LEADER: ("is the choice", "are the choice"),
    EQUAL: ("is as good", "are as good"),
    OPEN: ("is not decided", "are not decided"),
    WORSE: ("is slower", "are slower"),
    FAILED: ("failed", "failed"),
}
"""What is said of one candidate or several that are not shown, by how they stand."""


def table_lines(advice: Advice, width: int, *, in_full: bool) -> Iterator[str]:
    """Yield the best candidates, or all, in lines of at most ``width`` columns, and how the others stand."""
    ranked = sorted(
        (choice for choice in advice.choices if choice.standing.runs),
        key=lambda choice: -choice.standing.speedup,
    )
    shown = ranked if in_full else _first(ranked)
    rows = [("speedup [95 %]", "runs", "candidate"), *map(_row, shown)]
    first, second = (max(len(row[place]) for row in rows) for place in (0, 1))
    for value, runs, name in rows:
        yield from _lines(f"{value.ljust(first)}  {runs.rjust(second)}  ", name, width)
    rest = Counter(choice.standing.word for choice in ranked if choice not in shown)
    if rest:
        yield from wrap(_say_rest(rest), width, "  ")


def _first(ranked: Sequence[Choice]) -> Sequence[Choice]:
    """Return the fastest candidates, among them the leader: faster ones may have failed."""
    first, others = ranked[:_ROWS], ranked[_ROWS:]
    leader = next((choice for choice in others if choice.standing.word == LEADER), None)
    return first if leader is None else [*first[:-1], leader]


def _row(choice: Choice) -> tuple[str, str, str]:
    runs, failed = choice.standing.runs, len(choice.failures)
    out = f" (struck out: {failed} of {runs + failed} runs failed)" if choice.is_struck_out else ""
    return value_of(choice), str(runs), f"{choice.name}{out}"


def _lines(lead: str, name: str, width: int) -> list[str]:
    """Return a row, whose ``name`` goes on below itself; it goes below the numbers if there is no room beside them."""
    room = width - len(lead)
    if room < _LEAST:
        return [*wrap(lead, width), *(f"  {part}" for part in wrap(name, width - 2))]
    first, *others = wrap(name, room)
    return [lead + first, *(" " * len(lead) + part for part in others)]


def _say_rest(rest: Counter[str]) -> str:
    parts = [f"{rest[word]} {_MORE[word][rest[word] > 1]}" for word in _MORE if rest[word]]
    number, _, said = parts[0].partition(" ")
    return ", ".join([f"{number} more {said}", *parts[1:]])


def value_of(choice: Choice) -> str:
    """Return a speedup with its interval, such as ``1.86x [1.80, 1.93]``."""
    standing = choice.standing
    if standing.low == standing.high:
        return f"{format_ratio(standing.speedup)}x"
    low, high = map(format_ratio, (standing.low, standing.high))
    return f"{format_ratio(standing.speedup)}x [{low}, {high}]"
