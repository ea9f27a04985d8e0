"""Small pictures beside verdicts: what each candidate of a question measured, on one scale for all questions of a kind."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from breakeven.analysis.units import format_time, trim_zeros
from breakeven.analysis.verdicts.answer import Answer

_MARGIN = 3.0
"""Per cent of the width at both ends, where nothing is drawn."""

_RATIOS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 4, 8, 16, 32, 64, 128)
_MOST_TICKS = 4


@dataclass(frozen=True)
class Mark:
    """A candidate: its places are in per cent of the width; ``kind`` is best, open or other."""

    kind: str
    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Strip:
    """The marks of a question, the best last; ``one`` is the place of 1x, where there is one; ``ticks`` are places and labels."""

    marks: tuple[Mark, ...]
    one: float | None
    ticks: tuple[tuple[float, str], ...]


@dataclass(frozen=True)
class _Scale:
    low: float
    high: float

    def place(self, value: float) -> float:
        share = math.log(value / self.low) / math.log(self.high / self.low)
        return round(_MARGIN + (100 - 2 * _MARGIN) * min(max(share, 0.0), 1.0), 2)


def draw_strips(answers: Sequence[Answer]) -> list[Strip | None]:
    """Return the picture of each answer, None where nothing was measured."""
    scales = {kind: _scale_of(answers, round_trips=kind) for kind in (False, True)}
    return [_draw(answer, scales[answer.question.of_round_trips]) for answer in answers]


def _values(answer: Answer) -> list[tuple[float, float, float]]:
    """Return the estimate and interval of each candidate; without an interval its ends are the estimate."""
    ends = answer.question.cells[[f"{answer.measure}{end}" for end in ("", "_low", "_high")]].astype(
        "float64"
    )
    rows = ends.apply(lambda row: row.fillna(row.iloc[0]), axis=1).to_numpy() if len(ends) else []
    return [(float(value), float(low), float(high)) for value, low, high in rows]


def _scale_of(answers: Iterable[Answer], *, round_trips: bool) -> _Scale | None:
    asked = [answer for answer in answers if answer.question.of_round_trips == round_trips]
    drawn = [value for answer in asked for value in _drawn(answer)]
    if not drawn:
        return None
    low, high = min(drawn), max(drawn)
    if not round_trips:
        low, high = min(low, 0.8), max(high, 1.25)
    return _Scale(low, high) if low < high else _Scale(low / 1.1, high * 1.1)


def _drawn(answer: Answer) -> Iterable[float]:
    """Yield the ends of the intervals that are drawn, and the estimates of the others."""
    for number, values in enumerate(_values(answer)):
        shown = values if _kind(answer, number) != "other" else values[:1]
        yield from (value for value in shown if math.isfinite(value) and value > 0)


def _kind(answer: Answer, number: int) -> str:
    if number == answer.ranking.best:
        return "best"
    return "open" if number in answer.ranking.open else "other"


def _draw(answer: Answer, scale: _Scale | None) -> Strip | None:
    if scale is None:
        return None
    marks = [
        Mark(_kind(answer, number), *map(scale.place, values))
        for number, values in enumerate(_values(answer))
        if all(math.isfinite(value) and value > 0 for value in values)
    ]
    of_times = answer.question.of_round_trips
    order = ("other", "open", "best")
    ordered = tuple(sorted(marks, key=lambda mark: order.index(mark.kind)))
    return Strip(ordered, None if of_times else scale.place(1.0), _ticks(scale, of_times=of_times))


def _ticks(scale: _Scale, *, of_times: bool) -> tuple[tuple[float, str], ...]:
    if of_times:
        powers = range(math.ceil(math.log10(scale.low)), math.floor(math.log10(scale.high)) + 1)
        return tuple((scale.place(10.0**power), trim_zeros(format_time(10.0**power))) for power in powers)
    ticks = [ratio for ratio in _RATIOS if scale.low <= ratio <= scale.high]
    while len(ticks) > _MOST_TICKS and 1 in ticks:
        ticks = ticks[ticks.index(1) % 2 :: 2]
    return tuple((scale.place(ratio), f"{ratio:g}x") for ratio in ticks)
