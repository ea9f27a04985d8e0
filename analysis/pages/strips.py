"""Small pictures beside words.

What was measured, each with its interval, on one scale for all that are to be compared.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from breakeven.analysis.units import format_time, trim_zeros

_MARGIN = 3.0
"""Per cent of the width at both ends, where nothing is drawn."""

_REACH = 2.0
"""How many times beyond all estimates a logarithmic scale follows their intervals; what is farther out ends in an
arrow."""

_STEPS = ((1.0,), (1.0, 3.0), (1.0, 2.0, 5.0), (1.0, 1.5, 2.0, 3.0, 5.0, 7.0))
_NARROW = 3.0
"""Ends of a logarithmic scale that are no farther apart have ticks at equal distances."""

_FEWEST_TICKS, _MOST_TICKS = 3, 5

TONES = ("other", "even", "open", "bad", "good")
"""What a mark is: the last ones are drawn above the others; ``other`` has no interval."""

Write = Callable[[float], str]


class Value(NamedTuple):
    """An estimate and the ends of its interval; without one they are the estimate, or not finite."""

    value: float
    low: float
    high: float


class Mark(NamedTuple):
    """A value in its tone: places are in per cent of the width; an end that lies beyond the picture is an arrow."""

    tone: str
    value: float
    low: float
    high: float
    below: bool = False
    above: bool = False


@dataclass(frozen=True)
class Strip:
    """Marks, the most important last; ``one`` is the place of 1x, where there is one; ``ticks`` are places and labels.

    ``band`` is a range that means something, as a place and a width.
    """

    marks: tuple[Mark, ...]
    one: float | None
    ticks: tuple[tuple[float, str], ...]
    band: tuple[float, float] | None = None


@dataclass(frozen=True)
class Scale:
    """What the width of a strip stands for."""

    low: float
    high: float
    logarithmic: bool = True

    @classmethod
    def of(
        cls, values: Iterable[Value], include: Sequence[float] = (), *, logarithmic: bool = True
    ) -> Scale | None:
        """Return a scale for ``values`` and what it is to ``include`` besides; None if there is nothing to draw."""
        drawn = [value for value in values if _can_draw(value.value, logarithmic=logarithmic)]
        if not drawn:
            return None
        known = [*(value.value for value in drawn), *filter(math.isfinite, include)]
        low, high = min(known), max(known)
        ends = [end for value in drawn for end in value[1:] if _can_draw(end, logarithmic=logarithmic)]
        if logarithmic:
            ends = [min(max(end, low / _REACH), high * _REACH) for end in ends]
        low, high = min([low, *ends]), max([high, *ends])
        if low < high:
            return cls(low, high, logarithmic)
        return cls(low / 1.1, high * 1.1) if logarithmic else cls(low - 1, high + 1, logarithmic=False)

    def place(self, value: float) -> float:
        """Return the place of ``value`` in per cent of the width, that of an end if it lies beyond."""
        inside = min(max(value, self.low), self.high)
        if self.logarithmic:
            share = math.log(inside / self.low) / math.log(self.high / self.low)
        else:
            share = (inside - self.low) / (self.high - self.low)
        return round(_MARGIN + (100 - 2 * _MARGIN) * share, 2)

    def ticks(self, write: Write) -> tuple[tuple[float, str], ...]:
        """Return the places and labels of a few round values."""
        return tuple((self.place(value), write(value)) for value in self._round_values())

    def _round_values(self) -> list[float]:
        if not self.logarithmic or self.high / self.low < _NARROW:
            return self._at_equal_distances()
        found = [self._at_powers(steps) for steps in _STEPS]
        return next((values for values in found if len(values) >= _FEWEST_TICKS), found[-1])[
            :: self._every(found)
        ]

    def _every(self, found: Sequence[Sequence[float]]) -> int:
        """Return at every how many powers of ten there is a tick."""
        return -(-len(found[0]) // _MOST_TICKS) or 1

    def _at_powers(self, steps: Sequence[float]) -> list[float]:
        first, last = math.floor(math.log10(self.low)), math.ceil(math.log10(self.high))
        values = [float(f"{step}e{power}") for power in range(first, last + 1) for step in steps]
        return [value for value in values if self.low <= value <= self.high]

    def _at_equal_distances(self) -> list[float]:
        rough = (self.high - self.low) / _MOST_TICKS
        power = math.floor(math.log10(rough))
        step = next(step for step in (1, 2, 5, 10) if float(f"{step}e{power}") >= rough)
        numbers = range(
            math.ceil(self.low / float(f"{step}e{power}")),
            math.floor(self.high / float(f"{step}e{power}")) + 1,
        )
        return [float(f"{number * step}e{power}") for number in numbers]


def draw(
    values: Iterable[tuple[str, Value]],
    scale: Scale,
    write: Write,
    *,
    one: bool = False,
    band: tuple[float, float] | None = None,
) -> Strip:
    """Return the picture of ``values``, each behind its tone.

    ``one`` marks 1x, ``band`` a range of which an end may be infinite.
    """
    marks = [
        _mark(tone, value, scale)
        for tone, value in values
        if _can_draw(value.value, logarithmic=scale.logarithmic)
    ]
    ordered = tuple(sorted(marks, key=lambda mark: TONES.index(mark.tone)))
    return Strip(
        ordered,
        scale.place(1.0) if one and scale.low <= 1 <= scale.high else None,
        scale.ticks(write),
        None if band is None else _band(band, scale),
    )


def _can_draw(value: float, *, logarithmic: bool) -> bool:
    return math.isfinite(value) and (value > 0 or not logarithmic)


def _mark(tone: str, value: Value, scale: Scale) -> Mark:
    low, high = (value.value if math.isnan(end) else end for end in value[1:])
    value_at, low_at, high_at = map(scale.place, (value.value, low, high))
    return Mark(tone, value_at, low_at, high_at, below=low < scale.low, above=high > scale.high)


def _band(ends: tuple[float, float], scale: Scale) -> tuple[float, float]:
    low, high = ends
    first = 0.0 if low < scale.low else scale.place(low)
    last = 100.0 if high > scale.high else scale.place(high)
    return first, round(last - first, 2)


def write_ratio(ratio: float) -> str:
    """Return the label of a ratio."""
    return f"{ratio:g}x"


def write_time(nanoseconds: float) -> str:
    """Return the label of a time."""
    return trim_zeros(format_time(nanoseconds))
