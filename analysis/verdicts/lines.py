"""Lines of speedups: the cells of one mechanism along the task lengths, or the input sizes, of a sweep."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from breakeven.analysis.frames.lengths import lengths_of_tasks
from breakeven.analysis.verdicts.payoff import Payoff, find_payoff
from breakeven.analysis.verdicts.question import MECHANISM, Question
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
    for axis in AXES:
        groups: dict[Hashable, list[tuple[float, str]]] = defaultdict(list)
        for question in asked:
            if question.of_round_trips:
                continue
            lengths = lengths_of_tasks(question.cells)
            for number, (_, cell) in enumerate(question.cells.iterrows()):
                place = lengths.iloc[number] if axis == "task_ns" else question.keys[axis]
                if pd.notna(place):
                    groups[_key(question, cell, axis)].append((float(place), str(cell.name)))
        for points in groups.values():
            if len({place for place, _ in points}) > 1:
                yield _line(axis, sorted(points), samples)


def _line(axis: str, points: Sequence[tuple[float, str]], samples: Mapping[str, Sample]) -> Line:
    places, cells = tuple(place for place, _ in points), tuple(cell for _, cell in points)
    return Line(axis, cells, places, find_payoff(places, [samples[cell] for cell in cells]))


def _key(question: Question, cell: pd.Series[Any], axis: str) -> Hashable:
    """Return what the cells of a line share: everything but ``axis``, and a payload back that is as large."""
    keys = {name: value for name, value in question.keys.items() if name != axis}
    if (
        axis == "payload_asked_bytes"
        and keys["payload_out_asked_bytes"] == question.keys["payload_asked_bytes"]
    ):
        del keys["payload_out_asked_bytes"]
    mechanism = tuple(None if pd.isna(cell[name]) else cell[name] for name in MECHANISM)
    return (tuple(keys.items()), mechanism)
