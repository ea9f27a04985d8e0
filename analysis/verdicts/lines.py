"""Lines of speedups: the cells of one mechanism along the task lengths, or the input sizes, of a sweep."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from breakeven.analysis.frames.lengths import NEEDED, lengths_of_tasks
from breakeven.analysis.frames.rows import Row
from breakeven.analysis.verdicts.payoff import Payoff, find_payoff
from breakeven.analysis.verdicts.question import MECHANISM, Question, plain
from breakeven.analysis.verdicts.ranking import Sample

AXES = ("task_ns", "payload_asked_bytes")
"""Along what mechanisms may start or cease to pay; the first that a sweep has is named first."""


@dataclass(frozen=True)
class Line:
    """What one mechanism shows along an ``axis``: its ``cells`` in the order of their ``places`` there."""

    axis: str
    cells: tuple[str, ...]
    places: tuple[float, ...]
    payoff: Payoff


def find_lines(asked: Sequence[Question], samples: Mapping[str, Sample]) -> Iterator[Line]:
    """Yield the lines of a sweep's questions with two places or more; ``samples`` are the values of their cells."""
    compared = _compared([question for question in asked if not question.of_round_trips])
    for axis in AXES:
        groups: dict[Hashable, list[tuple[float, str]]] = defaultdict(list)
        for one in compared:
            for number, cell in enumerate(one.question.ids):
                place = one.lengths[number] if axis == "task_ns" else one.question.keys[axis]
                if pd.notna(place):
                    groups[_key(one.question, one.mechanisms[number], axis)].append((float(place), cell))
        for points in groups.values():
            if len({place for place, _ in points}) > 1:
                yield _line(axis, sorted(points), samples)


@dataclass(frozen=True)
class _Compared:
    """A question with the length of a task and the mechanism of each of its cells, which no axis changes."""

    question: Question
    lengths: list[float]
    mechanisms: list[Hashable]


def _compared(asked: Sequence[Question]) -> list[_Compared]:
    """Read the cells of the questions, the lengths of all of them at once."""
    if not asked:
        return []
    rows = [
        {name: cell[name] for name in NEEDED} | {"_of": number}
        for number, question in enumerate(asked)
        for cell in question.candidates
    ]
    lengths = lengths_of_tasks(pd.DataFrame(rows, columns=[*NEEDED, "_of"]), ["_of"]).to_numpy()
    ends = np.cumsum([len(question.ids) for question in asked])
    return [
        _Compared(question, part.tolist(), _mechanisms(question.candidates))
        for question, part in zip(asked, np.split(lengths, ends[:-1]), strict=True)
    ]


def _mechanisms(cells: Sequence[Row]) -> list[Hashable]:
    return [tuple(plain(cell[name]) for name in MECHANISM) for cell in cells]


def _line(axis: str, points: Sequence[tuple[float, str]], samples: Mapping[str, Sample]) -> Line:
    places, cells = tuple(place for place, _ in points), tuple(cell for _, cell in points)
    return Line(axis, cells, places, find_payoff(places, [samples[cell] for cell in cells]))


def _key(question: Question, mechanism: Hashable, axis: str) -> Hashable:
    """Return what the cells of a line share: everything but ``axis``, and a payload back that is as large."""
    keys = {name: value for name, value in question.keys.items() if name != axis}
    if (
        axis == "payload_asked_bytes"
        and keys["payload_out_asked_bytes"] == question.keys["payload_asked_bytes"]
    ):
        del keys["payload_out_asked_bytes"]
    return (tuple(keys.items()), mechanism)
