"""The pictures beside verdicts: what each candidate of a question measured."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from breakeven.analysis.pages.strips import Scale, Strip, Value, draw, write_ratio, write_time
from breakeven.analysis.verdicts.answer import Answer

KEY = (
    ("good", "the best, with its 95 % interval"),
    ("open", "may be as good or better"),
    ("other", "the others"),
)
"""What the tones stand for."""

_AROUND_ONE = (0.8, 1.25)
"""Ratios that are on the scale in any case."""


def draw_strips(answers: Sequence[Answer]) -> list[Strip | None]:
    """Return the picture of each answer, on one scale for all of a kind; None where nothing was measured."""
    scales = {kind: _scale_of(answers, round_trips=kind) for kind in (False, True)}
    return [_draw(answer, scales[answer.question.of_round_trips]) for answer in answers]


def _scale_of(answers: Iterable[Answer], *, round_trips: bool) -> Scale | None:
    asked = [answer for answer in answers if answer.question.of_round_trips == round_trips]
    drawn = [value for answer in asked for _, value in _marks(answer)]
    return Scale.of(drawn, () if round_trips else _AROUND_ONE)


def _draw(answer: Answer, scale: Scale | None) -> Strip | None:
    if scale is None:
        return None
    of_times = answer.question.of_round_trips
    return draw(_marks(answer), scale, write_time if of_times else write_ratio, one=not of_times)


def _marks(answer: Answer) -> list[tuple[str, Value]]:
    """Return the tone and the estimate of each candidate, with the interval of those that may be the best."""
    ends = answer.question.cells[[f"{answer.measure}{end}" for end in ("", "_low", "_high")]]
    rows = ends.astype("float64").itertuples(index=False, name=None)
    marks = [(_tone(answer, number), Value(*row)) for number, row in enumerate(rows)]
    return [
        (tone, value if tone != "other" else Value(value.value, value.value, value.value))
        for tone, value in marks
    ]


def _tone(answer: Answer, number: int) -> str:
    if number == answer.ranking.best:
        return "good"
    return "open" if number in answer.ranking.open else "other"
